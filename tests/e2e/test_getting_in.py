"""Who one is: `whoami`, on the server's machine, by a variable, an option and a profile."""

import json
from typing import Any

from e2e.terminal import Terminal
from harness import Server


def told(terminal: Terminal, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terminal.do("whoami", "--json", *words))
    return found


def test_the_owner_is_told_who_they_are_and_where_the_key_is_from(
    terminal: Terminal, server: Server
) -> None:
    found = told(terminal)

    assert (found["kind"], found["role"], found["url"]) == ("api_key", "Owner", server.http)
    assert found["key_from"] == found["server"] == f"the server of {server.data_dir}"
    assert found["expires_at"] is None
    page = terminal.do("whoami")
    assert f"id\t{found['id']}\n" in page
    assert "expires\tnever\n" in page or "expires\t\n" in page


def test_a_key_with_few_rights_is_told_them_and_its_source(
    terminal: Terminal, stranger: Terminal, server: Server
) -> None:
    terminal.do("role", "create", "flask-app", "--allow", "read:default-cache/user/*")
    key = terminal.do("key", "create", "--role", "flask-app", "-d", "shop", "--ttl", "1h").strip()
    stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key}

    found = told(stranger)

    assert (found["role"], found["allowed"]) == ("flask-app", ["read:default-cache/user/*"])
    assert (found["key_from"], found["description"]) == ("ATTIMO_TOKEN", "shop")
    assert found["made_by_key_id"] == told(terminal)["id"]
    assert "allowed\tread:default-cache/user/*\n" in stranger.do("whoami")
    assert told(stranger, "--api-key", key)["key_from"] == "--api-key"

    refused = stranger.type("cache", "create", "new")
    assert refused.status == 3
    assert refused.error == (
        f"attimo: Insufficient permissions: key {found['id'][:8]}… (role flask-app) lacks "
        "caches:write on cache `new`; it has read:default-cache/user/*\n"
    )


def test_a_profile_is_named(stranger: Terminal, server: Server) -> None:
    stranger.do("profile", "add", "there", "--url", server.http, "--api-key", server.api_key)

    found = told(stranger, "--profile", "there")

    assert found["key_from"] == found["server"] == "profile 'there'"


def test_an_invalid_key_is_told_so(terminal: Terminal) -> None:
    refused = terminal.type("whoami", "--api-key", "nonsense")

    assert (refused.status, refused.error.startswith("attimo: invalid token")) == (3, True)
