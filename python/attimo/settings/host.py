"""What this machine, or the container around this process, allows: memory and processors.

Containers say so through control groups, version 1 or 2; a limit of any group above counts.
`root` is the root of the file system, another one in tests.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
_VERSION_1 = ("memory.limit_in_bytes",)
MIB = 2**20
PROCESS_BYTES = 72 * MIB
"""What the process may take beside its data: 36 MB private at rest, hashing, and control requests
in flight."""
KERNEL_SHARE = 16
"""The kernel gets one part in so many: sockets, page tables, the files that are mapped."""
KERNEL_BYTES = 8 * MIB
"""What it gets at least."""
RESIDENT_PERCENT = 115
"""What data occupies at most for a while, in percent of its budget."""


def memory_bytes(root: Path = ROOT) -> int:
    """Return the bytes of memory that this process may use: the least of host and groups."""
    groups = [limit for limit, _ in _memory_limits(root)]
    return min([_host_memory(root), *groups])


def memory_group(root: Path = ROOT) -> Path | None:
    """Return the folder of the group that limits memory, if a group does and not the machine."""
    limit, group = min(_memory_limits(root), default=(0, root), key=lambda found: found[0])
    return group if 0 < limit < _host_memory(root) else None


def data_bytes(limit_bytes: int) -> int:
    """Return how much of a limit data may take: what is left beside process and kernel, and no
    more than three quarters, so that other programs find something, too."""
    left = (process_bytes(limit_bytes) - PROCESS_BYTES) * 100 // RESIDENT_PERCENT
    return max(min(left, limit_bytes * 3 // 4), limit_bytes // 16)


def process_bytes(limit_bytes: int) -> int:
    """Return how much of a limit the process may occupy, its data included."""
    return limit_bytes - max(limit_bytes // KERNEL_SHARE, KERNEL_BYTES)


def shared_bytes(limit_bytes: int) -> int:
    """Return how much of a limit all processes and the kernel may occupy together."""
    return (limit_bytes + process_bytes(limit_bytes)) // 2


def two_servers_bytes(data: int) -> int:
    """Return what two servers that may take so much for data occupy at least, while one takes the
    other's place: items keep a quarter of it."""
    return 2 * (PROCESS_BYTES + data // 4)


def processors(root: Path = ROOT) -> int:
    """Return how many processors this process may keep busy, at least 1."""
    allowed = len(os.sched_getaffinity(0))
    return min([allowed, *_processor_limits(root)])


def _host_memory(root: Path) -> int:
    for line in (root / "proc/meminfo").read_text().splitlines():
        if line.startswith("MemTotal:"):
            return int(line.split()[1]) * 1024
    raise OSError(f"{root}proc/meminfo does not tell MemTotal")


def _memory_limits(root: Path) -> Iterator[tuple[int, Path]]:
    """Yield each limit and the folder of its group."""
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
    """Yield the folders of this process's group and of all above it; version 2 is controller ""."""
    mounted = root / "sys/fs/cgroup" / controller
    for line in _text(root / "proc/self/cgroup").splitlines():
        _, controllers, path = line.split(":", 2)
        if controller in controllers.split(","):
            below = Path(path.lstrip("/"))
            yield from (mounted / group for group in (below, *below.parents))


def _number(file: Path) -> Iterator[int]:
    """Yield the number in a file, if the file is there and has one ("max" and -1 are none)."""
    text = _text(file)
    if text.isdecimal():
        yield int(text)


def _text(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
