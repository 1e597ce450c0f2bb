"""`make setup` provides a Rust toolchain, and touches nothing outside the project.

The installer that the script downloads is a small stand-in, served on loopback.
"""

import http.server
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSTALLER = """#!/bin/sh
mkdir -p "$CARGO_HOME/bin"
for tool in cargo rustc rustdoc rustfmt rustup; do
    printf '#!/bin/sh\\necho "%s 9.99.9 (for tests)"\\n' $tool > "$CARGO_HOME/bin/$tool"
    chmod +x "$CARGO_HOME/bin/$tool"
done
"""


class Mirror(http.server.BaseHTTPRequestHandler):
    """Serves the installer at every path."""

    def do_HEAD(self) -> None:
        self.send_response(200)
        self.send_header("content-length", str(len(INSTALLER)))
        self.end_headers()

    def do_GET(self) -> None:
        self.do_HEAD()
        self.wfile.write(INSTALLER.encode())

    def log_message(self, *words: object) -> None:
        """Print nothing."""


@pytest.fixture
def mirror() -> Iterator[str]:
    """The address of a server that has an installer."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Mirror) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@dataclass
class Machine:
    """A copy of the project's set-up, an empty home directory, and only these commands on PATH."""

    folder: Path
    mirror: str

    def has(self, version: str) -> None:
        """Give it a Rust toolchain of this version."""
        for command in ("cargo", "rustc"):
            self._write(self.folder / "usr" / command, f"#!/bin/sh\necho '{command} {version}'\n")

    def set_up(self) -> subprocess.CompletedProcess[str]:
        """Run the script as the Makefile does."""
        return self._run(sys.executable, str(self.folder / "project" / "setup" / "rust.py"))

    def make(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run make in the project."""
        return self._run("make", "--directory", str(self.folder / "project"), *words)

    def version(self, command: str) -> str:
        """What a make target gets that runs this command."""
        return self._run("sh", "-c", f"{command} --version").stdout

    def outside(self) -> list[Path]:
        """All files in the home directory."""
        return list((self.folder / "home").rglob("*"))

    def installed(self) -> bool:
        """Whether there is a toolchain in the project."""
        return (self.folder / "project" / ".venv" / "rust").exists()

    def _run(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {
            "HOME": str(self.folder / "home"),
            "PATH": f"{self.folder / 'project' / '.venv' / 'bin'}:{self.folder / 'usr'}",
            "RUSTUP_UPDATE_ROOT": self.mirror,
            "NO_PROXY": "127.0.0.1",
        }
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    @staticmethod
    def _write(script: Path, text: str) -> None:
        script.write_text(text)
        script.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, mirror: str) -> Machine:
    """A machine without Rust."""
    for folder in ("home", "usr", "project/setup", "project/.venv/bin"):
        (tmp_path / folder).mkdir(parents=True)
    for file in ("Cargo.toml", "Makefile", "constraints.txt", "setup/rust.py"):
        shutil.copy(ROOT / file, tmp_path / "project" / file)
    for command in ("sh", "chmod", "mkdir", "make", "awk", "find", "rm", "touch"):
        (tmp_path / "usr" / command).symlink_to(str(shutil.which(command)))
    return Machine(tmp_path, mirror)


def test_a_machine_without_rust_gets_one_that_the_make_targets_find(machine: Machine) -> None:
    done = machine.set_up()

    assert done.returncode == 0, done.stderr
    assert "No Rust toolchain found" in done.stdout
    found = {command: machine.version(command) for command in ("cargo", "rustc", "rustfmt")}
    assert found == {command: f"{command} 9.99.9 (for tests)\n" for command in found}
    assert machine.outside() == []


def test_a_toolchain_that_is_too_old_is_named_and_stays_behind_the_new_one(
    machine: Machine,
) -> None:
    machine.has("1.60.0 (7b46aa594 2022-03-31)")

    done = machine.set_up()

    assert done.returncode == 0, done.stderr
    assert "cargo 1.60.0 is too old; Attimo needs Rust 1." in done.stdout
    assert machine.version("rustc") == "rustc 9.99.9 (for tests)\n"
    assert machine.outside() == []


def test_a_toolchain_that_is_new_enough_is_used(machine: Machine) -> None:
    machine.has("9.1.0 (of the user)")

    done = machine.set_up()

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert machine.version("cargo") == "cargo 9.1.0 (of the user)\n"
    assert not machine.installed()


def test_the_second_time_nothing_is_downloaded(machine: Machine) -> None:
    machine.set_up()

    again = machine.set_up()

    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_where_nothing_can_be_downloaded_the_error_says_what_to_do(machine: Machine) -> None:
    machine.mirror = "http://127.0.0.1:1"

    done = machine.set_up()

    assert done.returncode == 1
    assert "error: the Rust toolchain could not be installed: " in done.stderr
    assert "https://rustup.rs" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_toolchain_that_was_lost_is_provided_again_by_the_next_make(machine: Machine) -> None:
    machine.set_up()
    (machine.folder / "project" / "rust").mkdir()
    stamp = machine.folder / "project" / ".venv" / ".toolchain"
    stamp.touch()
    assert machine.make("help").returncode == 0
    assert stamp.exists()

    shutil.rmtree(machine.folder / "project" / ".venv" / "rust")

    assert machine.make("help").returncode == 0
    assert not stamp.exists()
    assert "No Rust toolchain found" in machine.set_up().stdout
    assert machine.version("cargo") == "cargo 9.99.9 (for tests)\n"
