"""A person's way to a server elsewhere: keys and profiles."""

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from e2e.terminal import Terminal
from harness import Server


def test_a_key_from_its_creation_to_its_end(terminal: Terminal) -> None:
    made = json.loads(terminal.do("key", "create", "-d", "shop", "--expires-in", "1h", "--json"))
    key_id = made["key_id"]
    assert key_id in terminal.do("key", "list")
    assert made["api_key"] not in terminal.do("key", "list", "--json")

    terminal.do("key", "revoke", key_id)

    assert key_id not in terminal.do("key", "list")
    again = terminal.type("key", "revoke", key_id)
    assert again.status == 4
    assert key_id in again.error


def test_a_new_key_opens_the_server_until_it_is_revoked(
    terminal: Terminal, stranger: Terminal, server: Server
) -> None:
    key = terminal.do("key", "create").strip()
    stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key}
    stranger.do("cache", "list")

    (info,) = [
        each
        for each in json.loads(terminal.do("key", "list", "--json"))["items"]
        if each["key_id"] in _claims(key)
    ]
    terminal.do("key", "revoke", info["key_id"])

    refused = stranger.type("cache", "list")
    assert refused.status == 3
    assert refused.error.count("\n") == 1


@pytest.mark.parametrize("address", ["http", "https"])
def test_a_server_elsewhere_by_a_profile(stranger: Terminal, server: Server, address: str) -> None:
    url = {"http": server.http, "https": server.https}[address]
    stranger.do(
        "profile", "add", "there", "--url", url, "--api-key", server.api_key, "--ca", str(server.ca)
    )
    assert stranger.do("profile", "list") == f"there\t{url}\t\n"

    stranger.do("set", "--profile", "there", "k", address)
    stranger.variables["ATTIMO_PROFILE"] = "there"
    assert stranger.do("get", "k") == address

    stranger.do("profile", "remove", "there")
    assert "no profile 'there'" in stranger.type("cache", "list").error


def test_a_certificate_that_is_not_trusted_is_one_plain_line(
    stranger: Terminal, server: Server
) -> None:
    answer = stranger.type("cache", "list", "--url", server.https, "--api-key", server.api_key)

    assert answer.status == 5
    assert "its issuer is not trusted here. Pass the server's root" in answer.error
    assert answer.error.count("\n") == 1


def test_nobody_at_the_address_is_one_plain_line(stranger: Terminal) -> None:
    answer = stranger.type("cache", "list", "--url", "http://127.0.0.1:1", "--api-key", "key")

    assert answer.status == 5
    assert answer.error.startswith("attimo: Cannot reach http://127.0.0.1:1")
    assert answer.error.count("\n") == 1


def test_keys_are_in_no_listing_and_in_no_error(stranger: Terminal, server: Server) -> None:
    stranger.do("profile", "add", "p", "--url", "http://127.0.0.1:1", "--api-key", server.api_key)

    shown = (
        stranger.do("profile", "list", "--json")
        + stranger.type("cache", "list", "--profile", "p").error
    )

    assert server.api_key not in shown


def test_a_key_in_the_environment_is_used_on_the_servers_own_machine(terminal: Terminal) -> None:
    terminal.do("cache", "create", "production")
    terminal.do("role", "create", "looker", "--allow", "read:*")
    key = terminal.do("key", "create", "--role", "looker").strip()
    for status, said in ((3, {"ATTIMO_TOKEN": key}), (2, {"ATTIMO_TOKEN": ""})):
        bearer = Terminal(terminal.home, terminal.variables | said)
        for words in (["cache", "delete"], ["cache", "flush"]):
            answer = bearer.type(*words, "production")
            assert (answer.status, answer.error.count("\n")) == (status, 1), answer
    for status, words in ((3, ["--api-key", key]), (2, ["--api-key", ""])):
        assert terminal.type("cache", "delete", "production", *words).status == status

    assert "production" in terminal.do("cache", "list")
    terminal.do("cache", "delete", "production")


def test_env_tells_of_the_owner_and_the_shell_then_acts_as_the_owner(
    terminal: Terminal, server: Server
) -> None:
    terminal.variables["ATTIMO_TOKEN"] = server.api_key

    assert server.api_key in terminal.do("env")
    terminal.do("cache", "list")
    assert "is not sent to" in terminal.type("cache", "list", "--url", "http://127.0.0.2:1").error


def test_a_redirect_takes_no_key_elsewhere(stranger: Terminal) -> None:
    with answering(307, {"Location": "http://127.0.0.1:1/x"}) as (url, asked):
        answer = stranger.type("cache", "list", "--url", url, "--api-key", "key")

    assert answer.status == 6
    assert answer.error == (
        "attimo: The server redirects to http://127.0.0.1:1/x. "
        "If that is the right server, pass it with --url\n"
    )
    assert len(asked) == 1


