"""What `make wheel` built, and environments to install it in.

Nothing here may find Rust, as on a machine that only runs servers: PATH has the environment alone.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness import bare_environment

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def wheel() -> Path:
    """The wheel of these sources."""
    return _newest("*.whl", "wheel")


@pytest.fixture(scope="session")
def sdist() -> Path:
    """The sdist of these sources."""
    return _newest("*.tar.gz", "sdist")


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `bin` of an empty environment into which the wheel was installed."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    run(folder / "bin" / "python", "-m", "pip", "install", *exact_versions(), wheel)
    return folder / "bin"


def exact_versions() -> list[str]:
    """The options with which pip installs the versions that were tested."""
    options = ["--quiet", "--disable-pip-version-check"]
    return [*options, "--constraint", str(ROOT / "constraints.txt")]


def run(*command: str | Path, **variables: str) -> str:
    """Run a program of an environment, without Rust; return what it printed."""
    environment = bare_environment() | {"PATH": str(Path(command[0]).parent)} | variables
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


def _newest(pattern: str, target: str) -> Path:
    folder = Path(os.environ.get("ATTIMO_TESTED_DIST", ROOT / "dist"))
    found = sorted(folder.glob(pattern), key=lambda each: each.stat().st_mtime)
    assert found, f"there is no {target} in {folder}: type `make {target}` first"
    return found[-1]
