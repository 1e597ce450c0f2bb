"""Plans, from the operator's command line and from that of an account."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from e2e.terminal import Terminal
from harness import Server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def team(terminal: Terminal) -> Iterator[dict[str, Any]]:
    made = json.loads(terminal.do("account", "create", "team", "--json"))
    yield made
    terminal.do("account", "delete", "team", "--yes")
    for each in json.loads(terminal.do("plan", "list", "--json"))["items"]:
        if each["name"] not in ("free", "unlimited"):
            terminal.do("plan", "delete", each["name"], "--yes")


def limits(terminal: Terminal, *words: str) -> dict[str, Any]:
    found = json.loads(terminal.do("plan", "limits", *words, "--json"))["items"]
    return {each["name"]: each for each in found}


def test_a_plan_is_made_changed_assigned_and_deleted(
    terminal: Terminal, team: dict[str, Any], server: Server
) -> None:
    made = terminal.type("plan", "create", "small", "caches=1", "stored_bytes=2GiB", "keys=5")
    changed = terminal.type("plan", "update", "small", "caches=2", "keys=unlimited")
    assigned = terminal.type("plan", "assign", "team", "small", "caches=3", "item_bytes=1KiB")
    more = terminal.type("plan", "assign", "team", "small", "caches=plan", "stored_bytes=unlimited")

    assert made.error.strip() == "Created the plan 'small'."
    assert changed.error.strip() == "Changed the plan 'small'."
    words = f"The account {team['account_id']} has the plan 'small', and"
    assert assigned.error.strip() == f"{words} caches=3 item_bytes=1024."
    assert more.error.strip() == f"{words} item_bytes=1024 stored_bytes=unlimited."
    shown = json.loads(terminal.do("plan", "show", "small", "--json"))
    expected = {"caches": 2, "stored_bytes": 2 * 2**30}
    assert shown == {"name": "small", "accounts": 1, "limits": expected}
    found = limits(terminal, "--account", "team")
    assert (found["caches"]["value"], found["caches"]["used"]) == (2, 1)
    assert (found["stored_bytes"]["value"], found["stored_bytes"]["is_override"]) == (None, True)

    theirs = {"authorization": team["api_key"]}
    answers = [httpx.put(f"{server.http}/caches/{name}", headers=theirs) for name in "ab"]
    assert [each.status_code for each in answers] == [201, 429]

    in_use = terminal.type("plan", "delete", "small", "--yes")
    done = terminal.type("plan", "delete", "small", "--successor", "free", "--yes")
    assert "The plan 'small' is that of 1 account: name the next one in successor" in in_use.error
    assert done.error.strip() == "Deleted the plan 'small'."
    assert limits(terminal, "--account", "team")["caches"]["plan"] == "free"


def test_an_account_reads_its_own_limits(
    terminal: Terminal, team: dict[str, Any], server: Server
) -> None:
    theirs = Terminal(
        terminal.home,
        terminal.variables | {"ATTIMO_URL": server.http, "ATTIMO_TOKEN": team["api_key"]},
    )

    table = theirs.do("plan", "limits")
    refused = theirs.type("plan", "list")

    rows = {line.split("\t")[0]: line.split("\t") for line in table.splitlines()}
    assert rows["transfer_bytes_per_month"][1:3] == ["53,687,091,200", "0"]
    assert rows["caches"][1:3] == ["unlimited", "1"]
    assert refused.status == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("small", "caches"), "write a limit as NAME=VALUE, such as caches=5: 'caches'"),
        (("small", "=5"), "write a limit as NAME=VALUE"),
        (("small", "caches=1", "caches=2"), "caches is given twice"),
        (("small", "caches=5x"), "caches: '5x' is no whole number: write 5, or a size"),
        (("small", "caches=1.5"), "caches: '1.5' is no whole number"),
        (("small", "stored_bytes=1.1"), "stored_bytes: '1.1' is no whole number"),
        (("small", "caches=-1"), "limits.caches must be from 1 to 1,000,000"),
        (("small", "caches=many"), "limits.caches must be a whole number"),
        (("small", "cashes=1"), "limits.cashes is not a limit; there are"),
        (("Small!", "caches=1"), "name must be 1 to 63 of a-z, 0-9 and -"),
    ],
)
def test_what_is_typed_wrong_is_said_and_makes_no_plan(
    terminal: Terminal, words: tuple[str, ...], said: str
) -> None:
    answer = terminal.type("plan", "create", *words)

    assert answer.status == 2
    assert said in " ".join(answer.error.split())
    assert "small" not in terminal.do("plan", "list")


def test_an_unknown_override_is_not_silently_removed(
    terminal: Terminal, team: dict[str, Any]
) -> None:
    answer = terminal.type("plan", "assign", "team", "free", "cashes=plan")

    assert "cashes is not a limit; there are transfer_bytes_per_month" in answer.error
