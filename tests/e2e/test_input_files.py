"""What a command cannot read is a mistake in its words: status 2, with the file and the reason."""

import contextlib
import os
import socket
import subprocess
import threading
from pathlib import Path

import click
import pytest

from attimo.cli import inputs
from attimo.cli.inputs import InputFile
from attimo.node.local import limits
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


ENDLESS = Path("/dev/zero")
ADDED = 512 * 2**20
"""The memory that reading up to a limit may take beside the program's own."""


def within(memory: int, terminal: Terminal, words: list[str], given: Path | None = None) -> Answer:
    """What a command answers that may take so much memory, given a file as standard input."""
    limited = ["bash", "-c", f'ulimit -v {memory // 1024}; exec "$@"', "bash", *attimo(), *words]
    with open(given or os.devnull, "rb") as source:
        done = subprocess.run(
            limited, stdin=source, capture_output=True, env=terminal.environment(), check=False
        )
    return Answer(done.returncode, done.stdout, done.stderr.decode())


@pytest.mark.parametrize(("path", "option"), FILES, ids=lambda each: "".join(each))
@pytest.mark.parametrize("kind", ["a device", "a tebibyte"])
def test_a_file_without_an_end_is_named_with_the_limit(
    terminal: Terminal, server: Server, path: tuple[str, ...], option: str, kind: str
) -> None:
    file = ENDLESS if kind == "a device" else tebibyte(terminal.home / "long")
    others = {
        "set": [] if option == "--lines" else ["k"],
        "profile add": ["p", f"--url={server.https}"],
        "whoami": [f"--url={server.https}"],
        "get": ["k", f"--url={server.https}"],
    }
    given = others.get(" ".join(path), words.typed(words.COMMANDS[path])[1:])
    terminal.variables["ATTIMO_TOKEN"] = server.api_key

    answer = within(ADDED, terminal, [*path, f"{option}={file}", *given])

    assert answer.status == 2, answer
    assert f"{file} cannot be read: it has more than " in answer.error
    assert answer.error.count("\n") == 1, answer


def tebibyte(file: Path) -> Path:
    """Make a file of a tebibyte, which takes no room."""
    with file.open("wb") as made:
        made.truncate(1 << 40)
    return file


@pytest.mark.parametrize(
    "line",
    [
        ["set", "k", "-"],
        ["set", "--lines", "-"],
        ["get", "-"],
        ["del", "-"],
        ["del", "-0", "-"],
        ["topic", "publish", "t", "-"],
        ["topic", "publish", "t", "--lines", "-"],
        ["cache", "import", "c", "-"],
        ["login", "--url=http://localhost:1", "--email=a@example.com"],
        ["login", "--url=http://localhost:1", "--with-key"],
    ],
    ids=" ".join,
)
def test_standard_input_without_an_end_is_named_with_the_limit(
    terminal: Terminal, line: list[str]
) -> None:
    answer = within(2 * ADDED, terminal, line, ENDLESS)

    assert answer.status == 2, answer
    assert "standard input " in answer.error
    assert " more than " in answer.error
    assert answer.error.count("\n") == 1, answer


@pytest.mark.parametrize("head", ["Content-Length: 1099511627776", "Connection: close"])
def test_an_answer_without_an_end_is_not_read(terminal: Terminal, head: str) -> None:
    """Whoever answers at an address may be no server of this kind."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=answer_for_ever, args=(listener, head))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

        answer = within(ADDED, terminal, ["get", "k", "--url", url, "--api-key", "k"])
        thread.join()

    told = f"attimo: {url} sends an answer of more than 67,108,864 bytes. Check the address\n"
    assert (answer.status, answer.error) == (5, told)


def answer_for_ever(listener: socket.socket, head: str) -> None:
    """Answer a request for as long as somebody listens."""
    client, _ = listener.accept()
    with client, contextlib.suppress(OSError):
        client.recv(65_536)
        client.sendall(f"HTTP/1.1 200 OK\r\n{head}\r\n\r\n".encode())
        while True:
            client.sendall(bytes(65_536))


def test_what_is_as_long_as_a_limit_is_read(terminal: Terminal, server: Server) -> None:
    """The limits are those of the server, which tells its own."""
    assert limits()["request_bytes"] == inputs.MOST_BYTES
    root = terminal.home / "root.pem"
    root.write_bytes(server.ca.read_bytes() + "# Főtanúsítvány\n".encode() * 500_000)

    terminal.variables["ATTIMO_TOKEN"] = server.api_key

    assert terminal.do("whoami", "--url", server.https, "--ca", str(root))
    piped = server.ca.read_bytes()
    assert terminal.do("whoami", "--url", server.https, "--ca", "/dev/stdin", given=piped)


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
