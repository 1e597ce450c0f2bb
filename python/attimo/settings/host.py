"""The memory and processors that this machine, or its container, allows the process.

Containers set limits by control groups, version 1 or 2; those of parent groups count, too. `root`
is the root of the file system; tests use another one.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
_VERSION_1 = ("memory.limit_in_bytes",)
MIB = 2**20
PROCESS_BYTES = 72 * MIB
"""Memory of the process beside its data: 36 MB private at rest, password hashing, and control
requests in flight."""
KERNEL_SHARE = 16
"""The kernel's share is one in this many: sockets, page tables, mapped files."""
KERNEL_BYTES = 8 * MIB
"""The kernel's share at least."""
RESIDENT_PERCENT = 115
"""The most that data occupies temporarily, in percent of its budget."""


def memory_bytes(root: Path = ROOT) -> int:
    """Return the memory limit in bytes: the lowest of machine and groups."""
    groups = [limit for limit, _ in _memory_limits(root)]
    return min([_host_memory(root), *groups])


def memory_group(root: Path = ROOT) -> Path | None:
    """Return the directory of the group that limits memory; None if only the machine does."""
    limit, group = min(_memory_limits(root), default=(0, root), key=lambda found: found[0])
    return group if 0 < limit < _host_memory(root) else None


def data_bytes(limit_bytes: int) -> int:
    """Return the share of a limit for data: what process and kernel leave, and at most three
    quarters, so that other programs have some, too."""
    left = (process_bytes(limit_bytes) - PROCESS_BYTES) * 100 // RESIDENT_PERCENT
    return max(min(left, limit_bytes * 3 // 4), limit_bytes // 16)


def process_bytes(limit_bytes: int) -> int:
    """Return the share of a limit for the process, its data included."""
    return limit_bytes - max(limit_bytes // KERNEL_SHARE, KERNEL_BYTES)


def shared_bytes(limit_bytes: int) -> int:
    """Return the share of a limit for all processes and the kernel together."""
    return (limit_bytes + process_bytes(limit_bytes)) // 2


def two_servers_bytes(data: int) -> int:
    """Return the least memory of two servers with this budget while one replaces the other, with a
    quarter of it for items."""
    return 2 * (PROCESS_BYTES + data // 4)


def processors(root: Path = ROOT) -> int:
    """Return the number of processors that this process may use, at least 1."""
    allowed = len(os.sched_getaffinity(0))
    return min([allowed, *_processor_limits(root)])


def _host_memory(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{root}proc/meminfo has no MemTotal")


def _memory_limits(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield each limit and the directory of its group."""
    for controller, names in (("", ("memory.max", "memory.high")), ("memory", _VERSION_1)):
        for group in _groups(root, controller):
            for name in names:
                yield from ((limit, group) for limit in _number(group / name))


def _processor_limits(root: Path) -> Iterator[int]:
    for group in _groups(root, ""):
        quota, _, period = _text(group / "cpu.max").partition(" ")
        if quota.isdecimal() and period.isdecimal():
            yield max(1, math.ceil(int(quota) / int(period)))
    for group in _groups(root, "cpu"):
        for share in _number(group / "cpu.cfs_quota_us"):
            for period_us in _number(group / "cpu.cfs_period_us"):
                yield max(1, math.ceil(share / period_us))


def _groups(root: Path, controller: str) -> Iterator[Path]:
    """Yield the directories of this process's group and its parents; version 2 is controller ""."""
    mounted = root / "sys/fs/cgroup" / controller
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            below = Path(path.lstrip("/"))
            yield from (mounted / group for group in (below, *below.parents))


def _number(file: Path) -> Iterator[int]:
    """Yield the number in a file, if it exists and has one ("max" and -1 are no limit)."""
    text = _text(file)
    if text.isdecimal():
        yield int(text)


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
