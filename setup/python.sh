#!/bin/sh
# Makes the virtual environment .venv, and tells what is missing on this machine in one line each.
set -eu

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

python=${PYTHON:-python3}
command -v "$python" >/dev/null || die "python3 is missing (Debian: apt-get install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "Attimo needs Python 3.11 or later; $python is $("$python" -V 2>&1). Name another: make PYTHON=python3.12 …"

if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    line="apt-get install -y python3-venv"
    [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null ||
        die "python3 -m venv does not work here; type this first: sudo $line"
    say "Installing python3-venv (Debian keeps it apart from Python)"
    apt-get update -q && $line
fi

say "Making the virtual environment .venv"
"$python" -m venv .venv
