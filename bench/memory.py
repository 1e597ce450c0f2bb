"""What an item takes beyond its own bytes: memory that is resident, before and after."""

from dataclasses import dataclass

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


def measure(plan: Plan) -> list[Memory]:
    """Fill each server in turn, each item with a time to live."""
    return [_fill(name, plan.items) for name in CACHES]


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
