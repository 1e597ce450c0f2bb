"""The sdist is whole: a wheel can be built from it alone, with Rust."""

import os
import subprocess
import sys
import tarfile
from pathlib import Path

from harness import bare_environment
from packages.conftest import ROOT

NEEDED = ("python/attimo", "rust/*/src", "rust/*/Cargo.toml", "Cargo.*", "LICENSE", "README.md")


def test_it_has_every_file_that_a_build_reads(sdist: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", *NEEDED], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    with tarfile.open(sdist) as file:
        names = {each.name.partition("/")[2] for each in file}

    assert listed
    assert set(listed) - names == set()
    assert "rust/THIRD-PARTY-LICENSES.txt" in names


def test_a_wheel_is_built_from_it(sdist: Path, tmp_path: Path) -> None:
    """Of the profile that the tests of Rust have built already, since that takes less time."""
    quick = {
        "MATURIN_PEP517_ARGS": "--profile dev --locked",
        "CARGO_TARGET_DIR": os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target")),
    }
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps"]

    done = subprocess.run(
        [*command, "--no-build-isolation", "--wheel-dir", tmp_path, sdist],
        env=bare_environment() | quick,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (made,) = tmp_path.iterdir()
    assert made.name.startswith("attimo-")
