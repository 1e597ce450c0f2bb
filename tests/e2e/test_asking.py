"""What can't be undone is asked on a terminal, with what it costs, and done on a pipe."""

import json
import os
import pty
import re
import subprocess

import pytest

from attimo.cli import exits
from e2e.terminal import Answer, Terminal
from harness import attimo, bare_environment


def answer(terminal: Terminal, said: str, *words: str) -> Answer:
    """Type a command on a terminal, and answer its question."""
    ours, theirs = pty.openpty()
    os.write(ours, said.encode() + b"\n")
    done = subprocess.run(
        [*attimo(), *words],
        stdin=theirs,
        capture_output=True,
        env=bare_environment() | {"HOME": str(terminal.home), "TERM": "dumb"} | terminal.variables,
        timeout=60,
        check=False,
    )
    os.close(theirs)
    os.close(ours)
    return Answer(done.returncode, done.stdout, done.stderr.decode())


def caches(terminal: Terminal) -> list[str]:
    """The names of all caches."""
    return [each["name"] for each in json.loads(terminal.do("cache", "list", "--json"))["items"]]


def test_a_cache_is_deleted_when_the_answer_is_yes(terminal: Terminal) -> None:
    terminal.do("cache", "create", "asked")
    for number in range(3):
        terminal.do("set", f"k{number}", "v", "--cache", "asked")

    no = answer(terminal, "n", "cache", "delete", "asked")
    assert no.status == exits.FAILED
    assert re.search(
        r"Delete the cache 'asked' \(3 items(, used by 1 key this month)?\)\?", no.error
    )
    assert "This can't be undone" in no.error
    assert "Not confirmed: nothing was changed" in no.error
    assert "asked" in caches(terminal)

    yes = answer(terminal, "y", "cache", "delete", "asked")
    assert yes.status == exits.OK
    assert yes.error.endswith("Deleted the cache 'asked', with all its items.\n")
    assert "asked" not in caches(terminal)


def test_keys_that_use_a_cache_are_counted_only_where_there_are_any(terminal: Terminal) -> None:
    terminal.do("cache", "create", "unused")

    no = answer(terminal, "n", "cache", "delete", "unused")

    assert "Delete the cache 'unused' (0 items)? This can't be undone." in no.error
    terminal.do("cache", "delete", "unused", "--yes")


def test_nothing_is_asked_with_yes_or_without_a_terminal(terminal: Terminal) -> None:
    terminal.do("cache", "create", "asked")
    assert "?" not in answer(terminal, "", "cache", "flush", "asked", "--yes").error
    assert "?" not in terminal.type("cache", "delete", "asked").error


def test_a_dry_run_changes_nothing_and_says_what_would_be(terminal: Terminal) -> None:
    terminal.do("cache", "create", "kept")
    terminal.do("set", "k", "v", "--cache", "kept")
    key = json.loads(terminal.do("key", "create", "-d", "kept", "--json"))
    terminal.do("role", "create", "kept", "--allow", "read:kept")

    for words, said in (
        (["cache", "delete", "kept"], "1 item"),
        (["cache", "flush", "kept"], "1 item"),
        (["key", "revoke", key["key_id"]], "Would have revoked"),
        (["role", "delete", "kept"], "Would have deleted"),
    ):
        assert said in terminal.type(*words, "--dry-run").error, words
        assert json.loads(terminal.do(*words, "--dry-run", "--json"))["dry_run"] is True
    assert json.loads(terminal.do("del", "k", "x", "--cache", "kept", "--dry-run", "--json")) == {
        "keys": ["k"],
        "dry_run": True,
    }

    assert terminal.do("get", "k", "--cache", "kept") == "v"
    assert key["key_id"] in terminal.do("key", "list")
    terminal.do("role", "delete", "kept")
    assert terminal.type("cache", "delete", "nowhere", "--dry-run").status == exits.NOT_FOUND


@pytest.mark.parametrize(
    "words",
    [
        ["role", "delete", "temporary"],
        ["leaderboards", "delete", "game"],
        ["key", "rotate-signing", "--retire-old"],
    ],
    ids=" ".join,
)
def test_no_is_the_answer_unless_it_is_yes(terminal: Terminal, words: list[str]) -> None:
    terminal.type("role", "create", "temporary", "--allow", "read:x")

    declined = answer(terminal, "", *words)

    assert declined.status == exits.FAILED
    assert "[y/N]" in declined.error


def test_a_key_that_the_command_uses_itself_is_named_so(terminal: Terminal) -> None:
    key = json.loads(terminal.do("key", "create", "-d", "own", "--json"))
    terminal.variables["ATTIMO_TOKEN"] = key["api_key"]

    no = answer(terminal, "n", "key", "revoke", key["key_id"])

    assert f"Revoke the API key {key['key_id']} (own)? This command uses it itself." in no.error
    assert answer(terminal, "y", "key", "revoke", key["key_id"]).status == exits.OK
    assert terminal.type("cache", "list").status == exits.DENIED
