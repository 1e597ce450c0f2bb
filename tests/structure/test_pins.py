"""Every package that is pinned can be installed with the oldest Python that Attimo supports."""

import sys
import tomllib
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
OLDEST = "3.11.2"
"""That of Debian 12, on which the README's commands work."""


def installed() -> list[Distribution]:
    """What is in the environment, and in those of programs that have one of their own."""
    apart = Path(sys.prefix, "programs").glob("*/lib/python*/site-packages")
    return [*distributions(), *distributions(path=[str(each) for each in apart])]


def test_what_is_installed_allows_the_oldest_python() -> None:
    needed = {
        each.name: SpecifierSet(each.metadata["Requires-Python"] or "") for each in installed()
    }

    assert {Requirement(each).name for each in project()["dependencies"]} <= needed.keys()
    assert OLDEST in SpecifierSet(project()["requires-python"])
    assert {name: str(of) for name, of in needed.items() if OLDEST not in of} == {}


def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found
