"""Every command does what its help says: its examples run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from attimo.cli.command import Command, walk
from attimo.cli.commands import app
from e2e.prepared import here as here
from e2e.prepared import in_words
from e2e.prepared import its_own as its_own
from e2e.prepared import known as known
from e2e.prepared import store as store
from e2e.words import COMMANDS
from harness import bare_environment


def test_every_command_has_two_examples_and_json() -> None:
    wrong = {
        path
        for path, command in walk(app)
        if not isinstance(command, Command)
        or len(command.examples) < 2
        or (command.shape is None and path not in {("serve",), ("help",)})
    }

    assert wrong == set()


@pytest.mark.parametrize("path", [*COMMANDS, ("help",), ("completion",)], ids=" ".join)
def test_the_examples_of_the_help_run(known: dict[str, str], path: tuple[str, ...]) -> None:
    command = dict(walk(app))[path]
    assert isinstance(command, Command)
    own = {
        name: value for name, value in os.environ.items() if name.startswith(("ATTIMO_", "XDG_"))
    }
    failed = {}
    for example in command.examples:
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", in_words(example, known)],
            env=bare_environment() | own | {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"},
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        if done.returncode or "attimo:" in done.stderr:
            failed[example] = done.stderr

    assert failed == {}
