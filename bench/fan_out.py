"""Messages to a thousand subscribers: what a delivery costs, and how long it takes."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

from bench import progress
from bench.driver import Drive, Load, drive
from bench.peers import STARTERS, Peer
from bench.pinning import allow_files
from bench.plan import Plan

SUBSCRIBERS = 1_000
PER_SECOND = 20_000
"""Deliveries a second at which their latency is compared: so few that nobody takes half a core, and
the kernel never halts what it schedules in real time."""
PACED_ROUNDS = 3
SPARE_FILES = 200


@dataclass(frozen=True, slots=True)
class Way:
    """How subscribers are reached."""

    title: str
    server: str
    protocol: str
    connections: int


WAYS = {
    "grpc": Way("Attimo, gRPC, 10 connections", "attimo", "grpc", 10),
    "events": Way("Attimo, server-sent events, 1,000 connections", "attimo", "events", 1_000),
    "redis": Way("Redis, SUBSCRIBE, 1,000 connections", "redis", "resp", 1_000),
    "valkey": Way("Valkey, SUBSCRIBE, 1,000 connections", "valkey", "resp", 1_000),
}
PEERS = ("redis", "valkey")


@dataclass(frozen=True, slots=True)
class FanOut:
    """Rounds of each way.

    Attributes:
        rounds: One message after the other, each published when everybody has the one before.
        paced: At a rate that is the same for everybody.
    """

    rounds: dict[str, tuple[Drive, ...]]
    paced: dict[str, tuple[Drive, ...]]

    def figures(self) -> dict[str, float]:
        """The medians by name, and those of the ratios of rounds; times in microseconds."""
        found = {}
        for way in WAYS:
            found[f"topics.{way}.cpu"] = median(each.cpu for each in self.rounds[way])
            found[f"topics.{way}.per_second"] = median(each.per_second for each in self.rounds[way])
            for name in ("p50", "p99", "p999"):
                found[f"topics.{way}.{name}"] = median(_get(each, name) for each in self.paced[way])
        return found | dict(self._ratios())

    def _ratios(self) -> Iterator[tuple[str, float]]:
        for name, rounds in (("cpu", self.rounds), ("p999", self.paced)):
            for way in WAYS.keys() - PEERS:
                for peer in PEERS:
                    pairs = zip(rounds[way], rounds[peer], strict=True)
                    ratio = median(_get(a, name) / _get(b, name) for a, b in pairs)
                    yield f"topics.{way}.{name} : topics.{peer}.{name}", ratio


def _get(drive: Drive, name: str) -> float:
    return float(getattr(drive, name))


def measure(plan: Plan) -> FanOut:
    """Publish to a thousand subscribers in each way in turn, as fast as they read and at a rate."""
    allow_files(SUBSCRIBERS + SPARE_FILES)
    with ExitStack() as stack:
        names = sorted({way.server for way in WAYS.values()})
        peers = {name: stack.enter_context(STARTERS[name]()) for name in names}
        rounds = _rounds(peers, "fast", plan.rounds, plan.seconds, rate=None)
        paced = _rounds(peers, "paced", PACED_ROUNDS, plan.paced_seconds, rate=PER_SECOND)
    return FanOut(rounds, paced)


def _rounds(
    peers: dict[str, Peer], name: str, rounds: int, seconds: float, rate: float | None
) -> dict[str, tuple[Drive, ...]]:
    found: dict[str, list[Drive]] = {way: [] for way in WAYS}
    for turn in range(rounds):
        for way, drives in found.items():
            peer = replace(peers[WAYS[way].server], protocol=WAYS[way].protocol)
            # A topic of its own: a subscriber gets the newest message of one that was used before.
            load = messages(WAYS[way].connections, f"{name}-{turn}-{way}", seconds)
            drives.append(drive(peer, replace(load, rate=rate)))
            _say(way, drives[-1])
    return {way: tuple(drives) for way, drives in found.items()}


def messages(connections: int, topic: str, seconds: float, subscribers: int = SUBSCRIBERS) -> Load:
    """Messages of 100 bytes to the subscribers of a topic, one after the other."""
    load = Load(connections, 1, reads=0, order="each", seconds=seconds)
    return replace(load, subscribers=subscribers, topic=topic)


def _say(way: str, found: Drive) -> None:
    progress.say(
        f"  {way:<8} {found.cpu:7.3f} µs/delivery {found.per_second / 1000:7.1f} k/s, "
        f"p99.9 {found.p999 / 1000:.2f} ms"
    )
