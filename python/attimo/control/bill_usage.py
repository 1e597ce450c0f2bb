"""What bills are about: the ledger's usage of an account in a month, by meters."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from attimo.billing.meters import Kind, Meter
from attimo.billing.months import DAY, Month
from attimo.billing.usage import Amounts, Usage, Where
from attimo.control import ledger_tables, usage
from attimo.control.ledger_tables import HOUR, Window, floor
from attimo.control.totals import STORED, Totals
from attimo.control.tx import Tx

COUNTED: Mapping[Meter, Sequence[str]] = {
    Meter.TRANSFERRED_BYTES: ("bytes_in", "bytes_out"),
    Meter.TRANSFERRED_KIB: ("kib_in", "kib_out"),
    Meter.RECEIVED_BYTES: ("bytes_in",),
    Meter.SENT_BYTES: ("bytes_out",),
    Meter.REQUESTS: ("requests",),
    Meter.COMMANDS: ("commands",),
    Meter.OPERATIONS: ("operations",),
    Meter.ECPU_THOUSANDTHS: ("ecpu_thousandths",),
    Meter.STORED_BYTE_MINUTES: ("stored_byte_minutes",),
    Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: ("stored_byte_minutes_with_overhead",),
}
"""The counts of the ledger that make up each meter, exactly. No other meter has a zero: its lines
say that it is not metered."""

_ALWAYS = {
    Meter.TRANSFERRED_BYTES,
    Meter.TRANSFERRED_KIB,
    Meter.RECEIVED_BYTES,
    Meter.SENT_BYTES,
    Meter.REQUESTS,
}
"""What ledgers had before they had all counts."""

OF_ACCOUNT = "account_id = :account_id"
_USED = """
SELECT caches.name, usage_series.key_id, {sums}
FROM {usage} {joined} LEFT JOIN caches ON caches.id = usage_series.cache_id
GROUP BY caches.name, usage_series.key_id
"""
_STORED = """
SELECT caches.name, usage.at, {sums}
FROM {usage} {joined} LEFT JOIN caches ON caches.id = usage_series.cache_id
GROUP BY caches.name, usage.at
"""
_EXISTED = """
SELECT name, created_at, coalesce(deleted_at, :until) FROM caches
WHERE account_id = :account_id AND created_at < :until AND coalesce(deleted_at, :until) > :since
ORDER BY name, created_at
"""

Hours = tuple[int, int]
"""From a first second until before another, where hours begin."""


def used(tx: Tx, account_id: int, month: Month) -> Usage:
    """Return what the ledger has of a month, by the names of caches and the IDs of keys.

    What it did not count from the beginning of the month on is absent.
    """
    of = ledger_tables.window(tx, month.start, month.end)
    stored = _stored(tx, account_id, of)
    flows = _flows(tx, account_id, of)
    counted = COUNTED.keys() if _has_all(tx, account_id, month) else _ALWAYS
    amounts = {
        meter: stored[names[0]] if meter.kind is Kind.STORED else _summed(flows, names)
        for meter, names in COUNTED.items()
        if meter in counted
    }
    hours = {where for each in stored.values() for where in each}
    return Usage(amounts, _empty_hours(tx, account_id, month, hours))


def _has_all(tx: Tx, account_id: int, month: Month) -> bool:
    """Whether all counts were counted since the month began, or the account."""
    created = tx.db.scalar("SELECT created_at FROM accounts WHERE id = :id", id=account_id)
    return ledger_tables.all_counts_since(tx) <= max(month.start, int(created or 0))


def _flows(tx: Tx, account_id: int, of: Window) -> list[tuple[Where, Totals]]:
    source = of.source(DAY, OF_ACCOUNT, ["series_id"])
    query = _USED.format(sums=usage.SUMS, usage=source, joined=usage.JOINED)
    rows = tx.db.rows(query, account_id=account_id)
    return [(Where(cache, key), Totals(*counts)) for cache, key, *counts in rows]


def _summed(flows: Iterable[tuple[Where, Totals]], names: Sequence[str]) -> Amounts:
    sums = ((where, sum(getattr(totals, name) for name in names)) for where, totals in flows)
    return {where: amount for where, amount in sums if amount}


def _stored(tx: Tx, account_id: int, of: Window) -> dict[str, dict[Where, int]]:
    """What each cache stored in each hour, by count."""
    sums = ", ".join(f"sum(usage.{name})" for name in STORED)
    query = _STORED.format(sums=sums, usage=of.stored(OF_ACCOUNT), joined=usage.JOINED)
    found: dict[str, dict[Where, int]] = {name: {} for name in STORED}
    for cache, hour, *counts in tx.db.rows(query, account_id=account_id):
        for name, count in zip(STORED, counts, strict=True):
            found[name][Where(cache, None, hour)] = count
    return found


def _empty_hours(
    tx: Tx, account_id: int, month: Month, stored: Iterable[Where]
) -> dict[str | None, int]:
    """In how many hours each cache existed and stored nothing."""
    until = min(month.end, tx.now + 1)
    rows = tx.db.rows(_EXISTED, account_id=account_id, since=month.start, until=until)
    with_data: dict[str | None, list[int]] = defaultdict(list)
    for where in stored:
        with_data[where.cache].append(where.hour or 0)
    empty: dict[str | None, int] = {}
    for name, caches in groupby(rows, itemgetter(0)):
        spans = list(_merged((max(since, month.start), until) for _, since, until in caches))
        hours = sum((end - start) // HOUR for start, end in spans)
        filled = sum(any(a <= hour < b for a, b in spans) for hour in with_data[name])
        empty[name] = hours - filled
    return empty


def _merged(lives: Iterable[Hours]) -> Iterator[Hours]:
    """The hours of successive caches of one name, each once."""
    reached = 0
    for since, until in lives:
        first, last = max(floor(since, HOUR), reached), -floor(-until, HOUR)
        if first < last:
            yield first, last
            reached = last
