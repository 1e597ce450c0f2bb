"""On which core a process runs, and that it need not wait for the machine's other work."""

import subprocess
from functools import cache


def pinned(cores: str, command: list[str]) -> list[str]:
    """The command line that runs `command` on `cores`; its process is that of the command.

    Where the system allows it, the process is scheduled in real time, in turn with its equals:
    whoever else uses the machine then costs the figures little more than caches.
    """
    first = ["chrt", "--rr", "1"] if is_real_time() else []
    return [*first, "taskset", "--cpu-list", cores, *command]


@cache
def is_real_time() -> bool:
    """Whether the system lets us schedule in real time."""
    tried = subprocess.run(["chrt", "--rr", "1", "true"], capture_output=True, check=False)
    return tried.returncode == 0
