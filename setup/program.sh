#!/bin/sh
# setup/program.sh NAME REQUIREMENTS: installs a program that judges or describes Attimo into an
# environment of its own, .venv/programs/NAME, by exact versions; what it needs would not fit into ours.
set -eu

folder=.venv/programs/$1
python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip --disable-pip-version-check install --quiet --no-deps --requirement "$2"
