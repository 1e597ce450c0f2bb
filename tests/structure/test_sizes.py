"""Files are short enough to be read whole, and what must agree agrees."""

import subprocess
import tomllib
from pathlib import Path

from attimo import __version__

ROOT = Path(__file__).parents[2]
MOST_LINES = 400


def sources() -> list[Path]:
    """Every source file that git knows."""
    listed = subprocess.run(
        ["git", "ls-files", "*.py", "*.rs", "*.js", "*.mjs", "*.ts", "*.pyi"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / line for line in listed.stdout.splitlines() if (ROOT / line).exists()]


def test_every_file_can_be_read_whole() -> None:
    lines = {str(file.relative_to(ROOT)): len(file.read_text().splitlines()) for file in sources()}

    assert lines
    assert {name: count for name, count in lines.items() if count > MOST_LINES} == {}


def test_python_and_rust_have_one_version() -> None:
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())

    assert cargo["workspace"]["package"]["version"] == __version__


def test_every_package_that_is_asked_for_has_an_exact_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    asked += [each for group in project["dependency-groups"].values() for each in group]
    text = (ROOT / "constraints.txt").read_text()
    exact = {line.split("==")[0].lower() for line in text.splitlines()}

    names = {each.split(">")[0].split("[")[0].lower() for each in asked}

    assert names - exact == set()
