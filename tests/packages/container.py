"""A container of Attimo: its image, built as the Containerfile says, and one that runs.

The image's base is made from Debian's packages, with the certificates that this machine trusts, so
that no registry of images is needed.
"""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packages.conftest import ROOT

BASE = "localhost/attimo-tests-base:bookworm"
IMAGE = "localhost/attimo-tests"
TRUSTED = "/usr/local/share/ca-certificates"
PODMAN = ("podman", "--runtime", "runc")
END_SECONDS = 30.0
# The last two are for machines on which root cannot raise its own limits.
LOCKED = ("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
LIMITS = ("--ulimit", "nofile=1024:4096", "--ulimit", "nproc=1000:1000")


def podman(*words: str) -> str:
    """Run a command of podman; return what it printed."""
    done = subprocess.run([*PODMAN, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return done.stdout


def make_base(room: Path) -> None:
    """Make the base image, unless this machine has it already."""
    if subprocess.run([*PODMAN, "image", "exists", BASE], check=False).returncode == 0:
        return
    packages = "--include=ca-certificates,python3-venv"
    trust = [f"--customize-hook=copy-in {TRUSTED} {Path(TRUSTED).parent}"]
    trust += ['--customize-hook=chroot "$1" update-ca-certificates']
    system = room / "base.tar"
    subprocess.run(
        ["mmdebstrap", "--variant=apt", "--quiet", packages, *trust, "bookworm", system],
        check=True,
        capture_output=True,
    )
    podman("import", str(system), BASE)
    system.unlink()


def build(wheel: Path, room: Path) -> None:
    """Build the image, with this wheel."""
    (room / "wheel" / "dist").mkdir(parents=True)
    (room / "wheel" / "dist" / wheel.name).write_bytes(wheel.read_bytes())
    options = ["--isolation", "chroot", "--network", "host", "--format", "docker"]
    options += ["--build-arg", f"BASE={BASE}", "--build-context", f"wheel={room / 'wheel'}"]
    file = str(ROOT / "deploy" / "container" / "Containerfile")
    podman("build", *options, "--file", file, "--tag", IMAGE, str(ROOT))


@dataclass
class Container:
    """One that runs."""

    name: str

    def attimo(self, *words: str) -> str:
        """Type a command into it."""
        return self.run("attimo", *words)

    def run(self, *words: str) -> str:
        """Run a program in it."""
        return podman("exec", self.name, *words)

    def stop(self) -> int:
        """End it as a supervisor does; return the status with which it ended."""
        podman("stop", "--time", str(int(END_SECONDS)), self.name)
        (found,) = json.loads(podman("inspect", self.name))
        status: int = found["State"]["ExitCode"]
        return status


@contextmanager
def running(name: str, volume: str, memory: str, listen: str) -> Iterator[Container]:
    """A container with these addresses, once its server is ready."""
    options = ("--name", name, "--network", "host", "--memory", memory, *LOCKED, *LIMITS)
    data = ("--volume", f"{volume}:/data", "--env", f"ATTIMO_LISTEN={listen}")
    process = subprocess.Popen(
        [*PODMAN, "run", *options, *data, IMAGE],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = []
        for line in process.stdout:
            said.append(line)
            if line.rstrip().endswith("is ready"):
                break
        else:
            raise AssertionError("".join(said))
        yield Container(name)
    finally:
        podman("rm", "--force", "--time", "0", name)
        process.communicate(timeout=END_SECONDS)
