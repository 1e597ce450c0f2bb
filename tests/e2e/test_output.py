"""Where output goes: to somebody who stops reading, to nobody at all, or to a new user as help."""

import os
import subprocess

import pytest

from e2e.terminal import Terminal
from harness import attimo


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
