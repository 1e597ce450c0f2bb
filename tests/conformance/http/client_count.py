"""What a client counts for its own requests, to compare it with the ledger.

It knows the sizes of what it sends and gets. The rules of docs/reference/metering.md are said here
once more, so that the server's code is judged and not repeated.
"""

from collections.abc import Iterable
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

KIB = 1024

_DOUBLE = {"SetIf", "SetIfNotExists", "SetIfHash"}
_HALF = {
    "UpsertElements",
    "RemoveElements",
    "GetByRank",
    "GetByScore",
    "GetRank",
    "GetCompetitionRank",
}


class Row(NamedTuple):
    """What the ledger says of one method."""

    requests: int = 0
    errors: int = 0
    hits: int = 0
    misses: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    kib_in: int = 0
    kib_out: int = 0
    commands: int = 0
    operations: int = 0
    ecpu_thousandths: int = 0


class Counted(NamedTuple):
    """What one request counts for.

    Attributes:
        sent: The bytes of each item or element sent; of a read, that of its key.
        found: The bytes of each item or element in the answer.
        hits: How many were found.
        misses: How many were not.
        name: The bytes of the name of the collection that the elements are of.
        commands: One, but one for each item of a batch.
    """

    sent: tuple[int, ...]
    found: tuple[int, ...] = ()
    hits: int = 0
    misses: int = 0
    name: int = 0
    commands: int = 1

    def row(self, method: str) -> Row:
        """Return it as a row of the ledger."""
        bytes_in, bytes_out = self.name + sum(self.sent), sum(self.found)
        factor = Fraction(2 if method in _DOUBLE else 1, 2 if method in _HALF else 1)
        operations = factor * sum(ceil(size / KIB) for size in (*self.sent, *self.found))
        transferred = floor(Fraction(1000 * (bytes_in + bytes_out), KIB) + Fraction(1, 2))
        return Row(
            requests=1,
            hits=self.hits,
            misses=self.misses,
            bytes_in=bytes_in,
            bytes_out=bytes_out,
            kib_in=ceil(bytes_in / KIB),
            kib_out=ceil(bytes_out / KIB),
            commands=self.commands,
            operations=max(ceil(operations), 1),
            ecpu_thousandths=max(transferred, 1000 * self.commands),
        )


def ledger(requests: Iterable[tuple[str, Counted]]) -> dict[str, Row]:
    """Return the sums of requests by method."""
    sums: dict[str, Row] = {}
    for method, counted in requests:
        before, more = sums.get(method, Row()), counted.row(method)
        sums[method] = Row(*(a + b for a, b in zip(before, more, strict=True)))
    return sums
