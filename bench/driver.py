"""The load generator, `bench/load`: built when it has to be, run, and its answer read."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from bench.errors import RunError
from bench.peers import Peer
from bench.pinning import pinned

CRATE = Path(__file__).parent / "load"
PROGRAM = CRATE / "target" / "release" / "attimo-load"
CORE = "1"
"""The core that the generator has to itself; the server has core 0."""


@dataclass(frozen=True, slots=True)
class Load:
    """What is asked of a server. Fields without a word here are explained by `attimo-load --help`.

    Attributes:
        rate: Operations a second; None for as many as the server bears.
        operations: The end, if it comes before `seconds`.
    """

    connections: int
    depth: int
    reads: float
    order: str
    seconds: float
    warm_up_seconds: float = 0.3
    rate: float | None = None
    operations: int | None = None
    keys: int = 1_000_000
    value_bytes: int = 100
    ttl_seconds: int | None = None
    seed: int = 1
    allow_misses: bool = False
    hold: int | None = None
    work: str = "item"
    members: int = 100
    subscribers: int | None = None
    topic: str | None = None
    on_cue: bool = False

    def words(self) -> list[str]:
        """The words of the command line."""
        words = [
            f"--connections={self.connections}",
            f"--depth={self.depth}",
            f"--reads={self.reads}",
            f"--order={self.order}",
            f"--seconds={self.seconds}",
            f"--warm-up-seconds={self.warm_up_seconds}",
            f"--keys={self.keys}",
            f"--value-bytes={self.value_bytes}",
            f"--seed={self.seed}",
            f"--work={self.work}",
            f"--members={self.members}",
        ]
        options = {
            "rate": self.rate,
            "operations": self.operations,
            "ttl-seconds": self.ttl_seconds,
            "hold": self.hold,
            "subscribers": self.subscribers,
            "topic": self.topic,
        }
        words += [f"--{name}={value}" for name, value in options.items() if value is not None]
        flags = {"allow-misses": self.allow_misses, "on-cue": self.on_cue}
        return words + [f"--{name}" for name, is_on in flags.items() if is_on]

    def at(self, rate: float, seconds: float) -> "Load":
        """The same at a steady rate."""
        return replace(self, rate=rate, seconds=seconds)


def filling(
    keys: int, ttl_seconds: int | None = None, work: str = "item", members: int = 100
) -> Load:
    """Every key set once."""
    return Load(
        connections=4,
        depth=25,
        reads=0,
        order="each",
        seconds=600,
        warm_up_seconds=0,
        operations=keys,
        keys=keys,
        ttl_seconds=ttl_seconds,
        work=work,
        members=members,
    )


@dataclass(frozen=True, slots=True)
class Drive:
    """What one run of the generator found; times in microseconds.

    Attributes:
        seconds: How long was measured.
        right: How many answers were right, those that came after the end included.
        cpu: Processor time of the server for each operation.
        threads: Processor time of each thread of the server, the busiest first.
        load_cpu: Processor time of the generator for each operation.
        heartbeats: How many subscriptions were sent, over gRPC, without the first ones.
        behind: Operations that were due and could not even be begun.
        stolen_ticks: Hundredths of a second that the machine was taken away meanwhile.
    """

    seconds: float
    operations: int
    right: int
    per_second: float
    cpu: float
    threads: tuple[float, ...]
    load_cpu: float
    p50: float
    p99: float
    p999: float
    longest: float
    misses: int
    heartbeats: int
    behind: int
    stolen_ticks: int


def build() -> None:
    """Build the generator, if its sources have changed."""
    subprocess.run(["cargo", "build", "--release", "--quiet", "--locked"], cwd=CRATE, check=True)


def drive(peer: Peer, load: Load, real_time: bool = True, refused: str = "") -> Drive:
    """Put a load on a server and wait for the end.

    Args:
        refused: The one kind of failure that is expected, as the generator names it.

    Raises:
        RunError: An answer was wrong or a connection broke; the text holds what was said.
    """
    return finish(start(peer, load, CORE, real_time), refused)


def start(peer: Peer, load: Load, core: str, real_time: bool = True) -> "subprocess.Popen[str]":
    """Begin to put a load on a server, from `core`."""
    command = [str(PROGRAM), peer.address, f"--protocol={peer.protocol}"]
    command += [f"--watch={peer.pid}", f"--cache={peer.cache}"]
    command += [f"--tls={peer.authority}"] if peer.authority else []
    return subprocess.Popen(
        pinned(core, command + load.words(), real_time),
        env=os.environ | {"ATTIMO_LOAD_TOKEN": peer.token},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: "subprocess.Popen[str]", refused: str = "") -> Drive:
    """Wait for the end of a load, and read what it found.

    Args:
        refused: The one kind of failure that is expected, as the generator names it.

    Raises:
        RunError: An answer was wrong or a connection broke; the text holds what was said.
    """
    out, error = running.communicate()
    found = json.loads(out or "{}")
    is_refused = refused and list(_part(found, "failures")) == [refused]
    if running.returncode != 0 and not is_refused:
        raise RunError(f"{running.args!r}\n{out}{error}")
    return _read(found)


@contextmanager
def held(peer: Peer, load: Load) -> Iterator[int]:
    """Keep the connections of a load that holds them open within the block; gives their number.

    Raises:
        RunError: An answer was wrong or a connection broke; the text holds what was said.
    """
    running = start(peer, load, CORE, real_time=False)
    try:
        said = running.stdout.readline() if running.stdout else ""
        yield int(_number(json.loads(said or "{}").get("held")))
    finally:
        _, error = running.communicate()
    if running.returncode != 0:
        raise RunError(f"{running.args!r}\n{error}")


def _read(found: dict[str, object]) -> Drive:
    server, load, latency = (_part(found, p) for p in ("server", "load", "latency_microseconds"))
    threads = server["threads"]
    return Drive(
        seconds=_number(found["seconds"]),
        operations=int(_number(found["operations"])),
        right=int(_number(found["right"])),
        per_second=_number(found["per_second"]),
        cpu=_number(server["cpu_microseconds_per_operation"]),
        threads=tuple(map(_number, threads)) if isinstance(threads, list) else (),
        load_cpu=_number(load["cpu_microseconds_per_operation"]),
        p50=_number(latency["p50"]),
        p99=_number(latency["p99"]),
        p999=_number(latency["p999"]),
        longest=_number(latency["max"]),
        misses=int(_number(found["misses"])),
        heartbeats=int(_number(found["heartbeats"])),
        behind=int(_number(found["behind"])),
        stolen_ticks=int(_number(found["stolen_ticks"])),
    )


def _part(found: dict[str, object], name: str) -> dict[str, object]:
    part = found.get(name)
    return part if isinstance(part, dict) else {}


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
