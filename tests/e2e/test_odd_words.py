"""Whatever a person types, a command does it or says in one line what is wrong: no traceback."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from attimo.cli import durations, exits
from attimo.cli.main import run
from attimo.cli.options import MOST_TTL_SECONDS
from e2e import words
from e2e.terminal import Terminal
from harness import Server

NUMBERS = ["99999999999", str(2**64), str(-(2**64)), "9" * 400, "nan"]
TEXTS = ["", "..", "a/b", "x\udcff", "größe\n", "k" * 70_000, "9999999999d"]
ELSEWHERE = {"profile", "url", "api_key", "ca", "data_dir", "cache", "config"}
"""What says which server; tried with one command for all."""

NOT_HERE = {("cache", "delete"), ("topic", "subscribe")}
"""What would delete the cache of the others, and what would wait for a message."""

COMMANDS = {path: each for path, each in words.COMMANDS.items() if path not in NOT_HERE}


def odd_calls(command: Any) -> Iterator[list[str]]:
    """Calls with one odd word each."""
    for each in command.params:
        if each.name in {*ELSEWHERE, "watch"} or getattr(each, "is_flag", False):
            continue
        is_number = isinstance(each.type, click.types.IntParamType | click.types.FloatParamType)
        for word in NUMBERS if is_number else TEXTS:
            yield words.typed(command, each, word)


@pytest.fixture
def at_the_server(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on the server's machine, in this process, who types nothing more."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def check(line: list[str], capsys: pytest.CaptureFixture[str]) -> int:
    """Run a command in this process: it ends with a status, and an error is one line."""
    status = run(line)
    said = capsys.readouterr().err
    shown = [word[:40] for word in line], said[:300]
    assert status in exits.MEANINGS, shown
    if status > exits.MISS:
        assert said.startswith("attimo: "), shown
        assert said.count("\n") == 1, shown
        for vague in ("Cannot reach", "Not Found", "URL component", "Errno", "answered with"):
            assert vague not in said, shown
    return status


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_word_that_is_typed_ends_in_a_traceback(
    at_the_server: None, path: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    for line in odd_calls(COMMANDS[path]):
        check([*path, *line], capsys)


def test_a_time_to_live_that_no_field_holds_is_refused_with_the_limit(
    at_the_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for line in (
        ["set", "k", "v", f"--ttl={2**64}"],
        ["lists", "push", "l", "v", f"--ttl={2**64}"],
        ["dictionaries", "set", "d", "f", "v", f"--ttl={2**64}"],
        ["ttl", "k", str(2**64)],
    ):
        assert run(line) == exits.USAGE
        assert str(MOST_TTL_SECONDS) in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(ELSEWHERE - {"config"}))
def test_no_word_for_a_server_ends_in_a_traceback(
    at_the_server: None, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for word in TEXTS:
        line = ["get", "never there", f"--{name.replace('_', '-')}={word}"]
        assert check(line, capsys) != exits.OK


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (["cache", "create", ".."], ["'..' is not a cache name: 1 to 255 printable ASCII"]),
        (["cache", "create", "a/b"], ["'a/b' is not a cache name", "no '/'"]),
        (["list", "show", "l", "--cache", "größe"], ["'größe' is not a cache name"]),
        (["key", "revoke", ""], ["'' is not a valid id of a key", "not empty"]),
        (["key", "revoke", ".."], ["'..' is not a valid id of a key"]),
        (["key", "revoke", "k" * 300], ["id of a key is too long: at most 255 characters"]),
        (["ttl", "k" * 70_000], ["The key has 70,000 bytes", "18,000", "SDK"]),
        (["cache", "create", "x", "--ttl", "9999999999d"], ["--ttl", "1s to 3650d"]),
        (["cache", "create", "x", "--token", "26h"], ["--token", "1s to 25h"]),
        (["usage", "--since", "9999999999d"], ["--since", "0s to 2900000d"]),
        (["dictionary", "increment", "d", "f", "99999999999999999999"], ["9223372036854775807"]),
        (["list", "show", "l", "--start", "99999999999"], ["--start", "2147483647"]),
        (["set", "pop", "s", "99999999999"], ["4294967295"]),
        (["incr", "k", "abc"], ["'abc' is not a valid integer."]),
        (["set", "k", "-5"], ["No such option '-5'", "values that begin with `-`, write `--`"]),
        (["get", "-_-"], ["No such option '-_'", "keys and values that begin with `-`"]),
    ],
)
def test_what_is_wrong_is_named_with_its_limit(
    terminal: Terminal, line: list[str], told: list[str]
) -> None:
    answer = terminal.type(*line)

    assert answer.status in (2, 4)
    plain = " ".join(answer.error.replace("│", " ").split())
    for each in told:
        assert each in plain, plain


def test_a_value_that_begins_with_a_dash_is_written_as_is_told(terminal: Terminal) -> None:
    terminal.do("set", "--", "-k", "-5")

    assert terminal.do("get", "--", "-k") == "-5"


def test_permissions_that_are_nested_too_deep_are_no_traceback(terminal: Terminal) -> None:
    file = terminal.home / "deep.json"
    file.write_text("[" * 100_000)

    answer = terminal.type("role", "create", "deep", "--permissions", str(file))

    assert (answer.status, answer.error.count("\n")) == (2, 1)
    assert f"{file} is not valid JSON: it is nested too deep" in answer.error


def test_a_duration_has_a_limit() -> None:
    read = durations.Duration()
    for text, found in [("60", 60), ("90s", 90), ("2h", 7200), ("1w", 604_800)]:
        assert read.convert(text, None, None) == found
    assert read.convert("2900000d", None, None) == 2_900_000 * 86_400
    for text in ("2900001d", "9" * 5000 + "s", "d", "-1d", "1.5h", "٣d", "", "1 y"):
        with pytest.raises(click.BadParameter):
            read.convert(text, None, None)


def test_the_commands_are_those_of_the_program() -> None:
    assert ("cache", "create") in COMMANDS
    assert len(COMMANDS) > 50
