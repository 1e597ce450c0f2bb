"""The service: units that systemd accepts and that keep a server in, and who installs them."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import jsonschema
import pytest

from attimo import settings
from attimo.cli import service
from attimo.errors import Misconfigured
from attimo.serve import units
from docs.test_deploying import block
from e2e.terminal import Terminal
from faults.test_supervised import GIVE, LIMIT_SECONDS
from harness import attimo, bare_environment

MOST_EXPOSURE = 3.0
SYSTEMCTL = """#!/bin/sh
echo "$@" >> "$HOME/typed"
case "$*" in
    *"$(cat "$HOME/refused" 2>/dev/null || echo nothing)"*) echo refused >&2; exit 1 ;;
    *is-active*) exit "$(cat "$HOME/inactive" 2>/dev/null || echo 0)" ;;
    *show*) printf 'ActiveState=active\\nUnitFileState=enabled\\nMainPID=7\\n' ;;
esac
"""
"""Notes what it is asked, and says that the service runs unless a file says otherwise."""


def made(folder: Path, text: str, program: Path = Path("/usr/bin/env"), user: bool = False) -> Path:
    """A folder with the units of these settings."""
    config = folder / "attimo.toml"
    config.write_text(text)
    chosen = settings.load({"config": str(config), "data_dir": "/var/lib/attimo"}, {}, folder)
    for name, unit in units.units(chosen, program, config, user=user).items():
        (folder / name).write_text(unit)
    return folder


@pytest.mark.parametrize("user", [False, True])
def test_systemd_accepts_the_units(tmp_path: Path, user: bool) -> None:
    folder = made(tmp_path, units.STARTER, user=user)

    done = subprocess.run(
        ["systemd-analyze", "verify", *(folder / name for name in (units.SERVICE, units.SOCKET))],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_service_of_the_system_is_kept_in(tmp_path: Path) -> None:
    unit = made(tmp_path, units.STARTER) / units.SERVICE

    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
        capture_output=True,
        text=True,
        check=False,
    )

    (exposure,) = re.findall(r"Overall exposure level for attimo.service: ([\d.]+)", done.stdout)
    assert float(exposure) < MOST_EXPOSURE


def test_a_server_runs_as_the_units_say(tmp_path: Path) -> None:
    """Started as systemd does: with the sockets of one unit, by the line of the other."""
    with (
        socket.socket() as http,
        socket.socket() as https,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices,
    ):
        for each in (http, https):
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in (http, https)]
        text = f'http = "127.0.0.1:{ports[0]}"\nhttps = "127.0.0.1:{ports[1]}"\n'
        folder = made(tmp_path, text, Path(attimo()[0]), user=True)
        listens = re.findall(r"^ListenStream=(.+)$", (folder / units.SOCKET).read_text(), re.M)
        assert listens == [f"127.0.0.1:{port}" for port in ports]
        (line,) = re.findall(r"^ExecStart=(.+)$", (folder / units.SERVICE).read_text(), re.M)
        words = shlex.split(line.replace("/var/lib/attimo", str(tmp_path / "data")))
        for each in (http, https):
            each.listen()
        notices.bind(str(tmp_path / "notify"))
        notices.settimeout(LIMIT_SECONDS)

        given = [each.fileno() for each in (http, https)]
        names = ":".join([units.SOCKET] * 2)
        process = subprocess.Popen(
            [sys.executable, "-c", GIVE, ",".join(map(str, given)), names, *words],
            env=bare_environment() | {"NOTIFY_SOCKET": str(notices.getsockname())},
            pass_fds=given,
            stdout=subprocess.DEVNULL,
        )
        try:
            assert notices.recv(1000).startswith(b"READY=1")
            answer = httpx.get(f"http://127.0.0.1:{ports[0]}/ready", trust_env=False)
            assert answer.status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(LIMIT_SECONDS) == 0
        finally:
            process.kill()
            process.wait()


def test_a_port_that_is_not_fixed_and_a_program_that_is_hidden_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="fixed ports"):
        made(tmp_path, 'http = "127.0.0.1:0"\n')
    for hidden in units.HIDDEN:
        with pytest.raises(Misconfigured, match="the service of the system does not see"):
            made(tmp_path, units.STARTER, hidden / "venv" / "bin" / "attimo")


@pytest.fixture
def session(tmp_path: Path) -> Terminal:
    """A user's session with a systemd that notes what it is asked."""
    for folder in ("bin", "run/systemd", "home"):
        (tmp_path / folder).mkdir(parents=True)
    program = tmp_path / "bin" / "systemctl"
    program.write_text(SYSTEMCTL)
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    run = str(tmp_path / "run")
    return Terminal(tmp_path / "home", {"PATH": path, "XDG_RUNTIME_DIR": run})


