"""What a process holds and spends, from /proc."""

import os
import time
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def resident_bytes(pid: int) -> int:
    """Bytes of memory that a process holds now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def spent_seconds(pid: int) -> float:
    """Processor seconds, user and system, of all threads that live, since the process began."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def share_while_left_alone(pid: int, seconds: float) -> float:
    """Of one core, what a process takes while nobody asks anything of it for `seconds`."""
    before, start = spent_seconds(pid), time.monotonic()
    time.sleep(seconds)
    return (spent_seconds(pid) - before) / (time.monotonic() - start)


def wait_until_settled(pid: int, limit_seconds: float = 10) -> None:
    """Return when a process has stopped working on what came before, or after the limit."""
    end = time.monotonic() + limit_seconds
    while time.monotonic() < end and share_while_left_alone(pid, 0.25) > 0.05:
        pass
