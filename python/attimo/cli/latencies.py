"""Latencies of data requests: of a cache from its stats, of the server from its metrics page."""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, TypeAlias

from attimo.cli import metrics
from attimo.cli.shapes import Column

_BUCKET = "attimo_request_duration_seconds_bucket"
_BOUND = re.compile(r'le="([^"]+)"')
_SHOWN = ((0.5, "p50"), (0.99, "p99"), (0.999, "p99.9"))

COLUMNS = tuple(
    Column(f"{name}_micros", "number", f"{title} µs", none="-")
    for name, title in (("p50", "p50"), ("p99", "p99"), ("p999", "p99.9"))
)
"""The latency of a cache, in microseconds; there is none without requests."""

Counts: TypeAlias = dict[float, float]
"""How many requests took at most so many seconds, of all methods and protocols."""


def of_cache(stats: Mapping[str, Any]) -> dict[str, float | None]:
    """Return the values of `COLUMNS` from the stats of a cache."""
    found: dict[str, float] = stats.get("latency") or {}
    return {each.name: found.get(each.name.removesuffix("_micros")) for each in COLUMNS}


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
