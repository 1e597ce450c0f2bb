"""A command that somebody guesses out of habit ends in the sentence that names the right one."""

import re

import click
import pytest

from attimo.cli import habits
from attimo.cli.command import Group
from attimo.cli.commands import app
from attimo.cli.main import run
from e2e.terminal import Terminal

OF_REDIS = {
    "keys *": "attimo cache keys NAME",
    "keys user:*": "attimo cache keys NAME",
    "scan 0": "attimo cache keys NAME",
    "flushall": "attimo cache flush NAME",
    "FLUSHALL": "attimo cache flush NAME",
    "GET k": "attimo get",
    "dbsize": "attimo cache stats NAME",
    "exists k": "attimo info KEY",
    "expire k 60": "attimo ttl KEY 60",
    "mget a b": "attimo get KEY...",
    "mset a 1 b 2": "attimo set --lines FILE",
    "setex k 60 v": "--ttl 60",
    "set k v EX 60": "--ttl",
    "set k v nx ex 60": "--if-absent` and `--ttl",
    "hgetall h": "attimo dictionaries",
    "zadd z 1 a": "attimo sorted-sets",
    "info": "attimo status",
    "config get maxmemory": "attimo settings",
    "monitor": "attimo status",
    "ping": "attimo doctor",
    "select 1": "--cache NAME",
    "get k -p 6379": "--url",
    "get k -a secret": "--api-key",
    "get k -n 1": "--cache",
    "append k v": "attimo lists push",
    "del k -y": "never asks",
    "login -y": "--fingerprint",
}
OF_OTHERS = {
    "auth login": "attimo login",
    "ls": "attimo cache list",
    "item set k v": "attimo set KEY VALUE",
    "cache view shop": "attimo cache stats NAME",
    "cache clear shop": "attimo cache flush NAME",
    "cache flushall": "attimo cache flush NAME",
    "cache rename a b": "attimo cache export",
    "cache list -R shop": "--profile",
    "get k -R shop": "--cache",
    "cache list --format json": "--json",
    "cache list --limit 5": "everything",
    "role list -n 5": "everything",
    "cache list --json name": "every field",
    "cache delete shop --force": "--yes",
    "key view abc": "attimo key list",
    "key rotate abc": "attimo key revoke",
    "token ls": "attimo key revoke",
    "role edit shop": "attimo role update",
    "member view ada": "attimo member list",
    "profile use shop": "ATTIMO_PROFILE",
    "usage --last 1d": "--since",
    "logs": "journalctl",
    "service restart": "systemctl restart attimo",
    "-v": "--version",
    "lst": "lists",
    "cach list": "cache",
    "stats": "attimo cache stats NAME",
}


@pytest.mark.parametrize(("typed", "named"), [*OF_REDIS.items(), *OF_OTHERS.items()])
def test_a_guess_ends_in_one_line_that_names_what_works(
    typed: str, named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = run(typed.split())
    said = capsys.readouterr().err

    assert status == 2
    assert said.count("\n") == 1
    assert named in said


def test_what_is_named_exists() -> None:
    hints = [each for known in habits._COMMANDS.values() for each in known]
    named = [line for hint in hints for line in re.findall(r"attimo [\w -]+", hint)]

    assert len(named) > len(hints) / 2
    assert [line for line in named if not is_command(line.split()[1:])] == []


def is_command(words: list[str]) -> bool:
    """Whether words begin with a command or a noun, up to its arguments."""
    at: click.Command | None = app
    for word in words:
        if not isinstance(at, Group):
            return at is not None
        at = at.get_command(click.Context(at), word)
    return at is not None


def test_no_habit_hides_a_command() -> None:
    for path, known in habits._COMMANDS.items():
        group: click.Command | None = app
        for word in path.split()[1:]:
            assert isinstance(group, Group)
            group = group.get_command(click.Context(group), word)
        assert isinstance(group, Group)
        words = [word for each in known.values() for word in each.split()]
        hidden = [word for word in words if group.get_command(click.Context(group), word)]
        assert (path, hidden) == (path, [])


def test_a_member_is_added_by_the_word_that_adds_everything_else(terminal: Terminal) -> None:
    assert "accept" in terminal.do("member", "add", "ada@example.com")
