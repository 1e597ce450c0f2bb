"""What caches store and have done, as pages show it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from attimo.console.web import Visit
from attimo.control import account_limits, breakdown, cache_history, caches, plan_limits
from attimo.control.breakdown import By
from attimo.control.caches import Cache
from attimo.control.durations import Percentiles
from attimo.control.permissions import Permissions
from attimo.control.totals import Totals
from attimo.errors import PermissionDenied

MINUTE, HOUR, DAY = 60, 3_600, 86_400
_RATES = {
    "operations_per_second": "operations",
    "bytes_in_per_second": "bytes_in",
    "bytes_out_per_second": "bytes_out",
}
"""The limits that are rates, and the count of each in the ledger."""
_ON_DATA = {
    *("stored_bytes", plan_limits.TRANSFER, "item_bytes", "element_bytes", "ttl_seconds"),
    *(f"{scope}{rate}" for scope in ("cache_", "") for rate in _RATES),
}
"""The limits that a cache is under."""


@dataclass(frozen=True, slots=True)
class Stored:
    """What a cache stores now, and its counts since the server started.

    Attributes:
        items: Items, with expired ones that are not swept yet.
        bytes: Memory that they take.
        evicted: Items removed before their time because memory was full.
        hit_ratio: The share of lookups that found something; None before any.
    """

    items: int
    bytes: int
    evicted: int
    hit_ratio: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """A cache, with what the member may know of it; None is what they must not see.

    Attributes:
        stored: What it stores, and its counts.
        latency: That of this minute and the one before; None also if no request succeeded.
        today: What was used since midnight (UTC).
    """

    cache: Cache
    stored: Stored | None
    latency: Percentiles | None
    today: Totals | None


@dataclass(frozen=True, slots=True)
class Nearness:
    """A limit in force, and how much of it is used.

    Attributes:
        purpose: What it limits.
        unit: That of both numbers.
        value: The limit.
        used: How much is used now; of rates, the mean of the last whole minute; None if that is
            not known, or makes no sense.
    """

    purpose: str
    unit: str
    value: int
    used: float | None


def of_caches(visit: Visit, found: Sequence[Cache]) -> list[Figures]:
    """Return the figures of caches; today begins at midnight (UTC)."""
    moment = visit.now
    today = _usage(visit, By.CACHE, moment - moment % DAY)
    readable = [cache.name for cache in found if _may_read(visit, cache)]
    latencies = visit.perform(cache_history.latencies, readable) if readable else {}
    return [
        Figures(
            cache,
            _stored(visit, cache) if cache.name in readable else None,
            latencies.get(cache.name),
            None if today is None else today.get(cache.name, Totals()),
        )
        for cache in found
    ]


def limits(visit: Visit, name: str) -> list[Nearness] | None:
    """Return the limits that a cache is under; None if the member must not see them."""
    try:
        found = visit.perform(account_limits.own, lambda id: _bytes(visit, id))
    except PermissionDenied:
        return None
    rates = _rates_of(visit, name, "cache_") | _rates_of(visit, None, "")
    used: Mapping[str, float] = {**rates, **found.used}
    # That of items is the smaller one of the server's and the plan's, so there always is one.
    largest = visit.member.cache_limits.max_item_size_kb * 1024
    in_force = {**found.limits, "item_bytes": largest}
    return [
        Nearness(kind.purpose, kind.unit, value, used.get(limit))
        for limit, kind in plan_limits.KINDS.items()
        if limit in _ON_DATA and isinstance(value := in_force.get(limit), int)
    ]


def _rates_of(visit: Visit, name: str | None, scope: str) -> dict[str, float]:
    """The rates of the last whole minute: of a cache, or of the account."""
    last = visit.now // MINUTE * MINUTE - MINUTE
    counts = (_usage(visit, By.MINUTE, last, name, last + MINUTE) or {}).get(last, Totals())
    return {f"{scope}{limit}": getattr(counts, count) / MINUTE for limit, count in _RATES.items()}


def _usage(
    visit: Visit, by: By, since: int, name: str | None = None, until: int | None = None
) -> dict[object, Totals] | None:
    try:
        found = visit.perform(breakdown.of_account, [by], since, until, name)
    except PermissionDenied:
        return None
    return {row.of[by]: row.counts for row in found.rows}


def _may_read(visit: Visit, cache: Cache) -> bool:
    return visit.identity.permissions.covers(Permissions((caches.reading(cache.name),)))


def _stored(visit: Visit, cache: Cache) -> Stored:
    counts = _stats(visit, cache.id)
    hits, misses = counts.get("hits", 0), counts.get("misses", 0)
    return Stored(
        counts.get("items", 0),
        counts.get("stored_bytes", 0),
        counts.get("evicted", 0),
        hits / (hits + misses) if hits + misses else None,
    )


def _bytes(visit: Visit, cache_id: int) -> int:
    return _stats(visit, cache_id).get("stored_bytes", 0)


def _stats(visit: Visit, cache_id: int) -> Mapping[str, int]:
    found: Mapping[str, int] | None = visit.request.app.state.stats_of(cache_id)
    return found or {}
