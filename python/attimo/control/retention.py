"""How long the ledger keeps what: minutes and hours for a while, days for ever.

What is deleted must be old by a clock that has been right for a day. So the time that the clock
shows is noted; when the clock shows a day later, what was too old at the noted time is deleted. If
it shows an earlier time, it was wrong, and the day begins anew.

First a moment is noted, before which minutes or hours are read no more; then their rows are
deleted, a few in each transaction. So no reader sees a part of them, wherever a process is killed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attimo.billing.months import DAY
from attimo.control import ledger_tables, outcome_retention
from attimo.control.actions import SERVER, writes
from attimo.control.ledger_tables import ACCOUNT_HOURS, HOUR, MINUTE, TABLES, Kept, floor
from attimo.control.outcome_retention import MOST_BYTES
from attimo.control.tx import Tx

WAIT_SECONDS = DAY
"""How long the clock must go on before it is believed."""

_ACCOUNTS = "SELECT id FROM accounts UNION ALL SELECT 0"
_DELETE = """
DELETE FROM {table} WHERE account_id = :account_id AND ({key}) IN (
    SELECT {key} FROM {table} WHERE account_id = :account_id AND at < :before
    ORDER BY {key} LIMIT :most
)
"""
_FOLLOWED = """
SELECT node, number FROM batches AS old
WHERE number < (SELECT max(number) FROM batches WHERE node = old.node) LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class _State:
    """What is kept.

    Attributes:
        kept: How far back.
        seen_at: A moment that the clock showed, in seconds since 1970; 0 before the first.
    """

    kept: Kept
    seen_at: int


def is_due(tx: Tx, minutes_seconds: int, hours_seconds: int) -> bool:
    """Return whether `keep` would change something, or `prune` delete something."""
    found = _found(tx)
    if _wanted(tx, minutes_seconds, hours_seconds, found) != found or outcome_retention.is_due(tx):
        return True
    return any(_accounts_before(tx, table, before) for table, before in _given_up(found.kept))


@writes("usage.keep", SERVER, audited=False)
def keep(
    tx: Tx,
    minutes_seconds: int,
    hours_seconds: int,
    outcome_bytes: Mapping[int, int] = MOST_BYTES,
) -> None:
    """Keep minutes and hours for so long; what was given up before does not come back.

    They are kept for up to two days longer, since the clock is believed only after a day.

    Args:
        minutes_seconds: How long minutes are kept.
        hours_seconds: How long hours are kept; not less.
        outcome_bytes: How much it may take how requests ended, by the seconds of a row.
    """
    outcome_retention.keep(tx, outcome_bytes)
    found = _found(tx)
    wanted = _wanted(tx, minutes_seconds, hours_seconds, found)
    if wanted != found:
        tx.db.execute(
            "UPDATE usage_kept "
            "SET minutes_since = :minutes, hours_since = :hours, seen_at = :seen_at",
            minutes=wanted.kept.minutes_since,
            hours=wanted.kept.hours_since,
            seen_at=wanted.seen_at,
        )


@writes("usage.prune", SERVER, audited=False)
def prune(tx: Tx, most: int) -> int:
    """Delete rows that are read no more; return how many.

    Args:
        most: The most to delete. If there were so many, call it again in another transaction.
    """
    deleted = 0
    for table, before in _given_up(ledger_tables.kept(tx)):
        for account_id in _accounts_before(tx, table, before):
            if deleted >= most:
                return deleted
            deleted += tx.db.execute(
                _DELETE.format(table=table, key=_key(table)),
                account_id=account_id,
                before=before,
                most=most - deleted,
            )
    return deleted + outcome_retention.prune(tx, most - deleted)


@writes("usage.forget-batches", SERVER, audited=False)
def forget_batches(tx: Tx, most: int) -> int:
    """Delete the numbers of batches that cannot come again; return how many.

    A node takes its next batch when the last one is recorded, so only its newest can come again.
    That is not true of batches that wait in the reserve for the next start, of which several come
    again if that start is killed: call this only when there are none.

    Args:
        most: The most to delete.
    """
    followed = tx.db.rows(_FOLLOWED, most=most)
    tx.db.execute_each("DELETE FROM batches WHERE node = ? AND number = ?", followed)
    return len(followed)


def followed_batches(tx: Tx, most: int) -> int:
    """Return how many batches are not the newest of their node, but no more than `most`."""
    return len(tx.db.rows(_FOLLOWED, most=most))


def _found(tx: Tx) -> _State:
    return _State(ledger_tables.kept(tx), int(tx.db.scalar("SELECT seen_at FROM usage_kept")))


def _wanted(tx: Tx, minutes_seconds: int, hours_seconds: int, found: _State) -> _State:
    kept, seen_at = found.kept, found.seen_at
    if not seen_at or tx.now < seen_at:
        return _State(kept, tx.now)
    if tx.now - seen_at < WAIT_SECONDS:
        return found
    minutes, hours = floor(seen_at - minutes_seconds, HOUR), floor(seen_at - hours_seconds, DAY)
    return _State(Kept(max(kept.minutes_since, minutes), max(kept.hours_since, hours)), tx.now)


def _given_up(kept: Kept) -> tuple[tuple[str, int], ...]:
    """Return the tables, each with the moment before which it is not read."""
    return (
        (TABLES[MINUTE], kept.minutes_since),
        (ACCOUNT_HOURS, kept.minutes_since),
        (TABLES[HOUR], kept.hours_since),
    )


def _key(table: str) -> str:
    """What tells the rows of an account apart."""
    return "at" if table == ACCOUNT_HOURS else "at, series_id"


def _accounts_before(tx: Tx, table: str, before: int) -> list[int]:
    """Return the accounts that have rows of a table before a moment."""
    some = f"SELECT 1 FROM {table} WHERE account_id = id AND at < :before"  # noqa: S608
    query = f"SELECT id FROM ({_ACCOUNTS}) AS each WHERE EXISTS ({some})"  # noqa: S608
    return [account_id for (account_id,) in tx.db.rows(query, before=before)]
