"""On what, and of what, the figures were taken."""

import os
import platform
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.errors import SetupError
from bench.pinning import is_real_time

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class About:
    """The circumstances of a run.

    Attributes:
        commit: What was measured; ends in `+` if files of the repository were changed.
        busy: How many processes wanted to run in the minute before (the load average).
        real_time: Whether servers and generator went before everything else.
    """

    date: str
    commit: str
    processor: str
    cores: int
    memory_gib: float
    kernel: str
    system: str
    python: str
    busy: float
    real_time: bool
    quick: bool
    command: str


def about(quick: bool, command: str) -> About:
    """Describe this machine and this commit."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return About(
        date=datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        commit=commit(),
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(memory, 1),
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        python=platform.python_version(),
        busy=round(os.getloadavg()[0], 2),
        real_time=is_real_time(),
        quick=quick,
        command=command,
    )


def check_the_core_is_built() -> None:
    """See that what is measured is what the sources say.

    Raises:
        SetupError: The core is missing, or older than its sources.
    """
    core = ROOT / "python" / "attimo" / "_core.abi3.so"
    sources = [path.stat().st_mtime for path in (ROOT / "rust").rglob("*.rs")]
    if not core.exists() or core.stat().st_mtime < max(sources):
        raise SetupError("the data plane is older than its sources; type: make build")


def commit() -> str:
    """The commit that is checked out, short."""
    changed = _git("status", "--porcelain", "--untracked-files=no", "--", "rust", "python")
    return _git("rev-parse", "--short", "HEAD") + ("+" if changed else "")


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
