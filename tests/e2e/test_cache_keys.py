"""`attimo cache keys`: on pipes and terminals, and together with `attimo del`."""

import json
import subprocess

import pytest

from attimo.cli.main import run
from e2e.screen import Screen
from e2e.terminal import Terminal
from harness import Server, attimo

BINARY = b"binary:\xff\x1b[1m"


def fill(terminal: Terminal, *keys: bytes) -> None:
    terminal.do("set", "--lines", "-", given=b"".join(key + b"\tv\n" for key in keys))


def listed(terminal: Terminal, cache: str, *words: str) -> list[bytes]:
    answer = terminal.type("cache", "keys", cache, *words)
    assert answer.status == 0, answer
    return sorted(answer.printed.splitlines())


def test_keys_are_lines_on_a_pipe_and_escaped_on_a_terminal(
    terminal: Terminal, server: Server, cache: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(terminal, b"user:1", b"user:2", b"cart:1", b"binary:\\xff\\x1b[1m")

    assert listed(terminal, cache, "user:") == [b"user:1", b"user:2"]
    assert listed(terminal, cache) == [BINARY, b"cart:1", b"user:1", b"user:2"]
    assert listed(terminal, cache, "nobody") == []
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    with Screen(columns=80) as screen:
        assert run(["cache", "keys", cache, "binary"]) == 0
    assert screen.shown == "binary:\\xff\\x1b[1m\n"


def test_a_list_can_be_cut_and_continued(terminal: Terminal, cache: str) -> None:
    every = sorted(b"user:%d" % number for number in range(30))
    fill(terminal, *every, b"cart:1")

    assert len(listed(terminal, cache, "--limit", "7")) == 7
    found: list[bytes] = []
    next: list[str] = []
    while len(found) < 30:
        words = ["cache", "keys", cache, "user:", "-n", "20", "--json", *next]
        told = json.loads(terminal.do(*words))
        found += [item["key"].encode() for item in told["items"]]
        next = ["--next", told["next"]] if told["next"] else []
    assert (sorted(found), next) == (every, [])
    wrong = terminal.type("cache", "keys", cache, "user:", "--next", "x")
    assert wrong.status == 2
    assert "next_token" in wrong.error


def test_what_is_listed_can_be_deleted(terminal: Terminal, cache: str) -> None:
    fill(terminal, *(b"user:%d" % number for number in range(200)), b"cart:1", b"user:\\xff\\n2")

    keys = terminal.type("cache", "keys", cache, "user:", "--null").printed
    terminal.do("del", "--null", "-", given=keys)

    assert keys.count(b"\0") == 201
    assert listed(terminal, cache) == [b"cart:1"]
    fill(terminal, b"user:1", b"user:2")
    again = terminal.type("cache", "keys", cache, "user:").printed
    terminal.do("del", "-", given=again)
    assert listed(terminal, cache) == [b"cart:1"]
    assert terminal.do("get", "-0", "-", given=b"cart:1\0") == "v"


def test_a_star_that_lists_nothing_is_told_to_be_no_pattern(terminal: Terminal, cache: str) -> None:
    fill(terminal, b"user:1", b"odd*")

    guess = terminal.type("cache", "keys", cache, "user:*")

    assert (guess.status, guess.printed) == (0, b"")
    assert (
        guess.error == "attimo: No key starts with 'user:*'. A prefix is no pattern: omit the *\n"
    )
    assert terminal.type("cache", "keys", cache, "odd*").error == ""
    assert terminal.type("cache", "keys", cache, "none").error == ""


def test_the_empty_key_is_a_key(terminal: Terminal, cache: str) -> None:
    fill(terminal, b"", b"other")
    assert terminal.do("get", "") == "v"
    assert terminal.do("get", "", "other") == "\tv\nother\tv\n"

    keys = terminal.type("cache", "keys", cache, "--null").printed
    assert sorted(keys.split(b"\0")) == [b"", b"", b"other"]
    assert terminal.type("get", "--null", "-", given=keys).status == 0
    terminal.do("del", "-", given=b"\n")
    assert terminal.do("get", "") == "v"
    terminal.do("del", "--null", "-", given=keys)

    assert listed(terminal, cache) == []
    exported = b'{"key": "", "type": "list", "values": ["v"], "ttl_seconds": 60}\n'
    terminal.do("cache", "import", cache, "-", "--verify", given=exported)
    assert json.loads(terminal.do("cache", "export", cache))["values"] == ["v"]
    terminal.do("del", "")
    assert terminal.type("cache", "keys", cache, "--null").printed == b""


def test_a_key_that_a_reader_would_take_for_two_is_not_printed(
    terminal: Terminal, cache: str
) -> None:
    for key, words, remedy in (
        (b"a\\nb", [], "--null"),
        (b"a\\rb", [], "--null"),
        (b"", [], "--null"),
        (b"a\\x00b", ["-0"], "--json"),
    ):
        fill(terminal, key)
        answer = terminal.type("cache", "keys", cache, *words)
        assert (answer.status, answer.printed) == (6, b""), answer
        assert remedy in answer.error
        told = json.loads(terminal.do("cache", "keys", cache, "--json"))
        terminal.do("cache", "flush", cache, "--yes")
        assert [len(item["key"]) for item in told["items"]] == [3 if key else 0]


def test_keys_come_while_they_are_found_and_a_reader_may_stop(
    terminal: Terminal, cache: str
) -> None:
    fill(terminal, *(b"%d" % number for number in range(30_000)))

    command = [*attimo(), "cache", "keys", cache]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=terminal.environment()
    ) as reading:
        assert reading.stdout is not None
        assert reading.stderr is not None
        assert reading.stdout.readline().strip().isdigit()
        reading.stdout.close()
        assert reading.wait(timeout=60) == 0
        assert reading.stderr.read() == b""
    assert len(listed(terminal, cache)) == 30_000


def test_who_may_not_list_is_told_why(terminal: Terminal, cache: str) -> None:
    assert terminal.type("cache", "keys", "nowhere").status == 4
    token = terminal.do("token", "create", "--allow", f"read:{cache}/user:*", "--raw").strip()
    fill(terminal, b"user:1", b"cart:1")

    assert terminal.do("cache", "keys", cache, "user:", "--api-key", token) == "user:1\n"
    answer = terminal.type("cache", "keys", cache, "--api-key", token)
    assert answer.status == 3
    assert "has read on 'user:*'" in answer.error
