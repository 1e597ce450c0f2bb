"""The sdist is whole: a wheel can be built from it alone, with Rust."""

import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

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
    for name in ("htmx.min.js", "uplot.min.js", "uplot.min.css"):
        assert f"python/attimo/console/static/{name}" in names


def test_its_manifests_are_those_of_a_wheel(sdist: Path, tmp_path: Path) -> None:
    """Cargo resolves the workspace from these files alone, without compiling anything."""
    shutil.unpack_archive(sdist, tmp_path)
    (sources,) = tmp_path.iterdir()

    maturin: list[str | Path] = [
        Path(sys.executable).parent / "maturin",
        "pep517",
        "write-dist-info",
    ]
    done = subprocess.run(
        [*maturin, "--metadata-directory", tmp_path / "info", "--interpreter", sys.executable],
        cwd=sources,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    (info,) = (tmp_path / "info").iterdir()
    assert "Name: attimo\n" in (info / "METADATA").read_text()


@pytest.mark.skipif(
    "ATTIMO_ALL_PACKAGES" not in os.environ,
    reason="compiles everything, which takes minutes; ATTIMO_ALL_PACKAGES=1 runs it",
)
def test_a_wheel_is_built_from_it(sdist: Path, tmp_path: Path) -> None:
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
