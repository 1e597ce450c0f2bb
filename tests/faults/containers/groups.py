"""Containers as the kernel makes them: a control group with a limit of memory, version 1 or 2."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOUNTED = Path("/sys/fs/cgroup")


class NoGroupsError(Exception):
    """This machine lets no group be made; the text says why."""


@dataclass(frozen=True)
class Group:
    """A control group with nobody in it yet."""

    path: Path
    version: int

    @property
    def prefix(self) -> tuple[str, ...]:
        """What runs a command in it."""
        return "sh", "-c", 'echo $$ > "$0" && exec "$@"', str(self.path / "cgroup.procs")

    @property
    def kills(self) -> int:
        """How many processes the kernel has killed in it for want of memory."""
        name = "memory.events" if self.version == 2 else "memory.oom_control"
        counts = dict(line.split() for line in (self.path / name).read_text().splitlines())
        return int(counts["oom_kill"])

    @property
    def peak(self) -> int:
        """The most that it has taken, page cache and kernel included, in bytes."""
        name = "memory.peak" if self.version == 2 else "memory.max_usage_in_bytes"
        return int((self.path / name).read_text())


@contextmanager
def group(limit_bytes: int) -> Iterator[Group]:
    """Make a group with a limit, and remove it when its processes have ended.

    Raises:
        NoGroupsError: The machine does not let one be made.
    """
    version, parent = _hierarchy()
    made = parent / f"attimo-{uuid.uuid4().hex[:12]}"
    limit = "memory.max" if version == 2 else "memory.limit_in_bytes"
    try:
        if version == 2:
            _delegate(parent)
        made.mkdir()
        (made / limit).write_text(str(limit_bytes))
    except OSError as error:
        if made.exists():
            made.rmdir()
        raise NoGroupsError(
            f"{made}: {error.strerror}; it takes root and a writable {MOUNTED}"
        ) from error
    if version == 2:
        (made / "memory.swap.max").write_text("0")
    try:
        yield Group(made, version)
    finally:
        made.rmdir()


def _hierarchy() -> tuple[int, Path]:
    """Where groups for memory are made."""
    if "memory" in _text(MOUNTED / "cgroup.controllers").split():
        return 2, MOUNTED
    if os.access(MOUNTED / "memory", os.W_OK):
        return 1, MOUNTED / "memory"
    raise NoGroupsError(f"{MOUNTED} has no controller for memory that this user may use")


def _delegate(parent: Path) -> None:
    """Let the groups below have limits of memory."""
    if "memory" not in _text(parent / "cgroup.subtree_control").split():
        (parent / "cgroup.subtree_control").write_text("+memory")


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except OSError:
        return ""
