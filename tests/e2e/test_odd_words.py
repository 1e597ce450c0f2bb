"""Whatever a person types, a command does it or says in one line what is wrong: no traceback."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from attimo.cli import spans
from attimo.cli.commands import app
from attimo.cli.elements import MOST_TTL_SECONDS
from attimo.errors import AttimoError
from e2e.terminal import Terminal
from harness import Server

NUMBERS = ["99999999999", str(2**64), str(-(2**64)), "9" * 400, "nan"]
TEXTS = ["", "..", "a/b", "x\udcff", "größe\n", "k" * 70_000, "9999999999d"]
ELSEWHERE = {"profile", "url", "api_key", "ca", "data_dir", "cache", "config"}
"""What says which server; tried with one command for all."""

SANE = {"expires_in": "1h", "since": "1h", "until": "30m", "allowed": "read:x", "amount": "1"}


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, with the words that name it."""
    if not hasattr(group, "commands"):
        yield path, group
        return
    for name, each in group.commands.items():
        yield from commands(each, *path, name)


COMMANDS = {
    path: command
    for path, command in commands(typer.main.get_command(app))
    if path not in {("serve",), ("cache", "delete"), ("version",)}
}


def typed(command: Any, odd: Any, word: str) -> list[str]:
    """The words for a command: a sane one for each argument that it must have, and an odd one."""
    options: list[str] = []
    arguments: list[str] = []
    for each in command.params:
        said = word if each is odd else SANE.get(str(each.name), "1")
        if each.param_type_name == "argument":
            arguments += [said] if each.required or each is odd else []
        elif each is odd:
            options += [f"{each.opts[0]}={said}"]
    return [*options, "--", *arguments]


def odd_calls(command: Any) -> Iterator[list[str]]:
    """Calls with one odd word each."""
    for each in command.params:
        if each.name in ELSEWHERE or getattr(each, "is_flag", False):
            continue
        is_number = each.bare_type in (int, float)
        for word in NUMBERS if is_number else TEXTS:
            yield typed(command, each, word)


@pytest.fixture
def at_the_server(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person on the server's machine, in this process, who types nothing more."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    monkeypatch.setenv("ATTIMO_DATA_DIR", str(server.data_dir))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def ended(command: Any, words: list[str]) -> BaseException | None:
    """Run a command in this process; how it failed, or None."""
    try:
        command.main(words)
    except BaseException as error:
        return error
    return None


def check(error: BaseException | None, words: list[str]) -> None:
    """See that it ended as a command ends, in words if it failed."""
    shown = [word[:40] for word in words]
    assert error is None or isinstance(error, SystemExit | AttimoError | OSError), (shown, error)
    if isinstance(error, AttimoError):
        assert str(error).strip(), shown
        assert "Cannot reach" not in str(error), (shown, str(error)[:300])
        for vague in ("Not Found", "URL component", "Errno", "The server answered"):
            assert vague not in str(error), (shown, str(error)[:300])


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_no_word_that_is_typed_ends_in_a_traceback(
    at_the_server: None, path: tuple[str, ...]
) -> None:
    for words in odd_calls(COMMANDS[path]):
        check(ended(COMMANDS[path], words), [*path, *words])


def test_a_time_to_live_that_no_field_holds_is_refused_with_the_limit(
    at_the_server: None, capsys: pytest.CaptureFixture[str]
) -> None:
    for path, words in [
        (("cache", "set"), ["k", "v"]),
        (("list", "push"), ["l", "v"]),
        (("dictionary", "set"), ["d", "f", "v"]),
    ]:
        error = ended(COMMANDS[path], [*words, f"--ttl={2**64}"])
        assert isinstance(error, SystemExit), path
        told = "".join(capsys.readouterr().err.split())
        assert str(MOST_TTL_SECONDS) in told, told


@pytest.mark.parametrize("name", sorted(ELSEWHERE - {"config"}))
def test_no_word_for_a_server_ends_in_a_traceback(at_the_server: None, name: str) -> None:
    for word in TEXTS:
        words = ["k", f"--{name.replace('_', '-')}={word}"]
        error = ended(COMMANDS["cache", "get"], words)
        assert isinstance(error, SystemExit | AttimoError | OSError), (words, error)
        assert getattr(error, "code", 1) != 0, words


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["cache", "create", ".."], ["'..' is not a cache name: 1 to 255 printable ASCII"]),
        (["cache", "create", "a/b"], ["'a/b' is not a cache name", "no '/'"]),
        (["list", "show", "l", "--cache", "größe"], ["'größe' is not a cache name"]),
        (["key", "revoke", ""], ["'' is not a valid id of a key", "not empty"]),
        (["key", "revoke", ".."], ["'..' is not a valid id of a key"]),
        (["key", "revoke", "k" * 300], ["id of a key is too long: at most 255 characters"]),
        (["cache", "get", "k" * 70_000], ["The key has 70,000 bytes", "18,000", "SDK"]),
        (["cache", "create", "x", "--expires-in", "9999999999d"], ["--expires-in", "2900000d"]),
        (["usage", "--since", "9999999999d"], ["--since", "at most"]),
        (["dictionary", "increment", "d", "f", "99999999999999999999"], ["9223372036854775807"]),
        (["list", "show", "l", "--start", "99999999999"], ["--start", "2147483647"]),
        (["set", "pop", "s", "99999999999"], ["4294967295"]),
    ],
)
def test_what_is_wrong_is_named_with_its_limit(
    terminal: Terminal, words: list[str], told: list[str]
) -> None:
    answer = terminal.type(*words)

    assert answer.status in (1, 2)
    plain = " ".join(answer.error.replace("│", " ").split())
    for each in told:
        assert each in plain, plain


def test_a_span_of_time_has_a_limit() -> None:
    assert spans.seconds("2900000d") == 2_900_000 * 86_400
    for span in ("2900001d", "9" * 5000 + "s", "1", "d", "-1d", "1.5h", "٣d"):
        with pytest.raises(typer.BadParameter):
            spans.seconds(span)


def test_the_commands_are_those_of_the_program() -> None:
    assert ("cache", "create") in COMMANDS
    assert len(COMMANDS) > 50
