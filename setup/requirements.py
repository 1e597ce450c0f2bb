"""Print what has to be installed for a purpose, as pyproject.toml says: `run` or `develop`."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
needed = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
if sys.argv[1:] == ["develop"]:
    needed += project["dependency-groups"]["dev"]
print("\n".join(needed))
