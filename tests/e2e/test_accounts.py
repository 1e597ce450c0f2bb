"""Several teams on one server, from the operator's command line."""

import json
import os
import pty
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server, attimo, bare_environment

PASSWORD = "correct horse battery"  # noqa: S105


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server("--signup", "closed", "--collect-seconds", "0.2") as server:
        yield server


@pytest.fixture
def team(terminal: Terminal) -> Iterator[dict[str, Any]]:
    """An account with a key, and its name and id."""
    made = json.loads(terminal.do("account", "create", "team", "--json"))
    yield made
    terminal.type("account", "delete", str(made["account_id"]), "--yes")


def names(terminal: Terminal) -> list[str]:
    return [each["name"] for each in json.loads(terminal.do("account", "list", "--json"))["items"]]


def typed(terminal: Terminal, *words: str, answer: str) -> tuple[int, str]:
    """Run a command on a terminal and type an answer; its status, and all that it says."""
    mine, theirs = pty.openpty()
    done = subprocess.Popen(
        [*attimo(), *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=bare_environment() | {"HOME": str(terminal.home)} | terminal.variables,
    )
    os.close(theirs)
    os.write(mine, f"{answer}\n".encode())
    said = b""
    while chunk := _read(mine):
        said += chunk
    os.close(mine)
    return done.wait(), " ".join(said.decode().split())


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 4096)
    except OSError:  # the other side has closed it
        return b""


def test_an_account_is_created_used_renamed_and_deleted(terminal: Terminal, server: Server) -> None:
    key = terminal.do("account", "create", "team-a").strip()
    theirs = {"authorization": key}
    url = f"{server.http}/cache/default-cache?key=k&ttl_seconds=60"
    assert httpx.put(url, content=b"v", headers=theirs).status_code == 204

    renamed = terminal.type("account", "rename", "team-a", "squad")
    assert renamed.error.strip() == "The account 'team-a' is now 'squad'."
    assert names(terminal) == ["owner", "squad"]
    would = terminal.type("account", "delete", "squad", "--dry-run")
    assert would.error.startswith("Would have deleted the account 'squad' (id ")
    assert would.error.strip().endswith("with 1 cache, 1 API key and 0 members.")
    assert httpx.get(url, headers=theirs).content == b"v"
    done = terminal.type("account", "delete", "squad", "--yes")
    assert (done.status, done.error.startswith("Deleted the account 'squad'")) == (0, True)
    assert httpx.get(url, headers=theirs).status_code == 401
    assert names(terminal) == ["owner"]


def test_an_owner_is_invited_by_a_link_that_is_printed(terminal: Terminal, server: Server) -> None:
    answer = terminal.type("account", "create", "team-c", "--owner", "ann@example.com")
    link = answer.text.strip()

    assert answer.status == 0
    assert link.startswith(f"https://{server.endpoint}/invitations/accept#")
    assert "Invited ann@example.com to own the account" in answer.error
    asked = {"token": link.partition("#")[2], "password": PASSWORD}
    accepted = httpx.post(f"{server.http}/invitations/accept", json=asked)
    assert accepted.status_code == 200
    cookie = {"cookie": accepted.headers["set-cookie"].partition(";")[0]}
    members = httpx.get(f"{server.http}/members", headers=cookie).json()["members"]
    assert [(each["email"], each["role_id"]) for each in members] == [("ann@example.com", "owner")]
    again = terminal.type("account", "invite", "team-c", "bob@example.com")
    assert (again.status, "has an owner" in again.error) == (6, True)
    terminal.do("account", "delete", "team-c", "--yes")


def test_who_invites_a_member_is_told_the_link_and_what_to_do_with_it(
    terminal: Terminal, server: Server
) -> None:
    answer = terminal.type("member", "invite", "guest@example.com", "--role", "operator")
    told = json.loads(terminal.do("member", "invite", "guest@example.com", "--json"))

    assert answer.text.startswith(f"https://{server.endpoint}/invitations/accept#")
    assert "Invited guest@example.com to join the account" in answer.error
    assert "as secret as a password" in answer.error
    assert told["link"] == f"https://{server.endpoint}/invitations/accept#{told['token']}"
    assert (told["email"], told["role"]) == ("guest@example.com", "Viewer")
    assert told["link"] not in terminal.do("member", "list", "--json")
    terminal.do("member", "remove", "guest@example.com", "--yes")


def test_an_invitation_that_was_lost_is_replaced(terminal: Terminal, server: Server) -> None:
    lost = json.loads(
        terminal.do("account", "create", "team-d", "--owner", "ann@example.com", "--json")
    )

    made = json.loads(terminal.do("account", "invite", "team-d", "eve@example.com", "--json"))

    assert made["email"] == "eve@example.com"
    for link, status in ((lost["link"], 401), (made["link"], 200)):
        asked = {"token": link.partition("#")[2], "password": PASSWORD}
        assert httpx.post(f"{server.http}/invitations/accept", json=asked).status_code == status
    terminal.do("account", "delete", "team-d", "--yes")


