#!/bin/sh
# Tells what the Rust build misses on this machine, before the build fails in the middle.
set -eu

die() { printf 'error: %s\n' "$*" >&2; exit 1; }

command -v cargo >/dev/null ||
    die "cargo is missing: Attimo's data plane is built with a Rust toolchain (https://rustup.rs)"
command -v "${CC:-cc}" >/dev/null ||
    die "a C compiler is missing (Debian: apt-get install gcc libc6-dev)"
