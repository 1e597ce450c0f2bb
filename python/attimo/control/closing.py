"""Closed months: their sums change no more, whatever arrives late and whatever the clock shows.

A month is closed a day after the server has first seen that it is over. Until then, usage that
waited for a full disk or for a restart is still recorded in it. If the clock shows another month
before the day is over, it had jumped, and the day begins anew.
"""

from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx

WAIT_SECONDS = DAY
"""How long a month that is over waits for usage that is late."""


def open_since(tx: Tx) -> int:
    """Return when the first month began that is not closed, in seconds since 1970."""
    return int(tx.db.scalar("SELECT open_since FROM usage_closed"))


def is_due(tx: Tx) -> bool:
    """Return whether `close` would change something."""
    return _wanted(tx) != _found(tx)


@writes("usage.close", SERVER, audited=False)
def close(tx: Tx) -> None:
    """Close the months before the current one, or note since when it has been seen."""
    wanted = _wanted(tx)
    if wanted != _found(tx):
        since, seen, at = wanted
        tx.db.execute(
            "UPDATE usage_closed SET open_since = :since, next_month = :seen, seen_at = :at",
            since=since,
            seen=seen,
            at=at,
        )


def _wanted(tx: Tx) -> tuple[int, int, int]:
    since, seen, at = _found(tx)
    current = months.at(tx.now).start
    if current <= since:
        return since, since, 0
    if current != seen:
        return since, current, tx.now
    return (since, seen, at) if tx.now - at < WAIT_SECONDS else (current, current, 0)


def _found(tx: Tx) -> tuple[int, int, int]:
    """The first open month, the one seen after it, and since when; these two if there is one."""
    ((since, seen, at),) = tx.db.rows("SELECT open_since, next_month, seen_at FROM usage_closed")
    return since, seen, at
