"""A person's way to what was used, what is allowed, and caches that end by themselves."""

import csv
import json
import re
import time
from io import StringIO
from typing import Any

import pytest

from attimo.cli.main import run
from e2e.screen import Screen
from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server


def used(terminal: Terminal, *words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(terminal.do("usage", "--json", *words))
    return found


def test_what_was_used_is_told_by_cache_key_and_method(terminal: Terminal) -> None:
    terminal.do("cache", "create", "metered")
    terminal.do("set", "--cache", "metered", "k", "v" * 1_025)
    for _ in range(3):
        terminal.do("get", "--cache", "metered", "k")

    def counted() -> dict[str, int]:
        found = used(terminal, "--by", "cache,api", "--cache", "metered", "--since", "1h")
        # What the cache stores is sampled now and then, and is no request.
        return {line["api"]: line["requests"] for line in found["items"] if line["api"] != "Store"}

    deadline = time.monotonic() + 30
    while counted() != {"Get": 3, "Set": 1} and time.monotonic() < deadline:
        time.sleep(0.1)  # the ledger is some seconds late

    assert counted() == {"Get": 3, "Set": 1}
    totals = used(terminal, "--cache", "metered")["totals"]
    assert (totals["requests"], totals["kib_in"], totals["kib_out"]) == (4, 2 + 3, 3 * 2)
    lines = csv.DictReader(StringIO(terminal.do("usage", "--csv", "--by", "cache,key,day")))
    assert "metered" in [line["cache"] for line in lines]
    table = terminal.do("usage", "--by", "api", "--cache", "metered").splitlines()
    rows = [row.split("\t")[:2] for row in table]
    assert [row for row in rows if row[0] != "Store"] == [["Get", "3"], ["Set", "1"]]


def test_usage_by_cache_fits_on_a_terminal_of_80_columns_and_wide_shows_all(
    stranger: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Names of caches are not cut, and other tests give long ones to those of the shared server.
    with Server() as server:
        monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
        owner = Terminal(stranger.home, {"ATTIMO_DATA_DIR": str(server.data_dir)})
        owner.do("set", "k", "v")
        eventually(lambda: used(owner, "--by", "cache")["items"] != [], "usage is recorded")
        shown = on_screen("usage", "--by", "cache")

        assert max(map(len, shown.splitlines())) <= 80
        assert "Evicted" in shown
        assert "Kib" not in shown
        assert "Kib in" in on_screen("usage", "--wide")


def test_usage_by_key_fits_too_and_tells_the_name_of_a_key_that_is_revoked(
    terminal: Terminal, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    made = json.loads(terminal.do("key", "create", "-d", "a shop that is no more", "--json"))
    key_id = made["key_id"]
    terminal.do("set", "k", "v", "--api-key", made["api_key"])
    terminal.do("key", "revoke", key_id, "--yes")

    def names() -> dict[str, str]:
        return {line["key"]: line["key_name"] for line in used(terminal, "--by", "key")["items"]}

    deadline = time.monotonic() + 30
    while key_id not in names() and time.monotonic() < deadline:
        time.sleep(0.1)  # the ledger is some seconds late

    assert names()[key_id] == "a shop that is no more"
    shown = on_screen("usage", "--by", "key").splitlines()
    assert max(map(len, shown)) <= 80
    assert any(line.startswith(f"{key_id}  a shop ") for line in shown)
    assert "Bytes in" in on_screen("usage", "--by", "key", "--wide")


def on_screen(*words: str) -> str:
    """What a command prints on a terminal, without the marks for bold text."""
    with Screen(80) as screen:
        assert run(words) == 0
    return re.sub(r"\x1b\[\d*m", "", screen.shown)


def test_json_and_csv_at_once_is_a_mistake(terminal: Terminal) -> None:
    assert terminal.type("usage", "--json", "--csv").status == 2


def test_what_cannot_be_told_apart_is_one_plain_line(terminal: Terminal) -> None:
    answer = terminal.type("usage", "--by", "colour")

    assert answer.status == 2
    assert "'colour' is not one of cache, key, account, api" in answer.error


def test_the_limits_are_listed_with_the_settings_that_change_them(terminal: Terminal) -> None:
    rows = {row.split("\t")[0]: row.split("\t")[1:] for row in terminal.do("limits").splitlines()}
    listed = json.loads(terminal.do("limits", "--json"))["items"]

    assert rows["item_bytes"] == [
        "5,000,192 bytes",
        "An item, including its key.",
        "413 resource_exhausted item_size_limit_exceeded",
        "item_bytes",
    ]
    assert rows.keys() == {limit["name"] for limit in listed}


def test_a_cache_that_ends_by_itself(terminal: Terminal) -> None:
    terminal.do("cache", "create", "brief", "--ttl", "5s")
    listed = {row.split("\t")[0]: row for row in terminal.do("cache", "list").splitlines()}
    assert listed["brief"].endswith("Z")
    assert listed["default-cache"].endswith("\tnever")

    deadline = time.monotonic() + 30
    while "brief" in terminal.do("cache", "list").split() and time.monotonic() < deadline:
        time.sleep(0.1)

    assert "brief" not in terminal.do("cache", "list").split()
    terminal.do("cache", "create", "brief")
    terminal.do("cache", "delete", "brief")


def test_an_end_too_far_away_is_refused(terminal: Terminal) -> None:
    answer = terminal.type("cache", "create", "brief", "--expires-in", "4000d")

    assert answer.status == 2
    assert answer.error == (
        "attimo: Invalid value for '--ttl' / '--expires-in': must be 1s to 3650d. "
        "See: attimo cache create --help\n"
    )
