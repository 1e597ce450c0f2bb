"""Where output goes: to somebody who stops reading, to nobody at all, or to a new user as help."""

import json
import os
import subprocess

import pytest

from attimo.cli.main import run
from e2e.screen import Screen
from e2e.terminal import Terminal
from harness import Server, attimo


def piped(terminal: Terminal, *words: str) -> tuple[int, str]:
    """Run a command whose output nobody reads any more; the status and what it complained of."""
    ours, theirs = os.pipe()
    os.close(ours)
    try:
        done = subprocess.run(
            [*attimo(), *words],
            stdout=theirs,
            stderr=subprocess.PIPE,
            env=terminal.environment(),
            check=False,
        )
    finally:
        os.close(theirs)
    return done.returncode, done.stderr.decode()


@pytest.mark.parametrize(
    "words", ["get there", "get there there", "cache list", "cache list --json", "help", "--help"]
)
def test_who_has_read_enough_gets_neither_an_error_nor_a_miss(
    terminal: Terminal, words: str
) -> None:
    terminal.do("set", "there", "v")

    assert piped(terminal, *words.split()) == (0, "")


@pytest.mark.parametrize(("words", "status"), [("get there", 0), ("get never", 1), ("no", 2)])
def test_a_command_runs_without_a_standard_output(
    terminal: Terminal, words: str, status: int
) -> None:
    terminal.do("set", "there", "v")

    for closed in (">&-", ">&- 2>&-"):
        done = subprocess.run(
            ["sh", "-c", f'"$@" {closed}', "sh", *attimo(), *words.split()],
            capture_output=True,
            env=terminal.environment(),
            check=False,
        )
        assert (done.returncode, done.stdout) == (status, b""), done
        assert b"Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "status"),
    [("cache create there --if-not-exists", 0), ("cache delete nowhere", 4), ("no", 2)],
)
def test_the_status_is_the_same_when_nobody_reads_what_is_said(
    terminal: Terminal, words: str, status: int
) -> None:
    reader, unread = os.pipe()
    os.close(reader)
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        for error in (unread, full):
            done = subprocess.run(
                [*attimo(), *words.split()], stderr=error, env=terminal.environment(), check=False
            )
            assert done.returncode == status
    finally:
        os.close(unread)
        os.close(full)


@pytest.mark.parametrize("noun", ["", "cache", "lists"])
def test_a_noun_alone_prints_its_help_as_help(terminal: Terminal, noun: str) -> None:
    alone = terminal.type(*noun.split())

    assert (alone.status, alone.printed) == (2, b"")
    assert alone.error == terminal.do(*noun.split(), "--help")


def test_a_name_in_a_sentence_has_an_end(terminal: Terminal) -> None:
    for words, said in (
        (["cache", "create", "it's.."], 'Created the cache "it\'s..".'),
        (
            ["cache", "delete", "it's..", "--yes"],
            'Deleted the cache "it\'s..", with all its items.',
        ),
        (["cache", "create", "a. b"], "Created the cache 'a. b'."),
        (["cache", "delete", "a. b", "--yes"], "Deleted the cache 'a. b', with all its items."),
        (["role", "create", "no.", "--allow", "read:x"], None),
        (["role", "delete", "no.", "--yes"], "Deleted the role 'no.'."),
        (["profile", "add", "p.", "--url", "http://x", "--api-key", "k"], "Saved the profile 'p.'"),
        (["profile", "remove", "p."], "Deleted the profile 'p.'."),
    ):
        answer = terminal.type(*words)
        assert answer.status == 0, answer
        assert said is None or answer.error.startswith(said), answer


def test_json_has_no_control_characters_on_a_terminal(
    terminal: Terminal, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = "\x1b[31m\x7f\u009b\u202e\U000e0001é"
    terminal.do("cache", "create", "odd", "--if-not-exists")
    terminal.do("set", odd, odd, "--cache", "odd")
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    for words in (["cache", "export", "odd"], ["get", odd, "--cache", "odd", "--json"]):
        piped = terminal.do(*words)
        with Screen(columns=300) as screen:
            assert run(words) == 0
        shown = screen.shown.replace("\n", "").replace(" ", "")
        assert shown.isprintable(), shown
        assert "é" in shown
        told = json.loads(piped) | {"ttl_seconds": 0}
        assert json.loads(shown) | {"ttl_seconds": 0} == told
        assert "\u009b" in piped