def typed(session: Terminal) -> list[str]:
    """What systemctl was asked, apart from its version."""
    lines = (session.home / "typed").read_text().splitlines()
    return [line.removeprefix("--user ") for line in lines if "--version" not in line]


def test_it_is_installed_started_and_removed_and_its_settings_stay(session: Terminal) -> None:
    both = f"{units.SOCKET} {units.SERVICE}"
    (session.home / "inactive").write_text("3")
    folder = session.home / ".config" / "systemd" / "user"
    config = session.home / ".config" / "attimo" / "attimo.toml"

    answer = session.type("service", "install", "--user")

    assert answer.status == 0, answer
    assert f"settings are in {config}. It runs." in answer.error
    assert {each.name for each in folder.iterdir()} == {units.SERVICE, units.SOCKET}
    assert attimo()[0] in (folder / units.SERVICE).read_text()
    assert config.read_text() == units.STARTER
    asked = ["daemon-reload", f"enable {both}", f"is-active --quiet {units.SERVICE}"]
    assert typed(session) == [*asked, f"start {both}"]
    told = json.loads(session.do("service", "status", "--user", "--json"))
    assert (told["state"], told["at_start"], told["pid"]) == ("active", True, 7)
    assert service.status.shape is not None
    jsonschema.validate(told, service.status.shape.schema())

    assert session.type("service", "uninstall", "--user").status == 0
    assert typed(session)[-2:] == [f"disable --now {both}", "daemon-reload"]
    assert list(folder.iterdir()) == []
    assert config.exists()
    assert session.type("service", "status", "--user").status == 4


def test_what_was_done_before_systemd_refuses_is_told(session: Terminal) -> None:
    refused = session.home / "refused"
    folder = session.home / ".config" / "systemd" / "user"
    refused.write_text("enable")

    installing = session.type("service", "install", "--user")
    refused.unlink()
    session.do("service", "install", "--user")
    refused.write_text("daemon-reload")
    removing = session.type("service", "uninstall", "--user")

    assert (installing.status, removing.status) == (2, 2)
    assert f"failed: refused. The units are in {folder}; run this again" in installing.error
    assert "failed: refused. The service is stopped, and does not start" in removing.error


def test_a_service_that_runs_is_not_restarted_and_follows_its_settings(session: Terminal) -> None:
    config = session.home / ".config" / "attimo" / "attimo.toml"
    config.parent.mkdir(parents=True)
    config.write_text('https = "127.0.0.1:9443"\nhttp = "off"\n')

    answer = session.type("service", "install", "--user")

    assert "It runs as before until you restart it: systemctl --user stop" in answer.error
    assert not any(line.startswith(("start", "stop", "restart")) for line in typed(session))
    unit = session.home / ".config" / "systemd" / "user" / units.SOCKET
    assert re.findall(r"^ListenStream=(.+)$", unit.read_text(), re.M) == ["127.0.0.1:9443"]


def test_without_systemd_one_line_says_what_works(stranger: Terminal) -> None:
    stranger.variables["XDG_RUNTIME_DIR"] = str(stranger.home)

    for words in (["install"], ["uninstall"], ["status"]):
        answer = stranger.type("service", *words, "--user")
        assert (answer.status, answer.error.count("\n")) == (2, 1), answer
        assert "systemd does not run" in answer.error
        assert "attimo service install --print" in answer.error
    assert list(stranger.home.iterdir()) == []


def test_the_units_can_be_printed_everywhere(stranger: Terminal) -> None:
    printed = stranger.do("service", "install", "--user", "--print")

    assert "# attimo.service\n" in printed
    assert "ListenStream=0.0.0.0:8443" in printed
    assert list(stranger.home.iterdir()) == []


def test_the_firewall_is_one_that_the_kernel_takes(tmp_path: Path) -> None:
    file = tmp_path / "nftables.conf"
    file.write_text(block("nft"))

    check = ["/usr/sbin/nft", "--check", "--file", str(file)]
    done = subprocess.run(check, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")
