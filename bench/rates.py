"""Latency at steady rates that are the same for everybody: open loop, one server at a time."""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

from bench import progress
from bench.driver import Drive, Load, drive, filling
from bench.peers import STARTERS, Peer
from bench.pinning import schedule_ordinarily
from bench.plan import Plan

RATES = (10_000, 50_000, 100_000)
ROUNDS = 3
KEYS = 1_000_000
TAILS = ("p99", "p999")


@dataclass(frozen=True, slots=True)
class Way:
    """How a server is asked: what is spoken, and by how many connections and streams."""

    server: str
    protocol: str
    connections: int
    depth: int
    tls: bool = False

    def asks(self, peers: dict[str, Peer]) -> Peer:
        """The server as this speaks to it."""
        asked = replace(peers[self.server], protocol=self.protocol)
        return asked.over_tls() if self.tls else asked


WAYS = {
    "grpc": Way("attimo", "grpc", 1, 100),
    "grpc-tls": Way("attimo", "grpc", 1, 100, tls=True),
    "http1": Way("attimo", "http1", 50, 1),
    "redis": Way("redis", "resp", 50, 1),
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One way at one rate.

    Attributes:
        rounds: With the other ways in between.
    """

    way: str
    per_second: int
    rounds: tuple[Drive, ...]

    def figures(self) -> dict[str, float]:
        """The medians by name; times in microseconds."""
        found = {
            "p50": median(each.p50 for each in self.rounds),
            "p99": median(each.p99 for each in self.rounds),
            "p999": median(each.p999 for each in self.rounds),
            "behind_seconds": median(each.behind for each in self.rounds) / self.per_second,
        }
        return {f"rate.{self.per_second}.{self.way}.{name}": n for name, n in found.items()}


def measure(plan: Plan) -> list[Rate]:
    """Gets of 100 bytes, Zipf, at each rate in each way; in turn, three rounds."""
    with ExitStack() as stack:
        names = sorted({way.server for way in WAYS.values()})
        peers = {name: stack.enter_context(STARTERS[name]()) for name in names}
        for peer in peers.values():
            drive(peer, filling(KEYS))
            schedule_ordinarily(peer.pid)
        pairs = [(name, rate) for rate in RATES for name in WAYS]
        rounds: dict[tuple[str, int], list[Drive]] = {pair: [] for pair in pairs}
        for turn in range(ROUNDS):
            progress.say(f"Round {turn + 1} of {ROUNDS}")
            for name, rate in pairs:
                rounds[name, rate].append(_drive(WAYS[name], rate, peers, plan, turn + 1))
    found = [Rate(name, rate, tuple(drives)) for (name, rate), drives in rounds.items()]
    for each in found:
        p99, p999 = (each.figures()[f"rate.{each.per_second}.{each.way}.{n}"] for n in TAILS)
        progress.say(
            f"  {each.per_second:>7,}/s {each.way:<8} p99 {p99 / 1000:.2f} ms, "
            f"p99.9 {p999 / 1000:.2f} ms"
        )
    return found


def _drive(way: Way, rate: int, peers: dict[str, Peer], plan: Plan, seed: int) -> Drive:
    load = Load(way.connections, way.depth, reads=1, order="zipf", seconds=1, keys=KEYS, seed=seed)
    return drive(way.asks(peers), load.at(rate, plan.paced_seconds), real_time=False)
