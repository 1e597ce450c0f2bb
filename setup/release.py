"""Complete a release: check what it is called, and add what belongs to it to dist/.

`make release` has built the wheel and the sdist. This adds one SBOM for each language (CycloneDX),
the exact versions of the Python packages that were tested, and the checksum of every file.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
SBOM = ROOT / ".venv" / "programs" / "sbom" / "bin" / "cyclonedx-py"
SUMS = "SHA256SUMS"


def version() -> str:
    """Return the version of the sources."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    found: str = cargo["workspace"]["package"]["version"]
    return found


def complaints(wanted: str) -> list[str]:
    """Return what keeps these sources from being the release of this version."""
    found = []
    if not re.search(rf"^## {re.escape(wanted)}\b", (ROOT / "CHANGELOG.md").read_text(), re.M):
        found.append(f"CHANGELOG.md has no section for {wanted}")
    if _git("status", "--porcelain"):
        found.append("there are changes that are not committed")
    if f"v{wanted}" not in _git("tag", "--points-at", "HEAD").split():
        found.append(f"this commit does not have the tag v{wanted}")
    return found


def one(dist: Path, pattern: str) -> Path:
    """Return the one file of a kind; exit if there is another number of them."""
    found = list(dist.glob(pattern))
    if len(found) != 1:
        sys.exit(f"error: {dist} has {len(found)} files {pattern}, instead of 1: run make release")
    return found[0]


def write_sboms(dist: Path, wheel: Path, name: str) -> None:
    """Write what the wheel contains of Rust, and what it needs of Python."""
    with zipfile.ZipFile(wheel) as file:
        (inside,) = (each for each in file.namelist() if each.endswith(".cyclonedx.json"))
        (dist / f"{name}-rust.cdx.json").write_bytes(file.read(inside))
    with tempfile.TemporaryDirectory() as room:
        venv.create(room, with_pip=True)
        python = Path(room) / "bin" / "python"
        pip = [python, "-m", "pip", "--disable-pip-version-check"]
        exact = ["--constraint", ROOT / "constraints.txt"]
        subprocess.run([*pip, "install", "--quiet", *exact, wheel], check=True)
        subprocess.run([*pip, "uninstall", "--quiet", "--yes", "setuptools", "pip"], check=True)
        options = ["--output-reproducible", "--pyproject", ROOT / "pyproject.toml"]
        to = ["--output-file", dist / f"{name}-python.cdx.json"]
        subprocess.run([SBOM, "environment", *options, *to, python], check=True)


def write_sums(dist: Path) -> None:
    """Write the checksums, for `sha256sum --check`."""
    files = sorted(each for each in dist.iterdir() if each.name != SUMS)
    lines = [f"{hashlib.sha256(each.read_bytes()).hexdigest()}  {each.name}\n" for each in files]
    (dist / SUMS).write_text("".join(lines))


def main() -> None:
    """Check and write."""
    parser = argparse.ArgumentParser(description="Complete a release.")
    parser.add_argument("--dist", type=Path, default=ROOT / "dist")
    parser.add_argument("--rehearsal", action="store_true", help="only warn of a wrong name")
    given = parser.parse_args()
    wanted = version()
    for each in complaints(wanted):
        if not given.rehearsal:
            sys.exit(f"error: this is not the release {wanted}: {each}")
        print(f"rehearsal of {wanted}: {each}")
    name = f"attimo-{wanted}"
    wheel = one(given.dist, f"{name}-*.whl")
    one(given.dist, f"{name}.tar.gz")
    write_sboms(given.dist, wheel, name)
    shutil.copy(ROOT / "constraints.txt", given.dist / f"{name}-constraints.txt")
    write_sums(given.dist)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout.strip()


if __name__ == "__main__":
    main()
