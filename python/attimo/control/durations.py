"""Histograms of durations, as the data plane counts them: how many requests are in which bucket.

The first 16 buckets are a microsecond wide; after that, each doubling has eight. So a bucket is at
most an eighth as wide as its shortest duration, and its middle is at most 6.25 % from any of its
durations. Histograms are added bucket by bucket, so those of threads, keys, minutes and hours give
the same percentiles as one of all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

Histogram = Mapping[int, int]
"""How many requests, by the number of the bucket."""

BUCKETS = 192
"""How many there are; the last one has all that is longer than about a minute."""

_FINE = 8
"""Buckets of each doubling."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """How long requests took, in microseconds: half of them, 99 % and 99.9 % took at most so long.

    Each is the middle of the bucket that it is in.
    """

    p50: float
    p99: float
    p999: float


def middle(bucket: int) -> float:
    """Return the middle of a bucket, in microseconds."""
    if bucket < 2 * _FINE:
        return bucket + 0.5
    width = 1 << bucket // _FINE - 1
    return (bucket % _FINE + _FINE + 0.5) * width


def percentiles(counts: Histogram) -> Percentiles | None:
    """Return the percentiles; None of no requests."""
    if not counts:
        return None
    buckets = sorted(counts)
    sums = list(accumulate(counts[each] for each in buckets))
    return Percentiles(*(middle(_at(buckets, sums, share)) for share in (0.5, 0.99, 0.999)))


def _at(buckets: Sequence[int], sums: Sequence[int], share: float) -> int:
    """The bucket of the shortest duration that such a share of requests did not exceed."""
    least = share * sums[-1]
    return next(bucket for bucket, until in zip(buckets, sums, strict=True) if until >= least)
