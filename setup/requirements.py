"""Print what has to be installed, as pyproject.toml says.

Without words: what the program itself and its build need. Words name dependency groups.
"""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
groups = sys.argv[1:]
needed = [] if groups else project["build-system"]["requires"] + project["project"]["dependencies"]
for group in groups:
    needed += project["dependency-groups"][group]
print("\n".join(needed))
