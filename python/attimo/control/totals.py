"""Everything that is counted, by name."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields


def _count(meaning: str, *, is_stored: bool = False) -> int:
    return field(default=0, metadata={"meaning": meaning, "is_stored": is_stored})


@dataclass(frozen=True, slots=True)
class Totals:
    """Everything that is counted, summed over a part of the ledger.

    This is Python's only list of counts. A new one needs a field here, a column of the ledger's
    tables, and a line in `rust/server/src/meter.rs`.
    """

    requests: int = _count("Calls, failed ones included.")
    errors: int = _count("Calls answered with an error.")
    hits: int = _count("Items that reads found.")
    misses: int = _count("Items that reads did not find.")
    bytes_in: int = _count("Bytes of keys and values received.")
    bytes_out: int = _count("Bytes of values sent.")
    kib_in: int = _count("KiB received, each request rounded up.")
    kib_out: int = _count("KiB sent, each request rounded up.")
    commands: int = _count("Commands: each item of a batch is one.")
    operations: int = _count("Operations by Momento's rule.")
    ecpu_thousandths: int = _count("Thousandths of processing units (ECPU) by ElastiCache's rule.")
    evicted: int = _count("Items removed before their time because memory was full.")
    stored_byte_minutes: int = _count(
        "Bytes of stored keys and values, times the minutes that they were stored.", is_stored=True
    )
    stored_byte_minutes_with_overhead: int = _count(
        "The same with the memory that items take beside keys and values.", is_stored=True
    )

    def plus(self, more: "Totals") -> "Totals":
        """Return the sum of both."""
        return Totals(*(getattr(self, name) + getattr(more, name) for name in COUNTS))


MEANINGS: Mapping[str, str] = {each.name: each.metadata["meaning"] for each in fields(Totals)}
COUNTS = tuple(MEANINGS)
STORED = tuple(each.name for each in fields(Totals) if each.metadata["is_stored"])
"""What is counted by the hour, of caches: keys and values, and with the memory beside them."""
USED = tuple(name for name in COUNTS if name not in STORED)
"""What is counted by the minute."""

ALIKE: Mapping[str, Mapping[str, int]] = {
    "kib_in": {"requests": 1},
    "kib_out": {"hits": 1},
    "commands": {"requests": 1},
    "operations": {"kib_in": 1, "kib_out": 1},
    "ecpu_thousandths": {"requests": 1_000},
}
"""The counts that are stored as what they are beyond others, which are multiplied by a number."""

COLUMNS = tuple(f"more_{name}" if name in ALIKE else name for name in USED)
"""The columns of the ledger with what is counted by the minute."""


def sum_of(name: str) -> str:
    """Return the sum of a count in SQL: of the columns, which is faster than of their sums."""
    if name not in ALIKE:
        return f"sum(usage.{name})"
    others = (f"{times} * ({sum_of(other)})" for other, times in ALIKE[name].items())
    return " + ".join((f"sum(usage.more_{name})", *others))
