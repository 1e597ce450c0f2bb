"""What the server costs besides data: at rest, at its start, and when caches are made."""

import http.client
import subprocess
import tempfile
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles

from bench import cpu, peers, progress
from bench.driver import Load, drive
from bench.errors import RunError
from bench.peers import Peer, attimo
from bench.pinning import pinned
from bench.plan import Plan

TIMED_CACHES = 500


@dataclass(frozen=True, slots=True)
class Life:
    """How a server behaves when no data is moved.

    Attributes:
        idle_share: Of one core, when nobody asks anything.
        starts: From exec to the first gRPC answer with status 0, on an existing data directory.
        creates: How long each cache took to be made, in order.
        added_bytes: What all these caches added to the memory.
    """

    idle_share: float
    idle_bytes: int
    starts: tuple[float, ...]
    creates: tuple[float, ...]
    added_bytes: int

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        found = {
            "idle.cpu_percent": 100 * self.idle_share,
            "idle.resident_mb": self.idle_bytes / 1e6,
            "start.median_seconds": median(self.starts),
            "start.worst_seconds": max(self.starts),
            "create.p50_ms": 1000 * median(self.creates[:TIMED_CACHES]),
            "create.p99_ms": 1000 * _p99(self.creates[:TIMED_CACHES]),
            "create.last_p99_ms": 1000 * _p99(self.creates[-TIMED_CACHES:]),
            "caches.count": float(len(self.creates)),
        }
        if len(self.creates) >= 10_000:
            found["caches.added_mb"] = self.added_bytes / 1e6
        return found


def measure(plan: Plan) -> Life:
    """Measure a server from its start to its ten-thousandth cache."""
    with tempfile.TemporaryDirectory(prefix="attimo-bench-", ignore_cleanup_errors=True) as folder:
        data_dir = Path(folder) / "data"
        with attimo(data_dir=data_dir) as peer:
            cpu.wait_until_settled(peer.pid)
            idle_share = cpu.share_while_left_alone(peer.pid, plan.idle_seconds)
            idle_bytes = cpu.resident_bytes(peer.pid)
            token = peer.token
        progress.say(f"  at rest: {idle_share:.2%} of a core, {idle_bytes / 1e6:.1f} MB")
        starts = tuple(_start(data_dir, token) for _ in range(plan.starts))
        progress.say(f"  first answer after {median(starts):.3f} s")
        with attimo(data_dir=data_dir) as peer:
            # The control app is loaded with the first such request.
            _create(peer, 1, "first")
            cpu.wait_until_settled(peer.pid)
            before = cpu.resident_bytes(peer.pid)
            creates = tuple(_create(peer, plan.caches, "bench"))
            cpu.wait_until_settled(peer.pid)
            added = cpu.resident_bytes(peer.pid) - before
        progress.say(f"  {len(creates)} caches made, {added / 1e6:.1f} MB")
    return Life(idle_share, idle_bytes, starts, creates, added)


def _start(data_dir: Path, token: str) -> float:
    """Seconds from exec to the first answer with gRPC status 0, and the server ended again."""
    port = peers.free_port()
    command = pinned("0,1", peers.attimo_command(data_dir, port, threads=1))
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        peer = Peer("attimo", "grpc", f"{peers.LOCALHOST}:{port}", process.pid, token)
        while not _answers(peer):
            if process.poll() is not None or time.perf_counter() - start > 60:
                raise RunError("attimo serve did not answer within a minute")
            time.sleep(0.002)
        return time.perf_counter() - start
    finally:
        process.terminate()
        process.wait(peers.STOP_LIMIT_SECONDS)


def _answers(peer: Peer) -> bool:
    """Whether one Get brings status 0; a miss is an answer."""
    load = Load(1, 1, 1, "each", 5, warm_up_seconds=0, operations=1, keys=1, allow_misses=True)
    try:
        return drive(peer, load).operations == 1
    except RunError:
        return False


def _create(peer: Peer, count: int, name: str) -> list[float]:
    """Seconds that each of `count` caches took to be made."""
    connection = http.client.HTTPConnection(peers.LOCALHOST, peer.port, timeout=30)
    with closing(connection):
        return [_create_one(connection, peer, f"{name}-{number}") for number in range(count)]


def _create_one(connection: http.client.HTTPConnection, peer: Peer, name: str) -> float:
    start = time.perf_counter()
    connection.request("PUT", f"/caches/{name}", headers={"authorization": peer.token})
    answer = connection.getresponse()
    said = answer.read()
    if answer.status != 201:
        raise RunError(f"PUT /caches/{name}: {answer.status} {said!r}")
    return time.perf_counter() - start


def _p99(seconds: tuple[float, ...]) -> float:
    return quantiles(seconds, n=100, method="inclusive")[98]
