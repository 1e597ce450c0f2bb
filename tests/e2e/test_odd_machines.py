"""A service's account: no home directory, no name for the user id, folders with odd names."""

import os
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from e2e.terminal import Answer, Terminal
from harness import FREE_PORTS, Server, attimo

NAMELESS = 54321
needs_root = pytest.mark.skipif(os.getuid() != 0, reason="only root can be another user")


def _become_nameless() -> None:
    """Be a user id without a name, who may still read where the tests' Python lies."""
    os.setresuid(NAMELESS, 0, 0)


def run(*words: str, environment: Mapping[str, str] | None = None) -> Answer:
    """Run a command as the nameless, by `env -i`."""
    done = subprocess.run(
        [*attimo(), *words],
        capture_output=True,
        env=dict(environment or {}),
        preexec_fn=_become_nameless,
        check=False,
        timeout=60,
    )
    return Answer(done.returncode, done.stdout, done.stderr.decode())


@needs_root
@pytest.mark.parametrize("home", [None, "", "relative"])
@pytest.mark.parametrize("words", ["cache list", "settings", "env", "serve", "profile list"])
def test_without_a_home_directory_a_command_says_what_it_needs(
    words: str, home: str | None
) -> None:
    answer = run(*words.split(), environment={} if home is None else {"HOME": home})

    assert (answer.status, answer.printed, answer.error.count("\n")) == (2, b"", 1), answer
    assert "there is no home directory" in answer.error


@needs_root
@pytest.mark.parametrize("words", ["cache list", "env", "list push l a"])
def test_a_command_that_is_told_where_the_data_is_needs_no_home_directory(
    server: Server, tmp_path: Path, words: str
) -> None:
    told = {"ATTIMO_DATA_DIR": str(server.data_dir)}

    assert run(*words.split(), environment=told).status == 0
    # Not that of the server: click asks access(2), which judges by the real user id.
    nothing = run(*words.split(), "--data-dir", str(tmp_path / "none"))
    assert (nothing.status, nothing.error.count("\n")) == (5, 1)
    assert "attimo serve" in nothing.error


@needs_root
@pytest.mark.parametrize("words", ["cache delete nowhere", "account delete nobody", "get nobody"])
def test_a_command_whose_input_is_closed_asks_nothing_and_ends(server: Server, words: str) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", *attimo(), *words.split()],
        capture_output=True,
        env={"ATTIMO_DATA_DIR": str(server.data_dir)},
        text=True,
        check=False,
    )

    assert done.returncode in (1, 2, 4), done
    assert "Traceback" not in done.stderr


def test_a_server_starts_without_a_home_directory(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*attimo(), "serve", *FREE_PORTS],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={"ATTIMO_DATA_DIR": str(tmp_path / "data")},
        preexec_fn=_become_nameless,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.endswith("is ready\n"):
                process.send_signal(signal.SIGTERM)

    assert process.returncode == 0, said


@pytest.mark.parametrize("home", ["", "relative"])
def test_an_empty_or_relative_home_is_none(stranger: Terminal, home: str) -> None:
    stranger.variables["HOME"] = home

    (shown,) = [line for line in stranger.do("settings").splitlines() if "data_dir" in line]

    assert f"\t{Path('~root' if os.getuid() == 0 else '~').expanduser()}/" in shown


def test_profiles_do_not_lie_at_a_relative_place(stranger: Terminal) -> None:
    stranger.variables |= {"XDG_CONFIG_HOME": "here", "ATTIMO_TOKEN": "key"}

    stranger.do("profile", "add", "there", "--url", "http://127.0.0.1:1")

    assert (stranger.home / ".config" / "attimo" / "profiles.toml").exists()


@pytest.mark.parametrize("words", ["profile add x --url http://x --api-key k", "serve"])
def test_a_home_that_cannot_be_written_is_one_plain_line(stranger: Terminal, words: str) -> None:
    stranger.variables["HOME"] = "/proc"

    answer = stranger.type(*words.split())

    assert (answer.status, answer.error.count("\n")) == (2, 1), answer
    assert "/proc" in answer.error
    assert "Errno" not in answer.error


def test_a_working_directory_that_is_gone_hinders_nothing(server: Server, tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    typed = f"cd {gone} && rmdir {gone} && {attimo()[0]} cache list --data-dir"

    done = subprocess.run(["sh", "-c", f"{typed} {server.data_dir}"], capture_output=True)
    assert (done.returncode, done.stderr) == (0, b"")
    gone.mkdir()
    lost = subprocess.run(["sh", "-c", f"{typed} data"], capture_output=True, text=True)
    assert (lost.returncode, lost.stderr.count("\n")) == (2, 1)
    assert "the working directory was deleted" in lost.stderr


def test_a_data_directory_need_not_be_text(tmp_path: Path) -> None:
    data = tmp_path / os.fsdecode(b"caf\xe9 \xff\n")
    with Server(data_dir=data) as server:
        terminal = Terminal(tmp_path, {"ATTIMO_DATA_DIR": str(data)})
        terminal.do("set", "k", "v")
        assert terminal.do("get", "k") == "v"
        assert server.api_key in terminal.type("env").printed.decode(errors="surrogateescape")
        for words in ("settings", "status", "list push l a", "settings --json", "ca --how"):
            assert terminal.type(*words.split()).status == 0
        assert "Traceback" not in server.output
    assert "is not running" in terminal.type("cache", "list").error
