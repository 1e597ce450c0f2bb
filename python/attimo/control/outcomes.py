"""How the requests of a cache ended in a part of time, in memory and as the database has it.

The database has JSON: by method, the counts of the buckets of durations, where a negative number
skips as many buckets, and the errors by kind. `{"Get":[[-20,7,2,-9,1],{"rate_limited":1}]}` is ten
successes, in the buckets 20, 21 and 31, and an error.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
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


def encode(by_method: Mapping[str, Outcomes]) -> str:
    """Return outcomes as the database has them."""
    written = {
        method: (_counts(each.durations), each.failures)
        for method, each in sorted(by_method.items())
    }
    return json.dumps(written, separators=(",", ":"))


def decode(written: str) -> ByMethod:
    """Return the outcomes from the output of `encode`."""
    return {
        method: Outcomes(_histogram(counts), failures)
        for method, (counts, failures) in json.loads(written).items()
    }


def _counts(histogram: Histogram) -> list[int]:
    counts, at = list[int](), 0
    for bucket in sorted(histogram):
        if bucket > at:
            counts.append(at - bucket)
        counts.append(histogram[bucket])
        at = bucket + 1
    return counts


def _histogram(counts: Iterable[int]) -> dict[int, int]:
    histogram, at = dict[int, int](), 0
    for count in counts:
        if count < 0:
            at -= count
        else:
            histogram[at] = count
            at += 1
    return histogram
