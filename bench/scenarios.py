"""The scenarios: `scenarios/*.toml`, read."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench.driver import Load

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

    def load(self, seconds: float, seed: int) -> Load:
        """As many operations as the server bears."""
        return Load(
            connections=self.connections,
            depth=self.depth,
            reads=self.reads,
            order=self.order,
            seconds=seconds,
            seed=seed,
        )


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
                quick=table.get("quick", False) and order == "zipf",
            )