def test_a_new_profile_holds_no_key_of_this_machines_server(
    terminal: Terminal, server: Server
) -> None:
    terminal.variables["ATTIMO_TOKEN"] = server.api_key

    with answering(200, {}) as (url, asked):
        answer = terminal.type("profile", "add", "there", "--url", url)
        assert (answer.status, answer.error.count("\n")) == (2, 1), answer
        assert terminal.type("cache", "list", "--profile", "there").status == 4

    assert asked == []
    assert server.api_key not in answer.error


def _claims(token: str) -> str:
    """The second part of a JWT, readable."""
    part = token.split(".")[1]
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)).decode()


@contextmanager
def answering(status: int, headers: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """A server of somebody else's, which notes the keys that it is shown."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers.get("authorization", ""))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


def test_who_has_a_key_that_expires_is_told_how_long_another_can_live(terminal: Terminal) -> None:
    key = terminal.do("key", "create", "--ttl", "91d").strip()
    terminal.variables["ATTIMO_TOKEN"] = key

    refused = terminal.type("key", "create", "--ttl", "120d")
    assert refused.status == 3
    assert "Yours expires in 90d: pass --ttl 90d or less" in refused.error
    denied = terminal.do("key", "create", "--ttl", "90d", "--role", "viewer").strip()
    terminal.variables["ATTIMO_TOKEN"] = denied
    assert "Yours" not in terminal.type("key", "create", "--ttl", "1d").error


def test_without_a_ttl_a_key_lives_as_long_as_the_one_that_creates_it(terminal: Terminal) -> None:
    made = json.loads(terminal.do("key", "create", "--ttl", "90d", "--json"))
    own_end = made["expires_at"]

    unlimited = terminal.type("key", "create", "--json")
    limited = terminal.type("key", "create", "--json", "--api-key", made["api_key"])

    assert (json.loads(unlimited.printed)["expires_at"], unlimited.error) == (None, "")
    assert json.loads(limited.printed)["expires_at"] == own_end
    assert limited.error == f"The new key expires with your key, on {own_end[:10]}.\n"


def test_env_points_a_shell_at_the_server_of_a_profile(stranger: Terminal, server: Server) -> None:
    for name, url in (("there", server.https), ("plain", server.http)):
        words = ("--url", url, "--api-key", server.api_key, "--ca", str(server.ca))
        stranger.do("profile", "add", name, *words)
    stranger.variables["ATTIMO_PROFILE"] = "plain"

    there = json.loads(stranger.do("env", "--profile", "there", "--json"))
    plain = json.loads(stranger.do("env", "--json"))

    assert plain == {"MOMENTO_API_KEY": server.api_key, "ATTIMO_TOKEN": server.api_key}
    assert there == plain | {
        "MOMENTO_ENDPOINT": server.endpoint,
        "MOMENTO_AUTH_TOKEN": server.v1_token,
        "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH": str(server.ca),
    }
    both = stranger.type("env", "--profile", "there", "--data-dir", str(server.data_dir))
    assert (both.status, "only one of" in both.error) == (2, True)


def test_a_profile_that_was_damaged_by_hand_is_one_plain_line(stranger: Terminal) -> None:
    stranger.do("profile", "add", "there", "--url", "http://127.0.0.1:1", "--api-key", "k")
    (file,) = stranger.home.rglob("profiles.toml")
    sound, wrong = file.read_text(), {}
    for before, after in (
        ("http://127.0.0.1:1", "http://[::1"),
        ("http://127.0.0.1:1", "http://127.0.0.1:99999"),
        ("http://127.0.0.1:1", "ftp://127.0.0.1"),
        ("http://127.0.0.1:1", "https://a:b@c.example"),
        ("http://127.0.0.1:1", r"http://a\nb"),
        ("http://127.0.0.1:1", ""),
        ('"k"', r'"a\nb"'),
        ('"k"', '""'),
        ('"k"', "1"),
        ('"k"', '"k'),
        ('["there"]', "[there"),
    ):
        file.write_text(sound.replace(before, after))
        for words in ("env", "get k", "whoami", "top --once", "console"):
            answer = stranger.type(*words.split(), "--profile", "there")
            if (
                answer.status != 2
                or not answer.error.startswith("attimo: ")
                or (answer.error.count("\n") != 1)
            ):
                wrong[words, after] = answer.status, answer.error
    assert wrong == {}
