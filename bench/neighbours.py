"""What an account far over its limit costs another one: both ask the one thread there is."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx

from bench import driver, progress
from bench.accounts import operator
from bench.driver import Drive, Load, drive, filling
from bench.limits import REFUSED
from bench.peers import Peer, attimo
from bench.pinning import schedule_ordinarily

SECONDS = 10.0
WARM_UP_SECONDS = 2.0
"""The burst of a second is used up then."""
KEYS = 10_000
LIMIT = 5_000
OPERATIONS_OF_A_HIT = 2
OFFERED = 10 * LIMIT / OPERATIONS_OF_A_HIT
PACED = 500
LARGE_BYTES = 4_990_000
PIECE_BYTES = 32_768
LARGE_PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The paced account alone, beside the Gets of one over its limit, and beside its large values.

    Attributes:
        flood: The Gets of the account over its limit, while it sent nothing else.
        large: How many values of 5 MB it sent, all in all.
        large_refused: How many of these were refused.
    """

    alone: Drive
    beside: Drive
    beside_large: Drive
    flood: Drive
    large: int
    large_refused: int

    def figures(self) -> dict[str, float]:
        """The figures by name; times in microseconds. A failed request would have ended the run."""
        served = OPERATIONS_OF_A_HIT * self.flood.right / self.flood.seconds
        return {
            "neighbour.p99_alone": self.alone.p99,
            "neighbour.p99_beside": self.beside.p99,
            "neighbour.p99_beside_large": self.beside_large.p99,
            "neighbour.p99_times": self.beside_large.p99 / self.alone.p99,
            "neighbour.offered_per_second": self.flood.per_second,
            "neighbour.served_operations_per_second": served,
            "neighbour.off_limit_percent": 100 * abs(served / LIMIT - 1),
            "neighbour.large": float(self.large),
            "neighbour.large_refused": float(self.large_refused),
        }


def measure() -> Neighbours:
    """Ask at a steady rate: alone, beside ten times the limit, and with values of 5 MB, too."""
    gets = Load(4, 8, 1, "zipf", SECONDS, WARM_UP_SECONDS, keys=KEYS, rate=PACED)
    many = replace(gets, rate=OFFERED)
    with attimo() as peer, operator(peer) as asks:
        account = asks.create("over its limit")
        flooding = replace(peer, token=account.key)
        for each in (peer, flooding):
            drive(each, filling(KEYS))
        asks.assign(account.id, "unlimited", {"operations_per_second": LIMIT})
        schedule_ordinarily(peer.pid)
        alone = drive(peer, gets, real_time=False)
        beside, flood = _both(peer, gets, flooding, many)
        with large_values(flooding) as large:
            beside_large, _ = _both(peer, gets, flooding, many)
    sums = [large.count(status) for status in (204, 429)]
    found = Neighbours(alone, beside, beside_large, flood, sum(sums), sums[1])
    progress.say(
        f"  p99 {alone.p99 / 1000:.2f} ms alone, {beside_large.p99 / 1000:.2f} ms beside ten times "
        f"the limit and values of 5 MB; {found.figures()['neighbour.off_limit_percent']:.2f} % off"
    )
    return found


def _both(paced: Peer, gets: Load, flooding: Peer, many: Load) -> tuple[Drive, Drive]:
    loads = ((paced, gets), (flooding, many))
    first, second = [driver.start(peer, load, driver.CORE, False) for peer, load in loads]
    return driver.finish(first), driver.finish(second, refused=REFUSED)


@contextmanager
def large_values(peer: Peer) -> Iterator[list[int]]:
    """Let an account send values of 5 MB within the block; gives the statuses of the answers.

    The sender has the generator's core when that leaves it idle, and sends in pieces: one call for
    all would keep the generator waiting in the kernel, which is no matter of the server's.
    """
    ending = threading.Event()
    statuses: list[int] = []
    headers = {"authorization": peer.token, "content-length": str(LARGE_BYTES)}

    def send() -> None:
        os.sched_setaffinity(0, {int(driver.CORE)})  # this thread, beside the generator
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        with httpx.Client(
            base_url=f"http://{peer.address}", headers=headers, timeout=60, trust_env=False
        ) as client:
            while not ending.wait(LARGE_PAUSE_SECONDS):
                path = f"/cache/{peer.cache}?key=large&ttl_seconds=60"
                statuses.append(client.put(path, content=_pieces()).status_code)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield statuses
    finally:
        ending.set()
        thread.join()


def _pieces() -> Iterator[bytes]:
    for left in range(LARGE_BYTES, 0, -PIECE_BYTES):
        yield bytes(min(left, PIECE_BYTES))
