"""A person's way to a server elsewhere: keys and profiles."""

import base64
import json

import pytest

from e2e.terminal import Terminal
from harness import Server


def test_a_key_from_its_creation_to_its_end(terminal: Terminal) -> None:
    made = json.loads(terminal.do("key", "create", "-d", "shop", "--expires-in", "1h", "--json"))
    key_id = made["key_info"]["key_id"]
    assert key_id in terminal.do("key", "list")
    assert made["api_key"] not in terminal.do("key", "list", "--json")

    terminal.do("key", "revoke", key_id)

    assert key_id not in terminal.do("key", "list")
    again = terminal.type("key", "revoke", key_id)
    assert again.status == 1
    assert key_id in again.error


def test_a_new_key_opens_the_server_until_it_is_revoked(
    terminal: Terminal, stranger: Terminal, server: Server
) -> None:
    key = terminal.do("key", "create").strip()
    stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key}
    stranger.do("cache", "list")

    (info,) = [
        each
        for each in json.loads(terminal.do("key", "list", "--json"))
        if each["key_id"] in _claims(key)
    ]
    terminal.do("key", "revoke", info["key_id"])

    refused = stranger.type("cache", "list")
    assert refused.status == 1
    assert refused.error.count("\n") == 1


@pytest.mark.parametrize("address", ["http", "https"])
def test_a_server_elsewhere_by_a_profile(stranger: Terminal, server: Server, address: str) -> None:
    url = {"http": server.http, "https": server.https}[address]
    stranger.do(
        "profile", "add", "there", "--url", url, "--api-key", server.api_key, "--ca", str(server.ca)
    )
    assert stranger.do("profile", "list") == f"there\t{url}\n"

    stranger.do("cache", "set", "--profile", "there", "k", address)
    stranger.variables["ATTIMO_PROFILE"] = "there"
    assert stranger.do("cache", "get", "k") == address

    stranger.do("profile", "remove", "there")
    assert "no profile 'there'" in stranger.type("cache", "list").error


def test_a_certificate_that_is_not_trusted_is_one_plain_line(
    stranger: Terminal, server: Server
) -> None:
    answer = stranger.type("cache", "list", "--url", server.https, "--api-key", server.api_key)

    assert answer.status == 1
    assert "certificate verify failed" in answer.error
    assert answer.error.count("\n") == 1


def test_nobody_at_the_address_is_one_plain_line(stranger: Terminal) -> None:
    answer = stranger.type("cache", "list", "--url", "http://127.0.0.1:1", "--api-key", "key")

    assert answer.status == 1
    assert answer.error.startswith("attimo: http://127.0.0.1:1 cannot be reached")
    assert answer.error.count("\n") == 1


def test_keys_are_in_no_listing_and_in_no_error(stranger: Terminal, server: Server) -> None:
    stranger.do("profile", "add", "p", "--url", "http://127.0.0.1:1", "--api-key", server.api_key)

    shown = (
        stranger.do("profile", "list", "--json")
        + stranger.type("cache", "list", "--profile", "p").error
    )

    assert server.api_key not in shown


def _claims(token: str) -> str:
    """The second part of a JWT, readable."""
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()
