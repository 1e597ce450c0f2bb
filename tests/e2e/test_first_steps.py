"""What a stranger does first: start a server, paste what it printed, look around."""

import contextlib
import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from attacks.watching import resident
from attimo.settings.declared import declarations
from e2e.terminal import Terminal
from faults.watching import eventually
from harness import FREE_PORTS, Server, attimo, bare_environment

ROOT = Path(__file__).parents[2]
PACKAGES = ROOT / "tests" / "conformance" / "javascript" / "node_modules"


@pytest.fixture(scope="module")
def printed(server: Server) -> str:
    """What the first start printed."""
    return server.output


@pytest.mark.parametrize(
    ("language", "answer"), [("curl", "hello"), ("Python", "b'hello'"), ("Node.js", "Hit: hello")]
)
def test_what_the_first_start_prints_can_be_pasted(
    printed: str, language: str, answer: str
) -> None:
    if language == "Node.js" and not (shutil.which("node") and PACKAGES.exists()):
        pytest.skip("Node.js or the JavaScript SDK is not installed (make conformance does it)")
    exports = "\n".join(re.findall(r"^eval .*$", printed, re.M))
    (block,) = re.findall(rf"^# {re.escape(language)}.*?\n(.*?)(?:\n\n|─)", printed, re.S | re.M)

    done = subprocess.run(
        ["bash", "-euc", f"{exports}\n{block}"],
        env=bare_environment()
        | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "NODE_PATH": str(PACKAGES)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert answer in done.stdout


def test_the_last_line_of_the_start_says_ready() -> None:
    with Server() as server:
        assert "ready" in server.output.strip().splitlines()[-1].split()


def test_a_first_start_keeps_no_library_that_only_it_needs(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        mapped = Path(f"/proc/{server.pid}/maps").read_text()

    assert "cryptography" not in mapped


def test_a_server_at_rest_occupies_60_mb_at_most(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        eventually(lambda: resident(server) <= 60_000_000, "what the start took is given back")


def test_the_key_is_not_shown_where_a_log_may_keep_it(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        assert server.api_key not in server.output
        assert server.v1_token not in server.output
        assert str(tmp_path / "data" / "credentials.json") in server.output
        assert f"attimo env --data-dir {tmp_path / 'data'}" in server.output


def test_the_key_is_shown_on_a_terminal_at_the_first_start_only(tmp_path: Path) -> None:
    first = on_a_terminal("serve", "--data-dir", str(tmp_path), *FREE_PORTS)
    key = json.loads((tmp_path / "credentials.json").read_text())["api_key"]

    assert f"export ATTIMO_TOKEN={key}" in first
    assert key not in on_a_terminal("serve", "--data-dir", str(tmp_path), *FREE_PORTS)


def on_a_terminal(*words: str) -> str:
    """What a server says on a terminal up to the moment at which it is ready; then it ends."""
    ours, theirs = os.openpty()
    said = b""
    with subprocess.Popen([*attimo(), *words], stdout=theirs, env=bare_environment()) as process:
        os.close(theirs)
        # A terminal whose last writer has gone is an error on Linux, and no end of file.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                if b"is ready" in said + part and b"is ready" not in said:
                    process.terminate()
                said += part
    os.close(ours)
    assert process.returncode == 0, said
    return said.decode()


def test_env_points_a_shell_at_the_running_server(terminal: Terminal, server: Server) -> None:
    shown = subprocess.run(
        ["sh", "-c", f"{terminal.do('env')}\nenv"], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert f"MOMENTO_API_KEY={server.api_key}" in shown
    assert f"ATTIMO_TOKEN={server.api_key}" in shown
    assert f"MOMENTO_ENDPOINT={server.endpoint}" in shown
    assert f"MOMENTO_AUTH_TOKEN={server.v1_token}" in shown
    assert f"GRPC_DEFAULT_SSL_ROOTS_FILE_PATH={server.ca}" in shown


def test_env_tells_the_older_form_to_programs_that_take_no_other(
    terminal: Terminal, server: Server
) -> None:
    told = json.loads(terminal.do("env", "--v1", "--json"))

    assert told["MOMENTO_API_KEY"] == told["MOMENTO_AUTH_TOKEN"] == server.v1_token
    assert told["ATTIMO_TOKEN"] == server.api_key
    # The command line takes either form.
    for form in (server.v1_token, server.api_key):
        terminal.variables["ATTIMO_TOKEN"] = form
        terminal.do("cache", "list")


def test_without_a_running_server_env_says_how_to_start_one(stranger: Terminal) -> None:
    answer = stranger.type("env")

    assert (answer.status, answer.printed) == (5, b"")
    assert "attimo serve" in answer.error
    assert answer.error.count("\n") == 1


def test_settings_tell_every_value_and_where_it_came_from(stranger: Terminal) -> None:
    (stranger.home / ".config" / "attimo").mkdir(parents=True)
    (stranger.home / ".config" / "attimo" / "attimo.toml").write_text('endpoint = "a.example"\n')
    stranger.variables["ATTIMO_THREADS"] = "3"

    shown = {each["name"]: each for each in json.loads(stranger.do("settings", "--json"))["items"]}

    assert list(shown) == [name for name, one in declarations().items() if not one.hidden]
    assert shown["threads"]["value"] == "3"
    assert shown["threads"]["origin"] == "ATTIMO_THREADS"
    assert shown["endpoint"]["value"] == "a.example"
    assert shown["endpoint"]["origin"].endswith("attimo.toml")
    assert shown["local"]["origin"] == "default"
    for name in shown:
        assert name in stranger.do("settings")


def test_a_setting_that_does_not_exist_is_one_plain_line(stranger: Terminal) -> None:
    stranger.variables["ATTIMO_HTTPP"] = "off"

    answer = stranger.type("serve")

    assert answer.status == 2
    assert answer.error == "attimo: ATTIMO_HTTPP is not a setting; did you mean ATTIMO_HTTP?\n"


def test_what_the_shell_was_told_by_env_does_not_hinder_a_server(tmp_path: Path) -> None:
    told = {"ATTIMO_TOKEN": "key", "ATTIMO_URL": "http://127.0.0.1:1"}

    with Server(data_dir=tmp_path / "data", environment=told) as server:
        assert "ready" in server.output


def test_the_data_directory_is_the_owners_alone(server: Server) -> None:
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in server.data_dir.iterdir()}

    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert {name for name, mode in modes.items() if mode & 0o077} <= {"ca.pem", "server.pem"}


@pytest.mark.parametrize("words", [["--help"], ["cache", "--help"], ["serve", "--help"]])
def test_help_is_there(stranger: Terminal, words: list[str]) -> None:
    assert "Usage" in stranger.do(*words)


def test_version_is_told(stranger: Terminal) -> None:
    version = json.loads(stranger.do("version", "--json"))["version"]

    said = stranger.do("version").split()
    assert said[:2] == ["attimo", version]
