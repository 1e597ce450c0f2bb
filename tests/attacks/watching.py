"""What an attack costs the server: memory at its peak, time of its threads, others' patience."""

import http.client
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from harness import Server

MB = 1 << 20
SETTLED_SECONDS = 0.3
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


def resident(server: Server) -> int:
    """The memory that a server has now, in bytes."""
    return _status(server, "VmRSS")


def cpu_seconds(server: Server) -> float:
    """What its threads have used until now."""
    stat = Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(stat[11]) + int(stat[12])) / CLOCK_TICKS


@dataclass
class Cost:
    """What it took while it was watched."""

    peak_growth: int = 0
    cpu_seconds: float = 0.0
    seconds: float = 0.0

    @property
    def cores(self) -> float:
        """How many cores it kept busy."""
        return self.cpu_seconds / self.seconds


@contextmanager
def watched(server: Server) -> Iterator[Cost]:
    """Watch a server; what it took stands in the result afterwards."""
    cost = Cost()
    before, began, used = resident(server), time.monotonic(), cpu_seconds(server)
    # The kernel forgets the highest level that there was until now.
    Path(f"/proc/{server.pid}/clear_refs").write_text("5")
    yield cost
    cost.peak_growth = _status(server, "VmHWM") - before
    cost.seconds = time.monotonic() - began
    cost.cpu_seconds = cpu_seconds(server) - used


@dataclass
class Neighbour:
    """Somebody else on a connection of his own, who asks at a steady pace."""

    server: Server
    pause_seconds: float = 0.004
    taken: list[float] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Ask until told to end; whatever fails is raised to whoever joins."""
        connection = http.client.HTTPConnection(*self.server.http_address, timeout=20)
        while not self.ending.wait(self.pause_seconds):
            began = time.perf_counter()
            connection.request("GET", "/health")
            answer = connection.getresponse()
            answer.read()
            self.taken.append(time.perf_counter() - began)
        connection.close()

    @property
    def p99(self) -> float:
        """What 99 of 100 requests took at most, in seconds."""
        return sorted(self.taken)[len(self.taken) * 99 // 100]


@contextmanager
def neighbour(server: Server) -> Iterator[Neighbour]:
    """Let somebody else ask meanwhile."""
    somebody = Neighbour(server)
    thread = threading.Thread(target=somebody.run)
    thread.start()
    try:
        yield somebody
    finally:
        somebody.ending.set()
        thread.join()


def settled(server: Server) -> None:
    """Wait until the server takes no more memory than a moment before."""
    last = 0
    while abs((now := resident(server)) - last) > MB:
        last = now
        time.sleep(SETTLED_SECONDS)


def _status(server: Server, name: str) -> int:
    lines = Path(f"/proc/{server.pid}/status").read_text().splitlines()
    (line,) = (line for line in lines if line.startswith(f"{name}:"))
    return int(line.split()[1]) * 1024
