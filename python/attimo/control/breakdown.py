"""The ledger, broken down: who used what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attimo.control import usage
from attimo.control.actions import reads
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.control.usage import COUNTS, MINUTE, Of, Totals
from attimo.errors import InvalidArgument

MOST_ROWS = 20_000
"""The most rows in one response, which is built in memory."""


class By(StrEnum):
    """What to group by."""

    CACHE = "cache"
    KEY = "key"
    API = "api"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


_APART = {
    By.CACHE: "caches.name",
    By.KEY: "usage.key_id",
    By.API: "usage.api",
    By.MINUTE: "usage.minute",
    By.HOUR: "usage.minute - usage.minute % 3600",
    By.DAY: "usage.minute - usage.minute % 86400",
}

_BREAKDOWN = """
SELECT {apart}, {sums}
FROM usage LEFT JOIN caches ON caches.id = usage.cache_id AND caches.account_id = :account_id
WHERE {where}
GROUP BY {apart} ORDER BY {apart} LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Row:
    """The usage of one group.

    Attributes:
        of: The group: a cache's name (None for requests without a known cache), a key's ID, a
            method's name, the first second of a minute, hour or day.
    """

    of: dict[By, str | int | None]
    counts: Totals


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The usage of an account from `since` until before `until`, in whole minutes."""

    since: int
    until: int
    rows: list[Row]
    totals: Totals


def read_by(text: str) -> list[By]:
    """Parse a list such as `cache,api`.

    Raises:
        InvalidArgument: It names something else, or is empty.
    """
    try:
        return list(dict.fromkeys(By(word) for word in text.split(",")))
    except ValueError as error:
        allowed = ", ".join(By)
        raise InvalidArgument(f"group_by must be some of {allowed}, with commas between") from error


@reads("usage.read", Right("account_management", "read"))
def of_account(
    tx: Tx,
    account_id: int,
    by: Sequence[By],
    since: int | None = None,
    until: int | None = None,
    cache: str | None = None,
) -> Breakdown:
    """Return the usage of an account, by groups.

    Deleted caches keep their names; successive caches of one name are one group.

    Args:
        since: Start, rounded down to a minute; None is the start of this month (UTC).
        until: End (exclusive), rounded up to a minute; None is now.
        cache: Only caches with this name.

    Raises:
        InvalidArgument: The window is empty, or there would be too many rows.
    """
    first = _month(tx.now) if since is None else since
    last = tx.now + 1 if until is None else until
    if first >= last:
        raise InvalidArgument("since must be before until, and without until before now")
    begin, end = first - first % MINUTE, last + -last % MINUTE
    of = Of(account_id=account_id, since=begin, until=end)
    rows = _rows(tx, by, of, cache)
    return Breakdown(begin, end, rows, _summed(rows))


def _rows(tx: Tx, by: Sequence[By], of: Of, cache: str | None) -> list[Row]:
    apart = ", ".join(_APART[each] for each in by)
    where = usage.within(of)
    if cache is not None:
        where += " AND caches.name = :cache"
    found = tx.db.rows(
        _BREAKDOWN.format(apart=apart, sums=usage.SUMS, where=where),
        **usage.values(of),
        cache=cache,
        limit=MOST_ROWS + 1,
    )
    if len(found) > MOST_ROWS:
        raise InvalidArgument(
            f"since and until must be closer, or group_by shorter: more than {MOST_ROWS} rows"
        )
    return [_row(by, row) for row in found]


def _row(by: Sequence[By], row: Any) -> Row:
    return Row(dict(zip(by, row, strict=False)), Totals(*row[len(by) :]))


def _summed(rows: Sequence[Row]) -> Totals:
    return Totals(*(sum(getattr(row.counts, name) for row in rows) for name in COUNTS))


def _month(now: int) -> int:
    first = datetime.fromtimestamp(now, UTC).replace(day=1, hour=0, minute=0, second=0)
    return int(first.timestamp())
