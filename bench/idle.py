"""What a connection takes that says nothing: memory that is resident, before and after."""

from dataclasses import dataclass, replace

from bench import progress
from bench.cpu import resident_bytes, wait_until_settled
from bench.driver import Load, drive, filling, held
from bench.peers import Peer, attimo
from bench.pinning import allow_files

CONNECTIONS = 5_000
SPARE_FILES = 200
ONE_GET = Load(1, 1, reads=1, order="each", seconds=10, warm_up_seconds=0, operations=1, keys=1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What was said on a connection before it fell silent.

    Attributes:
        gets: How many values were read on it; without any, not even TLS's handshake was made. Of
            events: that it subscribed to a topic.
    """

    title: str
    protocol: str
    tls: bool
    gets: int
    connections: int = CONNECTIONS

    def asks(self, peer: Peer) -> Peer:
        """A server as this speaks to it."""
        asked = replace(peer, protocol=self.protocol)
        return asked.over_tls() if self.tls else asked


KINDS = {
    "tcp": Kind("TCP only", "http1", tls=False, gets=0),
    "http1": Kind("HTTP/1.1, after a GET", "http1", tls=False, gets=1),
    "http2": Kind("HTTP/2, after a GET", "http2", tls=False, gets=1),
    "http1-tls": Kind("HTTP/1.1 over TLS, after a GET", "http1", tls=True, gets=1),
    "http2-tls": Kind("HTTP/2 over TLS, after a GET", "http2", tls=True, gets=1),
    "events": Kind("Server-sent events, a subscription", "events", False, 1, connections=10_000),
}


@dataclass(frozen=True, slots=True)
class Idle:
    """A server before and after it had many connections of one kind."""

    kind: str
    connections: int
    before_bytes: int
    after_bytes: int

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        added = self.after_bytes - self.before_bytes
        return {
            f"connection.{self.kind}.count": float(self.connections),
            f"connection.{self.kind}.added_mb": added / 1e6,
            f"connection.{self.kind}.bytes": added / self.connections,
        }


def measure() -> list[Idle]:
    """Open many connections of each kind, each kind to a server of its own."""
    allow_files(max(kind.connections for kind in KINDS.values()) + SPARE_FILES)
    return [_measure(kind) for kind in KINDS]


def _measure(kind: str) -> Idle:
    with attimo(tls=True) as peer:
        drive(peer, filling(1))
        asked = KINDS[kind].asks(peer)
        drive(asked, ONE_GET)
        wait_until_settled(peer.pid)
        before = resident_bytes(peer.pid)
        many = replace(ONE_GET, connections=KINDS[kind].connections, hold=KINDS[kind].gets)
        with held(asked, many) as connections:
            wait_until_settled(peer.pid)
            found = Idle(kind, connections, before, resident_bytes(peer.pid))
    progress.say(f"  {kind:<9} {found.figures()[f'connection.{kind}.bytes']:8,.0f} bytes each")
    return found
