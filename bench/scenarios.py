"""The scenarios: `scenarios/*.toml`, read."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bench.driver import Load, filling
from bench.peers import Peer

KEYS = 1_000_000
FOLDER = Path(__file__).parent / "scenarios"


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way to use a server.

    Attributes:
        name: Its name on the command line, such as `grpc-get-1x100-zipf`.
        title: The same in words.
        servers: The names of those who take part.
        protocol: What is spoken.
        order: How the keys are chosen: `zipf` or `uniform`.
        quick: Whether it belongs to a quick run.
        work: What is done with a key; see `attimo-load --help`.
        members: How many members a collection has.
        keys: How many keys there are, in all collections together.
        bearer: Who asks: the `owner`, or a key that is `scoped` to one cache and a prefix.
        tls: Whether it is spoken over TLS.
        fills: Whether the items have to be put there first; files are there already.
    """

    name: str
    title: str
    servers: tuple[str, ...]
    protocol: str
    connections: int
    depth: int
    reads: float
    order: str
    quick: bool
    work: str
    members: int
    keys: int
    bearer: str
    tls: bool
    fills: bool

    def load(self, seconds: float, seed: int) -> Load:
        """As many operations as the server bears."""
        return Load(
            connections=self.connections,
            depth=self.depth,
            reads=self.reads,
            order=self.order,
            seconds=seconds,
            seed=seed,
            work=self.work,
            members=self.members,
            keys=self.keys,
            # Pushes and pops by chance leave a list empty now and then.
            allow_misses=self.work == "list",
        )

    def asks(self, peer: Peer) -> Peer:
        """A server as this speaks to it."""
        token = peer.scoped_token if self.bearer == "scoped" else peer.token
        asked = replace(peer, protocol=self.protocol, token=token)
        return asked.over_tls() if self.tls else asked

    @property
    def stored(self) -> str:
        """What the work is about, where several are about the same."""
        return "sorted-set" if self.work == "range" else self.work

    def filling(self) -> Load:
        """What must be there before."""
        return filling(self.keys, work=self.work, members=self.members)


def every() -> list[Scenario]:
    """All of them, in the order of the files."""
    return [found for path in sorted(FOLDER.glob("*.toml")) for found in _read(path)]


def _read(path: Path) -> Iterator[Scenario]:
    file = tomllib.loads(path.read_text())
    for table in file["scenario"]:
        for order in table["orders"]:
            yield Scenario(
                name=f"{table['name']}-{order}",
                title=table["title"],
                servers=tuple(file["servers"]),
                protocol=file["protocol"],
                connections=table["connections"],
                depth=table["depth"],
                reads=float(table["reads"]),
                order=order,
                quick=table.get("quick", False) and order == table["orders"][0],
                work=table.get("work", "item"),
                members=table.get("members", 100),
                keys=table.get("keys", KEYS),
                bearer=table.get("bearer", "owner"),
                tls=table.get("tls", False),
                fills=file.get("fills", True),
            )
