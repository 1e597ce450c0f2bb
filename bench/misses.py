"""How many requests of a trace miss at the same memory: Attimo's engine, Valkey, and simulations.

The trace is synthetic and always the same. A client asks for each key in order, and writes what was
missed with its size and a life of ten hours. Requests come in batches of 100, of which all are read
before any is written: of a key that a batch asks for twice, the second is a hit. The engine runs
alone (`examples/replay`). The trace needs the package numpy, simulations need libcachesim.
"""

import importlib
import importlib.util
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bench import progress, trace
from bench.cpu import resident_bytes
from bench.errors import RunError
from bench.machine import ROOT
from bench.peers import valkey
from bench.redis_client import Redis

BUDGETS_MB = (60, 150)
POLICIES = ("allkeys-lru", "allkeys-lfu")
SIMULATED = ("LRU", "S3FIFO", "LIRS", "GDSF")
SIMULATED_OVERHEAD = 64
"""Bytes that an item takes in a simulation beyond its key and value."""
BATCH = 100
TEN_HOURS = b"36000"

_MISSES = re.compile(r"misses ([\d.]+)")
_GROWN = re.compile(r"grew by ([\d.]+) MB")


@dataclass(frozen=True, slots=True)
class Misses:
    """One cache at one budget.

    Attributes:
        misses: Of all requests.
        first: First requests of a key, which nobody can avoid, of all requests.
        grown_mb: How much resident memory grew; None for a simulation.
    """

    cache: str
    budget_mb: int
    misses: float
    first: float
    grown_mb: float | None

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        name = f"misses.{self.budget_mb}mb.{self.cache}"
        found = {f"{name}.all": self.misses, f"{name}.avoidable": self.misses - self.first}
        return found | ({} if self.grown_mb is None else {f"{name}.grown_mb": self.grown_mb})


def measure() -> list[Misses]:
    """Replay the trace against each cache at each budget; nothing without numpy."""
    if importlib.util.find_spec("numpy") is None:
        progress.say("  not measured; type: pip install numpy libcachesim")
        return []
    requests = trace.make()
    first = len({key for key, _ in requests}) / len(requests)
    found = []
    with tempfile.TemporaryDirectory(prefix="attimo-bench-") as folder:
        file = Path(folder) / "trace.csv"
        file.write_text("".join(f"{_name(key)},{size}\n" for key, size in requests))
        for budget in BUDGETS_MB:
            for each in _at(budget, file, requests, first):
                grown = "" if each.grown_mb is None else f", grew by {each.grown_mb:.1f} MB"
                progress.say(f"  {budget:>4} MB {each.cache:<12} {each.misses:.4f}{grown}")
                found.append(each)
    return found


def _at(budget: int, file: Path, requests: trace.Requests, first: float) -> Iterator[Misses]:
    misses, grown = _replay(file, budget)
    yield Misses("attimo", budget, misses, first, grown)
    for policy in POLICIES:
        misses, grown = _valkey(policy, budget, requests)
        yield Misses(policy, budget, misses, first, grown)
    if importlib.util.find_spec("libcachesim") is None:
        progress.say("  no simulations: pip install libcachesim")
        return
    for policy in SIMULATED:
        yield Misses(policy.lower(), budget, _simulated(policy, budget, requests), first, None)


def _replay(file: Path, budget: int) -> tuple[float, float]:
    """Misses of the engine, and by how many MB it grew."""
    command = ["cargo", "run", "--release", "--quiet", "--locked", "-p", "attimo-engine"]
    command += ["--example", "replay", "--", str(file), str(budget * 1_000_000)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    misses, grown = _MISSES.search(done.stdout), _GROWN.search(done.stdout)
    if done.returncode != 0 or misses is None or grown is None:
        raise RunError(f"{command!r}\n{done.stdout}{done.stderr}")
    return float(misses[1]), float(grown[1])


def _valkey(policy: str, budget: int, requests: trace.Requests) -> tuple[float, float]:
    """The same of Valkey, whose `maxmemory` does not count what it has at the start."""
    with valkey(_all_cores()) as peer, closing(Redis(peer.port)) as client:
        before, missed = resident_bytes(peer.pid), 0
        used = int(client.info("memory")["used_memory"])
        client.ask([b"CONFIG", b"SET", b"maxmemory", b"%d" % (used + budget * 1_000_000)])
        client.ask([b"CONFIG", b"SET", b"maxmemory-policy", policy.encode()])
        value = b"v" * trace.LARGEST
        for start in range(0, len(requests), BATCH):
            batch = dict(requests[start : start + BATCH])
            found = client.ask([b"MGET", *(_name(key).encode() for key in batch)])
            answers = found if isinstance(found, list) else []
            absent = [key for key, got in zip(batch, answers, strict=True) if got is None]
            missed += len(absent)
            client.ask_all(
                [b"SET", _name(key).encode(), value[: batch[key]], b"EX", TEN_HOURS]
                for key in absent
            )
        grown = (resident_bytes(peer.pid) - before) / 1e6
    return missed / len(requests), grown


def _simulated(policy: str, budget: int, requests: trace.Requests) -> float:
    simulator = importlib.import_module("libcachesim")
    cache = getattr(simulator, policy)(cache_size=budget * 1_000_000)
    request, missed = simulator.Request(), 0
    own = SIMULATED_OVERHEAD + len(_name(0))
    for key, size in requests:
        request.obj_id, request.obj_size = key, size + own
        missed += not cache.get(request)
    return missed / len(requests)


def _all_cores() -> str:
    return ",".join(map(str, sorted(os.sched_getaffinity(0))))


def _name(key: int) -> str:
    return f"k{key:016}"
