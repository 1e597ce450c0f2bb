"""A data command takes few files by hand: `ListInsert`, which only HTTP has, shows how many."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_FILES = 8
NAMES = ["ListInsert", "list/insert", "Inserted"]
"""Of the method, its path, and the engine's reply."""
NOT_BY_HAND = ["docs/reference"]
ABOUT_IT = ["CONTRIBUTING.md", "tests/structure/test_data_command.py"]


def test_a_data_command_is_named_in_few_files() -> None:
    names = [argument for name in NAMES for argument in ("-e", name)]
    left_out = [f":!{path}" for path in (*NOT_BY_HAND, *ABOUT_IT)]
    found = subprocess.run(
        ["git", "grep", "--files-with-matches", "--word-regexp", *names, "--", *left_out],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert "rust/engine/src/commands/list.rs" in found
    assert "tests/conformance/http/test_list.py" in found
    assert len(found) <= MOST_FILES, found
