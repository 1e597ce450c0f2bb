"""A stranger's way to an account, and a guest's, on a real server."""

import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.terminal import Terminal
from faults.watching import says
from harness import Server
from mailbox_server import Mailbox, mailbox_server

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with mailbox_server() as box:
        yield box


def token_in(text: str) -> str:
    """The token that an e-mail says."""
    found = re.search(r'"token": "([^"]+)"', text.replace("=\n", ""))
    assert found, text
    return found[1]


def test_a_stranger_writes_a_first_value_after_one_request(stranger: Terminal) -> None:
    with Server("--signup", "open") as server:
        asked = {"email": "ann@example.com", "password": PASSWORD}
        made = httpx.post(f"{server.http}/signup", json=asked).json()
        stranger.variables |= {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": made["api_key"]}

        stranger.do("set", "greeting", "hello", "--cache", made["cache"])

        assert stranger.do("get", "greeting", "--cache", made["cache"]) == "hello"
        assert made["endpoint"] == server.endpoint
        assert stranger.do("member", "list").startswith("ann@example.com\tOwner")
        assert PASSWORD not in server.output
        assert made["api_key"] not in server.output


def test_a_guest_comes_by_the_invitation_in_the_mail(stranger: Terminal, mailbox: Mailbox) -> None:
    with Server("--smtp", f"smtp://127.0.0.1:{mailbox.port}") as server:
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        owner.do("member", "invite", "Bob@example.com", "--role", "operator")
        assert "To: bob@example.com" in mailbox.next()
        with httpx.Client(base_url=server.http) as bob:
            joined = accept(bob, token_in(mailbox.letter))
            assert bob.get("/caches").json()["caches"][0]["name"] == "default-cache"
            assert bob.put("/caches/bobs").status_code == 403
            headers = {"x-csrf-token": joined["csrf_token"]}
            assert bob.put("/caches/bobs", headers=headers).status_code == 201

            owner.do("member", "role", "bob@example.com", "viewer")
            assert bob.put("/caches/more", headers=headers).status_code == 403
            owner.do("member", "remove", "bob@example.com")
            assert bob.get("/caches").status_code == 401
        trail = json.loads(owner.do("audit", "--action", "member", "--json"))["items"]
        assert [each["action"] for each in trail] == [
            "member.remove",
            "member.role",
            "member.join",
        ]


def test_without_a_server_for_mail_the_operator_finds_it_in_the_data_directory(
    stranger: Terminal,
) -> None:
    with Server() as server:
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        owner.do("member", "invite", "bob@example.com")
        assert "bob@example.com\tViewer\tinvited" in owner.do("member", "list")
        with tls(server.ca) as bob:
            bob.base_url = httpx.URL(server.https)
            (letter,) = (server.data_dir / "mail").iterdir()
            token = token_in(letter.read_text())
            assert stat.S_IMODE(letter.stat().st_mode) == 0o600
            assert token not in server.output
            says(server, str(letter))
            answer = bob.post("/invitations/accept", json={"token": token, "password": PASSWORD})
            assert "__Host-attimo_session" in answer.headers["set-cookie"]
            assert "Secure" in answer.headers["set-cookie"]
            assert bob.get("/session").json()["email"] == "bob@example.com"
        refused = httpx.post(f"{server.http}/signup", json={"email": "e@x.de", "password": "x"})
        assert refused.status_code == 403


def test_who_is_demoted_or_removed_leaves_no_key_and_the_terminal_says_which(
    stranger: Terminal,
) -> None:
    with Server() as server:
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        owner.do("member", "invite", "bob@example.com", "--role", "operator")
        (letter,) = (server.data_dir / "mail").iterdir()
        with httpx.Client(base_url=server.http) as bob:
            joined = accept(bob, token_in(letter.read_text()))
            bob.headers["x-csrf-token"] = joined["csrf_token"]
            first, second = (made_by(bob, role) for role in ("operator", "viewer"))
        assert f"{first}\tOperator\tfor operator\tbob@example.com" in owner.do("key", "list")

        kept = owner.type("member", "role", "bob@example.com", "viewer", "--keep-keys").error
        demoted = owner.type("member", "role", "bob@example.com", "viewer").error
        removed = owner.type("member", "remove", "bob@example.com").error

        assert kept == "bob@example.com has the role 'Viewer' now.\n"
        assert f"\nRevoked the API key {first} (for operator).\n" in demoted
        assert f"\nRevoked the API key {second} (for viewer).\n" in removed
        assert "bob@example.com" not in owner.do("key", "list")


def made_by(member: httpx.Client, role: str) -> str:
    asked = {"role_id": role, "description": f"for {role}"}
    made = member.post("/api-keys", json=asked)
    assert made.status_code == 200, made.text
    return str(made.json()["key_info"]["key_id"])


def tls(authority: Path) -> httpx.Client:
    import ssl

    return httpx.Client(verify=ssl.create_default_context(cafile=str(authority)))


def accept(client: httpx.Client, token: str) -> dict[str, Any]:
    asked = {"token": token, "password": PASSWORD}
    answer = client.post("/invitations/accept", json=asked)
    assert answer.status_code == 200, answer.text
    joined: dict[str, Any] = answer.json()
    return joined


def test_who_is_invited_only_is_told_apart_from_a_stranger(terminal: Terminal) -> None:
    invited = terminal.type("member", "invite", "guest@example.com")

    early = terminal.type("member", "role", "Guest@example.com", "operator")
    never = terminal.type("member", "role", "nobody@example.com", "operator")

    assert "Invited guest@example.com to join the account as Viewer." in invited.error
    assert (early.status, "They are invited only" in early.error) == (4, True)
    assert (never.status, "invited" in never.error) == (4, False)
    terminal.do("member", "remove", "guest@example.com", "--yes")
