"""How long it is kept how requests of caches ended: as long as usage, and as far as it has room.

Minutes and hours are bounded, each for itself: when they take more bytes than `MOST_BYTES`, the
oldest hour of minutes, or day of hours, is given up. As in the ledger, a moment is noted first,
from which they are read, and then rows before it are deleted, a few in each transaction
(`retention`).
"""

from collections.abc import Mapping

from attimo.billing.months import DAY
from attimo.control import ledger_tables
from attimo.control.ledger_tables import HOUR, MINUTE, floor
from attimo.control.outcome_rows import ROW_BYTES, TABLES
from attimo.control.tx import Tx

MOST_BYTES: Mapping[int, int] = {MINUTE: 10**9, HOUR: 10**9}
"""How many bytes the rows of minutes and of hours may take, by the seconds that a row is about."""

_AT_ONCE = {MINUTE: HOUR, HOUR: DAY}
"""How many seconds are given up together."""

_FIRST = """
SELECT at, cache_id, length(outcomes) FROM {table} WHERE at < :before
ORDER BY at, cache_id LIMIT :most
"""
_DELETE = "DELETE FROM {table} WHERE (at, cache_id) <= (:at, :cache_id)"


def since(tx: Tx, length: int) -> int:
    """Return the moment from which minutes or hours are kept."""
    kept = ledger_tables.kept(tx)
    own = tx.db.scalar("SELECT since FROM outcomes_kept WHERE seconds = :length", length=length)
    return max(int(own), kept.minutes_since if length == MINUTE else kept.hours_since)


def is_due(tx: Tx, most_bytes: Mapping[int, int] = MOST_BYTES) -> bool:
    """Return whether `keep` would give something up, or `prune` delete something."""
    return any(
        _has_before(tx, length, since(tx, length)) or _takes(tx, length) > most_bytes[length]
        for length in TABLES
    )


def keep(tx: Tx, most_bytes: Mapping[int, int]) -> None:
    """Give up the oldest minutes and hours if they take more bytes, and no more are deleted."""
    for length in TABLES:
        is_too_much = _takes(tx, length) > most_bytes[length]
        if is_too_much and not _has_before(tx, length, since(tx, length)):
            _give_up_oldest(tx, length)


def prune(tx: Tx, most: int) -> int:
    """Delete up to so many rows that are read no more; return how many."""
    deleted = 0
    for length in TABLES:
        if deleted < most:
            deleted += _prune(tx, length, most - deleted)
    return deleted


def _give_up_oldest(tx: Tx, length: int) -> None:
    oldest = tx.db.scalar(f"SELECT min(at) FROM {TABLES[length]}")  # noqa: S608
    if oldest is not None:
        each = _AT_ONCE[length]
        tx.db.execute(
            "UPDATE outcomes_kept SET since = :since WHERE seconds = :length",
            since=floor(oldest, each) + each,
            length=length,
        )


def _prune(tx: Tx, length: int, most: int) -> int:
    table, before = TABLES[length], since(tx, length)
    rows = tx.db.rows(_FIRST.format(table=table), before=before, most=most)
    if rows:
        at, cache_id, _ = rows[-1]
        tx.db.execute(_DELETE.format(table=table), at=at, cache_id=cache_id)
        tx.db.execute(
            "UPDATE outcomes_kept SET bytes = bytes - :less WHERE seconds = :length",
            less=sum(size + ROW_BYTES for *_, size in rows),
            length=length,
        )
    return len(rows)


def _takes(tx: Tx, length: int) -> int:
    query = "SELECT bytes FROM outcomes_kept WHERE seconds = :length"
    return int(tx.db.scalar(query, length=length))


def _has_before(tx: Tx, length: int, before: int) -> bool:
    query = f"SELECT EXISTS (SELECT 1 FROM {TABLES[length]} WHERE at < :before)"  # noqa: S608
    return bool(tx.db.scalar(query, before=before))
