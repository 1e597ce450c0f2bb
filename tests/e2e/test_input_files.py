"""What a command cannot read is a mistake in its words: status 2, with the file and the reason."""

import os
import subprocess
from pathlib import Path

import click
import pytest

from attimo.cli.inputs import InputFile
from e2e import words
from e2e.terminal import Answer, Terminal
from harness import Server, attimo

FILES = [
    (path, each.opts[0])
    for path, command in words.COMMANDS.items()
    for each in command.params
    if isinstance(each.type, InputFile) and each.name != "ca"
] + [(("get",), "--ca"), (("whoami",), "--ca"), (("profile", "add"), "--ca")]


def called(terminal: Terminal, path: tuple[str, ...], option: str, file: str) -> Answer:
    """A command that is to read a file."""
    others = {"set": [] if option == "--lines" else ["k"], "profile add": ["p", "--url=http://x"]}
    given = others.get(" ".join(path), words.typed(words.COMMANDS[path])[1:])
    return terminal.type(*path, f"{option}={file}", *given)


def unreadable(home: Path) -> dict[str, str]:
    """Names of files that cannot be read, with the reasons."""
    (home / "file").touch()
    (home / "loop").symlink_to(home / "loop")
    return {
        str(home / "missing"): "No such file or directory",
        str(home): "Is a directory",
        str(home / "file" / "below"): "Not a directory",
        str(home / "loop"): "Too many levels of symbolic links",
        "n" * 300: "File name too long",
    }


@pytest.mark.parametrize(("path", "option"), FILES, ids=lambda each: "".join(each))
def test_a_file_that_cannot_be_read_is_named_with_the_reason(
    terminal: Terminal, path: tuple[str, ...], option: str
) -> None:
    for file, reason in unreadable(terminal.home).items():
        answer = called(terminal, path, option, file)

        assert answer.status == 2, (file, answer)
        assert f"{file} cannot be read: {reason}" in answer.error
        assert answer.error.count("\n") == 1


def test_every_file_that_is_read_has_this_rule() -> None:
    """Any other type of a path is of a directory, or of a settings file."""
    others = {
        each.name
        for command in words.COMMANDS.values()
        for each in command.params
        if isinstance(each.type, click.Path) and not isinstance(each.type, InputFile)
    }

    assert others <= {"data_dir", "config", "to", "source"}


@pytest.mark.parametrize("option", ["--file", "--lines"])
def test_a_file_that_fails_while_it_is_read_is_named(terminal: Terminal, option: str) -> None:
    """Reading a process's memory at its beginning fails, whoever asks."""
    more = ["k"] if option == "--file" else []

    answer = terminal.type("set", *more, option, "/proc/self/mem")

    assert answer.status == 2
    assert "/proc/self/mem cannot be read: Input/output error" in answer.error


@pytest.mark.parametrize(
    "line", [["set", "k", "-"], ["set", "--lines", "-"], ["get", "-"], ["del", "-"]], ids=" ".join
)
def test_standard_input_that_cannot_be_read_is_named(terminal: Terminal, line: list[str]) -> None:
    memory = os.open("/proc/self/mem", os.O_RDONLY)
    closed = ["sh", "-c", '"$@" <&-', "sh"]
    for before, reason in ((closed, "Bad file descriptor"), ([], "Input/output error")):
        done = subprocess.run(
            [*before, *attimo(), *line],
            stdin=memory,
            capture_output=True,
            env=terminal.environment(),
            text=True,
            check=False,
        )
        note = ". Nothing was written" if "--lines" in line else ""
        assert done.returncode == 2, (reason, done)
        assert done.stderr == f"attimo: standard input cannot be read: {reason}{note}\n"
    os.close(memory)


def test_a_profile_whose_certificate_was_deleted_names_the_file(
    terminal: Terminal, server: Server
) -> None:
    root = terminal.home / "root.pem"
    root.write_bytes(server.ca.read_bytes())
    added = ["--url", server.https, "--api-key", server.api_key, "--ca", str(root)]
    terminal.do("profile", "add", "there", *added)
    root.unlink()

    answer = terminal.type("get", "k", "--profile", "there")

    assert answer.status == 2
    assert f"{root} cannot be read: No such file or directory" in answer.error
