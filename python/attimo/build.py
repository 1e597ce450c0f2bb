"""The commit that this program was built from."""

import contextlib
import importlib
import subprocess
from pathlib import Path

DIGITS = 12


def commit() -> str | None:
    """Return the commit: a wheel has it recorded (`setup/recorded.py`), a checkout is asked for it.

    None if neither knows, as in a copy of the sources without git.
    """
    with contextlib.suppress(ImportError):
        recorded: str = importlib.import_module("attimo._commit").COMMIT
        return recorded
    return of_checkout(Path(__file__).parents[2])


def of_checkout(root: Path) -> str | None:
    """Return the commit of a checkout, with `+` if files have changed since; None if it is none."""
    if not (root / ".git").exists():
        return None
    try:
        found = _git(root, "rev-parse", f"--short={DIGITS}", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return None
    return f"{found}+" if changed else found


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(  # noqa: S603 (no word comes from outside)
        ["git", "-C", str(root), *words],  # noqa: S607 (whichever git the person uses)
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()
