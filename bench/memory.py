"""What items and elements take beyond their own bytes: resident memory, before and after."""

from dataclasses import dataclass, replace

from bench import progress
from bench.cpu import resident_bytes, wait_until_settled
from bench.driver import Load, drive, filling
from bench.peers import STARTERS
from bench.plan import Plan

ITEM_BYTES = 16 + 100
TTL_SECONDS = 3600
CACHES = ("attimo", "valkey", "redis", "memcached")


@dataclass(frozen=True, slots=True)
class Memory:
    """A server before and after it was filled."""

    server: str
    items: int
    before_bytes: int
    after_bytes: int

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        each = (self.after_bytes - self.before_bytes) / self.items
        return {
            f"memory.{self.server}.items": float(self.items),
            f"memory.{self.server}.overhead_bytes": each - ITEM_BYTES,
            f"memory.{self.server}.added_mb": (self.after_bytes - self.before_bytes) / 1e6,
        }


@dataclass(frozen=True, slots=True)
class Shape:
    """A kind of collection.

    Attributes:
        value_bytes: Of each value, where the elements have values.
        own_bytes: Of an element: its name, and its value or score.
    """

    title: str
    work: str
    members: int
    value_bytes: int
    own_bytes: int


SHAPES = {
    "dictionary": Shape("dictionary of ten fields", "dictionary", 10, 20, 16 + 20),
    "sorted_set": Shape("sorted set of a million values", "sorted-set", 1_000_000, 20, 16 + 8),
}
ELEMENTS = 1_000_000
COLLECTING = ("attimo", "valkey", "redis")


@dataclass(frozen=True, slots=True)
class Collected:
    """A server before and after collections were made in it."""

    server: str
    shape: str
    before_bytes: int
    after_bytes: int

    def figures(self) -> dict[str, float]:
        """The figures by name."""
        each = (self.after_bytes - self.before_bytes) / ELEMENTS
        name = f"memory.{self.shape}.{self.server}"
        return {
            f"{name}.element_bytes": each,
            f"{name}.overhead_bytes": each - SHAPES[self.shape].own_bytes,
        }


def measure(plan: Plan) -> list[Memory | Collected]:
    """Fill each server in turn, each item with a time to live; then with collections."""
    items: list[Memory | Collected] = [_fill(name, plan.items) for name in CACHES]
    return items + [_collect(name, shape) for shape in SHAPES for name in COLLECTING]


def _collect(name: str, shape: str) -> Collected:
    kind = SHAPES[shape]
    load = filling(ELEMENTS, work=kind.work, members=kind.members)
    with STARTERS[name]() as peer:
        wait_until_settled(peer.pid)
        before = resident_bytes(peer.pid)
        drive(peer, replace(load, value_bytes=kind.value_bytes))
        wait_until_settled(peer.pid)
        found = Collected(name, shape, before, resident_bytes(peer.pid))
    each = found.figures()[f"memory.{shape}.{name}.element_bytes"]
    progress.say(f"  {name:<9} {each:6.1f} bytes an element: {kind.title}")
    return found


def _fill(name: str, items: int) -> Memory:
    with STARTERS[name]() as peer:
        wait_until_settled(peer.pid)
        before = resident_bytes(peer.pid)
        drive(peer, filling(items, TTL_SECONDS))
        wait_until_settled(peer.pid)
        found = Memory(name, items, before, resident_bytes(peer.pid))
        # Every item must still be there: a miss would be an error.
        drive(peer, Load(4, 25, reads=1, order="each", seconds=600, operations=items, keys=items))
    overhead = found.figures()[f"memory.{name}.overhead_bytes"]
    progress.say(f"  {name:<9} {overhead:6.1f} bytes an item beyond its own")
    return found
