"""How the requests of a cache ended in a part of time, in memory and as the database has it.

The database has bytes: numbers are varints, seven bits in each byte and the lowest first. For each
method there are its name after its length, how many numbers its durations take, those, how many
kinds of errors there are, and each kind with its count. Durations are the counts of one bucket
after the other, where 0 and a number skip as many buckets. That is less than half of the same in
JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeAlias

from attimo.control import durations
from attimo.control.durations import Histogram, Percentiles

KINDS = {
    "invalid_argument": "the request cannot be understood",
    "failed_precondition": "the item is not such that the command can work on it",
    "permission_denied": "the caller may not do this",
    "not_found": "there is no such cache or method",
    "too_large": "the request, its reply, an item or an element exceeds a limit of sizes",
    "rate_limited": "a limit of the account's plan is met",
    "overloaded": "the server has too much to do; the same request may succeed later",
    "server_error": "the server's operator has something to repair",
}
"""The kinds of errors, with what went wrong; the data plane has the same."""


@dataclass(slots=True)
class Outcomes:
    """How requests ended.

    Attributes:
        durations: How many succeeded, by the bucket of the time that they took.
        failures: How many failed, by the kind of error.
    """

    durations: dict[int, int] = field(default_factory=dict)
    failures: dict[str, int] = field(default_factory=dict)

    @property
    def succeeded(self) -> int:
        """How many succeeded."""
        return sum(self.durations.values())

    @property
    def failed(self) -> int:
        """How many failed."""
        return sum(self.failures.values())

    @property
    def latency(self) -> Percentiles | None:
        """How long those took that succeeded; None if none did."""
        return durations.percentiles(self.durations)

    def add(self, histogram: Histogram, failures: Mapping[str, int]) -> None:
        """Add more requests."""
        for bucket, count in histogram.items():
            self.durations[bucket] = self.durations.get(bucket, 0) + count
        for kind, count in failures.items():
            self.failures[kind] = self.failures.get(kind, 0) + count


ByMethod: TypeAlias = dict[str, Outcomes]
"""The outcomes, by the name of the method."""


def add(sums: ByMethod, more: Mapping[str, Outcomes]) -> None:
    """Add the outcomes of a part of time to those of another."""
    for method, each in more.items():
        sums.setdefault(method, Outcomes()).add(each.durations, each.failures)


def copy(by_method: Mapping[str, Outcomes]) -> ByMethod:
    """Return the same, which does not change with it."""
    return {
        method: Outcomes(dict(each.durations), dict(each.failures))
        for method, each in by_method.items()
    }


def encode(by_method: Mapping[str, Outcomes]) -> bytes:
    """Return outcomes as the database has them."""
    written = bytearray()
    for method, each in sorted(by_method.items()):
        _write_text(written, method)
        counts = _counts(each.durations)
        _write(written, len(counts), *counts, len(each.failures))
        for kind, count in sorted(each.failures.items()):
            _write_text(written, kind)
            _write(written, count)
    return bytes(written)


def decode(written: bytes) -> ByMethod:
    """Return the outcomes from the output of `encode`."""
    found, bytes_left = ByMethod(), iter(written)
    for length in bytes_left:
        method = _read_text(bytes_left, length)
        counts = [_read(bytes_left) for _ in range(_read(bytes_left))]
        failures = dict[str, int]()
        for _ in range(_read(bytes_left)):
            kind = _read_text(bytes_left, next(bytes_left))
            failures[kind] = _read(bytes_left)
        found[method] = Outcomes(_histogram(counts), failures)
    return found


def _counts(histogram: Histogram) -> list[int]:
    counts, at = list[int](), 0
    for bucket in sorted(histogram):
        if bucket > at:
            counts += 0, bucket - at
        counts.append(histogram[bucket])
        at = bucket + 1
    return counts


def _histogram(counts: Iterable[int]) -> dict[int, int]:
    histogram, at, rest = dict[int, int](), 0, iter(counts)
    for count in rest:
        if count:
            histogram[at] = count
            at += 1
        else:
            at += next(rest)
    return histogram


def _write(written: bytearray, *numbers: int) -> None:
    for number in numbers:
        while number > 0x7F:
            written.append(number & 0x7F | 0x80)
            number >>= 7
        written.append(number)


def _write_text(written: bytearray, text: str) -> None:
    name = text.encode()[:0xFF]  # names of methods and errors are far shorter
    written.append(len(name))
    written += name


def _read(written: Iterator[int]) -> int:
    number = shift = 0
    while (byte := next(written)) > 0x7F:
        number |= (byte & 0x7F) << shift
        shift += 7
    return number | byte << shift


def _read_text(written: Iterator[int], length: int) -> str:
    return bytes(islice(written, length)).decode()
