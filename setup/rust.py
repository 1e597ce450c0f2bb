"""Provide a Rust toolchain that is new enough for the workspace.

The one on PATH is used if it is at least `rust-version` of Cargo.toml. Otherwise rustup installs
the current stable one into .venv/rust, with clippy and rustfmt, and .venv/bin gets commands that
run it. Nothing outside .venv changes: neither ~/.cargo, nor ~/.rustup, nor the PATH of the shell.
"""

import importlib
import os
import re
import shlex
import ssl
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOME = ROOT / ".venv" / "rust"
BIN = ROOT / ".venv" / "bin"
COMMANDS = ("cargo", "rustc", "rustdoc", "rustfmt")
COMPONENTS = ("clippy", "rustfmt")
# These replace the user's settings, so that nothing of theirs is read or written.
ENVIRONMENT = {
    "RUSTUP_HOME": str(HOME / "rustup"),
    "CARGO_HOME": str(HOME / "cargo"),
    "RUSTUP_TOOLCHAIN": "stable",
}


def say(text: str) -> None:
    """Print a step as `make` prints its own."""
    print(f"\033[1m==>\033[0m {text}", flush=True)


def version(command: str) -> str:
    """Return what `command --version` reports, such as 1.95.0; empty if it does not run."""
    try:
        done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout)
    return found[0] if found else ""


def numbers(text: str) -> tuple[int, ...]:
    """Return a version as numbers to compare."""
    return tuple(map(int, text.split(".")))


def complaint() -> str:
    """Say what is wrong with the toolchain on PATH; empty if nothing is."""
    cargo = tomllib.loads((ROOT / "Cargo.toml").read_text())
    least = cargo["workspace"]["package"]["rust-version"]
    for command in ("cargo", "rustc"):
        found = version(command)
        if not found:
            return f"No Rust toolchain found (`{command} --version` does not run)"
        if numbers(found) < numbers(least):
            return f"{command} {found} is too old; Attimo needs Rust {least} or later"
    return ""


def trust_what_the_system_trusts() -> None:
    """Verify the download with the system's certificates, as curl does, where there are some."""
    folder = ssl.get_default_verify_paths().capath
    if folder and any(Path(folder).iterdir()):
        os.environ.setdefault("SSL_CERT_DIR", folder)


def install() -> None:
    """Install the stable toolchain, or update it; raise what any of the steps raises."""
    # The installer otherwise warns of another toolchain on PATH.
    os.environ.update(ENVIRONMENT, RUSTUP_INIT_SKIP_PATH_CHECK="yes")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
    subprocess.run([*pip, "--constraint", ROOT / "constraints.txt", "puccinialin"], check=True)

    trust_what_the_system_trusts()
    importlib.invalidate_caches()
    importlib.import_module("puccinialin").setup_rust(HOME)
    rustup = [HOME / "cargo" / "bin" / "rustup", "toolchain", "install", "stable"]
    parts = [word for component in COMPONENTS for word in ("--component", component)]
    subprocess.run([*rustup, "--profile", "minimal", "--no-self-update", *parts], check=True)


def lead_to_it() -> None:
    """Write commands into .venv/bin, which the Makefile and an activated environment have first."""
    settings = " ".join(f"{name}={shlex.quote(value)}" for name, value in ENVIRONMENT.items())
    for command in COMMANDS:
        target = shlex.quote(str(HOME / "cargo" / "bin" / command))
        script = BIN / command
        script.write_text(
            f'#!/bin/sh\n# Written by setup/rust.py.\nexport {settings}\nexec {target} "$@"\n'
        )
        script.chmod(0o755)


def main() -> None:
    """Check, and install what is missing."""
    wrong = complaint()
    if not wrong:
        return
    say(f"{wrong}: installing the stable one into .venv/rust (over 100 MB)")
    try:
        install()
    except Exception as error:  # Whatever step it is: the way out is the same.
        sys.exit(
            f"error: the Rust toolchain could not be installed: {error}\n"
            "Check the network, or install Rust yourself (https://rustup.rs), and run make again."
        )
    lead_to_it()


main()
