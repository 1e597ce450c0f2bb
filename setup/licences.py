"""Collect the licences of the Rust packages that are compiled into the data plane.

They go into rust/THIRD-PARTY-LICENSES.txt, which wheel and sdist contain. Each text is there once,
under the packages that have it; a package without a text of its own is listed with its licence's
name and its address.
"""

import json
import subprocess
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "rust" / "THIRD-PARTY-LICENSES.txt"
PACKAGE = "attimo-python"
STARTS = ("licen", "copying", "copyright", "notice", "unlicense")
LINE = "=" * 100

Package = dict[str, Any]


def metadata() -> dict[str, Any]:
    """Return what cargo knows of the workspace and its dependencies, as Cargo.lock has them."""
    host = _output("rustc", "--print", "host-tuple").strip()
    command = ("cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", host)
    found: dict[str, Any] = json.loads(_output(*command))
    return found


def compiled_in(found: dict[str, Any]) -> list[Package]:
    """Return the packages that the extension needs, without those for tests and build scripts."""
    packages = {each["id"]: each for each in found["packages"]}
    nodes = {each["id"]: each for each in found["resolve"]["nodes"]}
    waiting = [each["id"] for each in found["packages"] if each["name"] == PACKAGE]
    seen: set[str] = set()
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += [
                each["pkg"]
                for each in nodes[one]["deps"]
                if any(kind["kind"] is None for kind in each["dep_kinds"])
            ]
    others = (packages[one] for one in seen if packages[one]["source"])
    return sorted(others, key=lambda each: (each["name"], each["version"]))


def texts(package: Package) -> list[str]:
    """Return the licence texts of a package, and of a C library in a folder of it."""
    folder = Path(package["manifest_path"]).parent
    there = sorted(each for each in (*folder.glob("*"), *folder.glob("*/*")) if each.is_file())
    return [
        each.read_text("utf-8", errors="replace").strip()
        for each in there
        if each.name.lower().startswith(STARTS)
    ]


def page(packages: list[Package]) -> str:
    """Return the whole file."""
    by_text: dict[str, tuple[str, list[str]]] = {}
    users = defaultdict(list)
    bare = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        found = texts(package)
        if not found:
            bare.append(f"{name}: {package['license']}, {package['repository']}")
        for text in found:
            same = " ".join(text.split())
            by_text.setdefault(same, (text, users[same]))
            users[same].append(name)
    parts = ["Attimo's data plane contains these Rust packages."]
    parts += [f"{', '.join(dict.fromkeys(names))}\n\n{text}" for text, names in by_text.values()]
    if bare:
        parts.append("Packages without a text of their own\n\n" + "\n".join(bare))
    return f"\n\n{LINE}\n".join(parts) + "\n"


def _output(*command: str) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


if __name__ == "__main__":
    TARGET.write_text(page(compiled_in(metadata())), "utf-8")
