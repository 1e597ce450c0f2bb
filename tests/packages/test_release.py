"""`make release` adds to wheel and sdist what a release needs, and refuses a wrong name."""

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from packages.conftest import ROOT

VERSION = tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
NAME = f"attimo-{VERSION}"


def complete(dist: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """What `make release` does after building."""
    return subprocess.run(
        [sys.executable, ROOT / "setup" / "release.py", "--dist", dist, *options],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def dist(wheel: Path, sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release."""
    folder = tmp_path_factory.mktemp("dist")
    for each in (wheel, sdist):
        shutil.copy(each, folder)
    done = complete(folder, "--rehearsal")
    assert done.returncode == 0, done.stderr
    return folder


def components(file: Path) -> dict[str, Any]:
    """The components of an SBOM, by name."""
    bom = json.loads(file.read_text())
    assert bom["bomFormat"] == "CycloneDX"
    return {each["name"]: each for each in bom["components"]}


def test_a_release_has_these_files_and_their_checksums(dist: Path, wheel: Path) -> None:
    assert {each.name for each in dist.iterdir()} == {
        wheel.name,
        f"{NAME}.tar.gz",
        f"{NAME}-constraints.txt",
        f"{NAME}-python.cdx.json",
        f"{NAME}-rust.cdx.json",
        "SHA256SUMS",
    }
    check = ["sha256sum", "--check", "--strict", "SHA256SUMS"]
    done = subprocess.run(check, cwd=dist, capture_output=True, text=True, check=True)
    assert done.stdout.count(": OK\n") == len(list(dist.iterdir())) - 1


def test_its_sboms_name_what_is_compiled_in_and_what_is_installed(dist: Path) -> None:
    rust = components(dist / f"{NAME}-rust.cdx.json")
    python = components(dist / f"{NAME}-python.cdx.json")
    locked = tomllib.loads((ROOT / "Cargo.lock").read_text())["package"]
    exact = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().split())

    versions = {(each["name"], each["version"]) for each in locked}
    others = {each["name"] for each in rust.values() if (each["name"], each["version"]) in versions}
    assert {"rustls", "tokio", "attimo-server"} <= others
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = {each.partition(">")[0] for each in project["dependencies"]}
    assert needed <= set(python) - {"attimo"}
    assert {name: python[name]["version"] for name in needed} == {
        name: exact[name] for name in needed
    }


def test_sources_without_the_tag_of_their_version_are_no_release(tmp_path: Path) -> None:
    """In a copy, since a checkout may have the tag."""
    copy = tmp_path / "copy"
    subprocess.run(["git", "clone", "--quiet", "--no-tags", ROOT, copy], check=True)
    shutil.copy(ROOT / "setup" / "release.py", copy / "setup" / "release.py")
    commit = ["-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "--quiet", "-am", "t"]
    tag = ["git", "tag", f"v{VERSION}"]

    def told() -> str:
        program = [sys.executable, "setup/release.py"]
        return subprocess.run(program, cwd=copy, capture_output=True, text=True).stderr

    (copy / "CHANGELOG.md").write_text(f"# Changelog\n\n## {VERSION}0\n")
    assert f"CHANGELOG.md has no section for {VERSION}" in told()
    (copy / "CHANGELOG.md").write_text(f"# Changelog\n\n## {VERSION}\n")
    assert "there are changes that are not committed" in told()
    subprocess.run(["git", "add", "--all"], cwd=copy, check=True)
    subprocess.run(["git", *commit], cwd=copy, check=True)
    assert f"does not have the tag v{VERSION}" in told()
    subprocess.run(tag, cwd=copy, check=True)
    assert "0 files" in told()
