"""Latencies of data requests, from the histograms of the metrics page."""

import re
from collections import Counter
from typing import TypeAlias

from attimo.cli import metrics

_BUCKET = "attimo_request_duration_seconds_bucket"
_BOUND = re.compile(r'le="([^"]+)"')
_SHOWN = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))

Counts: TypeAlias = dict[float, float]
"""How many requests took at most so many seconds, of all methods and protocols."""


def counts_of(page: str) -> Counts:
    """Parse them."""
    found = Counter[float]()
    for name, labels, value in metrics.page_of(page).samples:
        if name == _BUCKET and (bound := _BOUND.search(labels)):
            found[float(bound[1])] += int(value)
    return dict(found)


def between(before: Counts, now: Counts) -> str:
    """The latencies of what was requested between two moments, each up to a bucket's bound."""
    done = {bound: count - before.get(bound, 0) for bound, count in sorted(now.items())}
    if max(done.values(), default=0) <= 0:
        return ""
    return "  ".join(f"{name} {_bound(done, share)}" for share, name in _SHOWN)


def _bound(done: Counts, share: float) -> str:
    bounds = list(done)
    least = share * done[bounds[-1]]
    bound = next(each for each in bounds if done[each] >= least)
    if bound == float("inf"):
        return f"> {_time(bounds[-2])}"
    return f"≤ {_time(bound)}"


def _time(seconds: float) -> str:
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds * 1e6:g} µs"
