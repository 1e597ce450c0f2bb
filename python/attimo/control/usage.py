"""The ledger: usage per minute, hour and day; each batch is counted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from attimo.billing import months
from attimo.control import (
    api_keys,
    closing,
    evictions,
    ledger_rows,
    transfer,
    usage_series,
)
from attimo.control.actions import SERVER, writes
from attimo.control.durations import Histogram
from attimo.control.totals import COUNTS, Totals, sum_of
from attimo.control.tx import Tx
from attimo.store.connection import Value


class Used(Protocol):
    """What a key did with a cache by one method; `attimo._core.Used` is one."""

    @property
    def cache_id(self) -> int:
        """The cache, or 0 for requests without a known one."""

    @property
    def key_id(self) -> str:
        """The API key, `local`, `token`, `session`, or `server` for evictions and stored data."""

    @property
    def api(self) -> str:
        """The method's name, `Evict` or `Store`."""

    @property
    def counts(self) -> Mapping[str, int]:
        """The counts, by the names of `Totals`."""

    @property
    def durations(self) -> Histogram:
        """How many requests succeeded in how long."""

    @property
    def failures(self) -> Mapping[str, int]:
        """How many requests failed, by the kind of error."""


class Batch(Protocol):
    """The counts of a node between two calls; `attimo._core.Batch` is one."""

    @property
    def node(self) -> str:
        """The node's name, new at every start."""

    @property
    def number(self) -> int:
        """1, 2, 3, … for each node name."""

    @property
    def used(self) -> Sequence[Used]:
        """The counts."""


SUMS = ", ".join(f"coalesce({sum_of(name)}, 0)" for name in COUNTS)
"""The columns that `Totals` takes."""
JOINED = "JOIN usage_series ON usage_series.id = usage.series_id"
"""What tells a row's cache, key and method, after `usage` of `ledger_tables`."""

_BEGIN_BATCH = """
INSERT INTO batches (node, number, recorded_at) VALUES (:node, :number, :now)
ON CONFLICT DO NOTHING
"""
_LATE = """
SELECT meant_for, {sums} FROM usage_late
WHERE {accounts} AND booked_in >= :first AND booked_in < :until
GROUP BY meant_for ORDER BY meant_for
"""

_NAMES = set(COUNTS)


@dataclass(frozen=True, slots=True)
class Late:
    """Usage that arrived when its month was closed, and was booked in a later one.

    Attributes:
        month: The first second of the month in which it was used, since 1970.
        counts: How much it was.
    """

    month: int
    counts: Totals


@writes("usage.record", SERVER, audited=False)
def record(tx: Tx, batch: Batch, taken_at: int | None = None) -> set[int] | None:
    """Record a batch; return the accounts whose usage it has, or None if it is not new.

    A batch that is already in the ledger is not counted again, however often and in whatever order
    batches are sent.

    Args:
        taken_at: When the node was asked for it, in seconds since 1970; None is now. It counts in
            that minute or, if that month is closed, now, with a note.
    """
    if not tx.db.execute(_BEGIN_BATCH, node=batch.node, number=batch.number, now=tx.now):
        return None
    evictions.note(tx, batch.used)
    used_at = tx.now if taken_at is None else min(taken_at, tx.now)
    open_since = closing.open_since(tx)
    at = used_at if used_at >= open_since else max(tx.now, open_since)
    series = usage_series.of(tx, [(used.cache_id, used.key_id, used.api) for used in batch.used])
    rows = list(zip(series, (_counts(used) for used in batch.used), strict=True))
    statements = [*ledger_rows.adding(rows, at)]
    if at != used_at:
        booked_in, meant_for = months.at(at).start, months.at(used_at).start
        statements += ledger_rows.noting_late(rows, booked_in, meant_for)
    for statement, values in statements:
        tx.db.execute_each(statement, values)
    tx.ended.append((batch.used, used_at))
    api_keys.used(tx, {used.key_id for used in batch.used})
    accounts = {each.account_id for each in series}
    transfer.review(tx, accounts)
    return accounts


def late(tx: Tx, since: int, until: int, accounts: str, **values: Value) -> list[Late]:
    """Return what was booked late in the months of a part of time, by the month of its use.

    Args:
        accounts: The condition in SQL for `account_id`.
        values: Its parameters.
    """
    sums = ", ".join(f"sum({name})" for name in COUNTS)
    query = _LATE.format(sums=sums, accounts=accounts)
    rows = tx.db.rows(query, first=months.at(min(since, tx.now)).start, until=until, **values)
    return [Late(month, Totals(*counts)) for month, *counts in rows]


def _counts(used: Used) -> Mapping[str, int]:
    counts = used.counts  # made anew whenever it is asked for
    if not counts.keys() <= _NAMES:
        raise TypeError(f"The ledger has no {', '.join(sorted(counts.keys() - _NAMES))}")
    return counts
