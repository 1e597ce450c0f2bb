"""How processes run: on which core, with how many files, and before the machine's other work."""

import resource
import subprocess
from functools import cache

from bench.errors import SetupError


def pinned(cores: str, command: list[str], real_time: bool = True) -> list[str]:
    """The command line that runs `command` on `cores`; its process is that of the command.

    Where the system allows it, the process is scheduled in real time, in turn with its equals:
    whoever else uses the machine then costs the figures little more than caches. That is for
    processor time only: the kernel halts whatever takes more than 95 % of a core in real time for
    some 50 ms in each second, which would be all that latencies tell.
    """
    first = ["chrt", "--rr", "1"] if real_time and is_real_time() else []
    return [*first, "taskset", "--cpu-list", cores, *command]


def schedule_ordinarily(pid: int) -> None:
    """Let a process and its threads be scheduled as any other, from now on."""
    if is_real_time():
        command = ["chrt", "--all-tasks", "--other", "--pid", "0", str(pid)]
        subprocess.run(command, capture_output=True, check=True)


@cache
def is_real_time() -> bool:
    """Whether the system lets us schedule in real time."""
    tried = subprocess.run(["chrt", "--rr", "1", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def allow_files(count: int) -> None:
    """Let the processes that are started from now on open so many files.

    Raises:
        SetupError: The system does not allow it.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < count:
        raise SetupError(f"{count} files must be allowed, not {hard}; see: ulimit -Hn")
    if soft != resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, count), hard))