def test_a_suspended_account_is_shown_as_such_and_its_command_line_told_so(
    terminal: Terminal, server: Server, team: dict[str, Any], tmp_path: Path
) -> None:
    theirs = Terminal(
        tmp_path / "theirs", {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": team["api_key"]}
    )
    theirs.do("set", "greeting", "hello")

    done = terminal.type("account", "suspend", "team")
    refused = theirs.type("get", "greeting")

    assert done.error.strip() == "Suspended the account 'team': its requests are refused."
    assert refused.status == 3
    assert "Account suspended" in refused.error
    (shown,) = [
        each
        for each in json.loads(terminal.do("account", "list", "--json"))["items"]
        if each["name"] == "team"
    ]
    assert (shown["status"], shown["suspended_at"] is None) == ("suspended", False)
    assert json.loads(terminal.do("account", "suspend", "team", "--json"))["status"] == "suspended"
    terminal.do("account", "resume", str(team["account_id"]))
    assert theirs.do("get", "greeting").strip() == "hello"


def test_the_name_is_typed_before_an_account_is_deleted(
    terminal: Terminal, team: dict[str, Any]
) -> None:
    words = ("account", "delete", str(team["account_id"]))

    unasked = terminal.type(*words)
    wrong = typed(terminal, *words, answer="y")
    assert (unasked.status, "pass --yes" in unasked.error) == (2, True)
    assert (wrong[0], "Not confirmed: nothing was changed" in wrong[1]) == (6, True)
    assert "with 1 cache, 1 API key and 0 members?" in wrong[1]
    assert names(terminal) == ["owner", "team"]
    status, said = typed(terminal, *words, answer="team")

    assert (status, "Deleted the account 'team'" in said) == (0, True)
    assert names(terminal) == ["owner"]


def test_usage_and_audit_are_told_by_account(
    terminal: Terminal, server: Server, team: dict[str, Any]
) -> None:
    headers = {"authorization": team["api_key"]}
    url = f"{server.http}/cache/default-cache?key=k&ttl_seconds=60"
    httpx.put(url, content=b"v", headers=headers).raise_for_status()

    def used() -> list[dict[str, Any]]:
        asked = ("usage", "--by", "account", "--account", "team", "--json")
        found: list[dict[str, Any]] = json.loads(terminal.do(*asked))["items"]
        return found

    eventually(lambda: used() != [], "the write is in the ledger")
    assert [(each["account"], each["requests"]) for each in used()] == [("team", 1)]
    every = json.loads(terminal.do("usage", "--by", "account", "--json"))["items"]
    assert "team" in {each["account"] for each in every}
    own = json.loads(terminal.do("usage", "--json"))["items"]
    assert own == []
    entries = json.loads(
        terminal.do("audit", "--account", "team", "--action", "account", "--json")
    )["items"]
    assert [(each["account"], each["action"], each["actor"]) for each in entries] == [
        ("team", "account.create", "system")
    ]
    newest = json.loads(terminal.do("audit", "--account", "*", "-n", "4", "--json"))["items"]
    assert {each["account"] for each in newest} == {"owner", "team"}


def test_what_there_is_not_or_twice_is_named(terminal: Terminal, team: dict[str, Any]) -> None:
    missing = terminal.type("account", "suspend", "nobody")
    by_id = terminal.type("account", "delete", "999", "--yes")
    taken = terminal.type("account", "create", "team")
    first = terminal.type("account", "delete", "owner", "--yes")

    assert (missing.status, "attimo account list" in missing.error) == (4, True)
    assert (by_id.status, "no account 999" in by_id.error) == (4, True)
    assert (taken.status, "'team' already" in taken.error) == (6, True)
    assert (first.status, "operator's" in first.error) == (6, True)


def test_two_accounts_of_one_name_are_told_apart_by_their_ids(terminal: Terminal) -> None:
    with Server("--signup", "open") as server:
        for email in ("ann@example.com", "bob@example.com"):
            asked = {"email": email, "password": PASSWORD, "account_name": "same"}
            httpx.post(f"{server.http}/signup", json=asked).raise_for_status()
        terminal.variables["ATTIMO_DATA_DIR"] = str(server.data_dir)

        refused = terminal.type("account", "delete", "same", "--yes")

        assert (refused.status, "pass an id (2, 3)" in refused.error) == (2, True)
        terminal.do("account", "delete", "3", "--yes")
        terminal.do("account", "suspend", "same")


def named(server: Server, account_id: int, name: str) -> None:
    """Name an account as an earlier version allowed."""
    with closing(sqlite3.connect(server.data_dir / "attimo.db")) as database, database:
        query = "UPDATE accounts SET name = ? WHERE id = ?"
        database.execute(query, (name, account_id))


def test_a_number_that_is_the_name_of_another_account_chooses_none(
    terminal: Terminal, server: Server, team: dict[str, Any]
) -> None:
    other = json.loads(terminal.do("account", "create", "other", "--json"))
    id, other_id = team["account_id"], other["account_id"]
    named(server, other_id, str(id))
    number = str(id)
    asked = {
        "rename": ["name"],
        "suspend": [],
        "resume": [],
        "delete": ["--yes"],
        "invite": ["ann@example.com"],
    }

    for verb, more in asked.items():
        refused = terminal.type("account", verb, number, *more)
        assert refused.status == 2, verb
        assert f"pass an id ({id}, {other_id}) in the form id:N" in refused.error
    for words in (["usage"], ["audit"]):
        assert terminal.type(*words, "--account", number).status == 2

    assert set(names(terminal)) == {"owner", "team", number}
    said = json.loads(terminal.do("account", "suspend", f"id:{id}", "--json"))
    assert (said["account_id"], said["name"]) == (id, "team")
    said = json.loads(terminal.do("account", "rename", f"id:{other_id}", "other", "--json"))
    assert (said["account_id"], said["old_name"]) == (other_id, number)
    terminal.do("account", "resume", number)
    terminal.do("account", "delete", str(other_id), "--yes")
    terminal.do("audit", "--account", f"id:{other_id}")


def test_a_name_that_looks_like_an_id_is_not_one(
    terminal: Terminal, server: Server, team: dict[str, Any]
) -> None:
    """Of an account of an earlier version; `id:` always is an id."""
    named(server, team["account_id"], "id:1")

    refused = terminal.type("account", "delete", "id:1", "--yes")

    assert (refused.status, "operator's" in refused.error) == (6, True)
    assert terminal.type("account", "suspend", "id:99999999999999999999").status == 4


def test_who_may_only_write_changes_accounts_by_their_ids_and_names(
    terminal: Terminal, server: Server, team: dict[str, Any], tmp_path: Path
) -> None:
    terminal.type("role", "create", "writes-only", "--allow", "server:write")
    key = terminal.do("key", "create", "--role", "writes-only").strip()
    clerk = Terminal(tmp_path / "clerk", {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key})
    id = str(team["account_id"])

    for which in (id, f"id:{id}", "team"):
        assert "Suspended the account 'team'" in clerk.type("account", "suspend", which).error
        assert "Resumed the account 'team'" in clerk.type("account", "resume", which).error
    assert clerk.type("account", "rename", id, "squad").error.strip() == (
        f"The account {id} is now 'squad'."
    )
    assert clerk.type("account", "list").status == 3
    assert clerk.type("account", "delete", id, "--dry-run").status == 3
    done = clerk.type("account", "delete", id, "--yes")
    assert (done.status, done.error.strip()) == (
        0,
        f"Deleted the account id {id}, with everything in it.",
    )
    assert names(terminal) == ["owner"]


def test_a_role_with_the_typed_grant_is_for_who_helps(
    terminal: Terminal, server: Server, team: dict[str, Any], tmp_path: Path
) -> None:
    terminal.do("role", "create", "clerk", "--allow", "server:list,read")
    key = terminal.do("key", "create", "--role", "clerk").strip()
    clerk = Terminal(tmp_path / "clerk", {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": key})

    assert names(clerk) == ["owner", "team"]
    assert clerk.type("account", "suspend", "team").status == 3
    assert clerk.type("account", "list").status == 0
    assert "server:read,list" in terminal.do("role", "show", "clerk")
    theirs = Terminal(
        tmp_path / "theirs", {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": team["api_key"]}
    )
    for words in (
        ("account", "list"),
        ("account", "delete", "1", "--yes"),
        ("usage", "--by", "account"),
    ):
        refused = theirs.type(*words)
        assert (refused.status, "lacks server" in refused.error) == (3, True), refused.error
    assert theirs.type("role", "create", "mine", "--allow", "server:list").status == 3


def test_a_restored_copy_keeps_accounts_and_who_is_suspended(
    terminal: Terminal, team: dict[str, Any], server: Server, tmp_path: Path
) -> None:
    terminal.do("account", "suspend", "team")
    terminal.do("backup", str(tmp_path / "backup"))
    copy = tmp_path / "copy"
    terminal.do("restore", str(tmp_path / "backup"), "--data-dir", str(copy))
    terminal.do("account", "resume", "team")

    with Server(data_dir=copy):
        there = Terminal(tmp_path / "there", {"ATTIMO_DATA_DIR": str(copy)})
        shown = json.loads(there.do("account", "list", "--json"))["items"]
        assert [(each["name"], each["status"], each["api_keys"]) for each in shown] == [
            ("owner", "active", 1),
            ("team", "suspended", 0),
        ]
        there.do("account", "resume", "team")
        there.do("account", "invite", "team", "ann@example.com")
