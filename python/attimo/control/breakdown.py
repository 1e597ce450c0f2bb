"""The ledger, broken down: who used what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attimo.billing.months import DAY
from attimo.control import chosen_accounts, ledger_tables, usage
from attimo.control.actions import reads
from attimo.control.chosen_accounts import Chosen
from attimo.control.ledger_tables import HOUR, MINUTE, Window, floor
from attimo.control.permissions import Right
from attimo.control.totals import COUNTS, Totals
from attimo.control.tx import Tx
from attimo.control.usage import Late
from attimo.errors import InvalidArgument
from attimo.store.connection import Value

MOST_ROWS = 20_000
"""The most rows in one response, which is built in memory."""


class By(StrEnum):
    """What to group by."""

    CACHE = "cache"
    KEY = "key"
    ACCOUNT = "account"
    API = "api"
    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"


_APART = {
    By.CACHE: "caches.name",
    By.KEY: "usage_series.key_id",
    By.ACCOUNT: "nullif(usage.account_id, 0)",
    By.API: "usage_series.api",
    By.MINUTE: "usage.at",
    By.HOUR: "usage.at - usage.at % 3600",
    By.DAY: "usage.at - usage.at % 86400",
}
_SERIES = "series_id"
_NEEDS = {
    By.CACHE: _SERIES,
    By.KEY: _SERIES,
    By.ACCOUNT: "account_id",
    By.API: _SERIES,
    By.MINUTE: "at",
    By.HOUR: "at",
    By.DAY: "at",
}
"""Which column of the ledger tells groups apart; the names of a series need a join."""
_LONGEST = {By.MINUTE: MINUTE, By.HOUR: HOUR}

_ONE = "account_id = :account_id"
_BREAKDOWN = """
SELECT {apart}, {sums}
FROM {usage} {named} WHERE {where}
GROUP BY {apart} ORDER BY {order} LIMIT :limit
"""
_WITH_NAMES = f"{usage.JOINED} LEFT JOIN caches ON caches.id = usage_series.cache_id"


@dataclass(frozen=True, slots=True)
class Row:
    """The usage of one group.

    Attributes:
        of: The group: a cache's name (None for requests without a known cache), a key's ID, an
            account's ID (None for requests without a known cache and key), a method's name, the
            first second of a minute, hour or day.
    """

    of: dict[By, str | int | None]
    counts: Totals


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Usage from `since` until before `until`, in whole minutes or in what is kept of them.

    Attributes:
        hours_before: Before this moment, usage is known by whole hours only, since minutes are kept
            for a while; None if `since` is not before it.
        days_before: The same for days.
        late: What was booked in these months although it was used earlier, since its own month was
            closed when it arrived; of all caches.
        names: The names of accounts by ID, if `rows` tell accounts apart.
    """

    since: int
    until: int
    rows: list[Row]
    totals: Totals
    hours_before: int | None = None
    days_before: int | None = None
    late: Sequence[Late] = ()
    names: dict[int, str] = field(default_factory=dict)


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
        since: Start, rounded down to a minute, or to what is kept of that time; None is the start
            of this month (UTC).
        until: End (exclusive), rounded up alike; None is now.
        cache: Only caches with this name.

    Raises:
        InvalidArgument: The window is empty, there would be too many rows, or `by` names accounts.
    """
    if By.ACCOUNT in by:
        raise InvalidArgument("group_by can name account only with accounts: * is every account")
    of = _window(tx, since, until)
    return _broken_down(tx, by, of, _ONE, cache, account_id=account_id)


@reads("usage.read-all", chosen_accounts.READ)
def of_accounts(
    tx: Tx,
    _: int,
    chosen: Chosen,
    by: Sequence[By],
    since: int | None = None,
    until: int | None = None,
    cache: str | None = None,
) -> Breakdown:
    """Return the usage of several accounts of the server, by groups, as `of_account` does.

    Raises:
        InvalidArgument: The window is empty, or there would be too many rows.
    """
    of = _window(tx, since, until)
    # Row by row of an account, in the order of the table; 0 is what belongs to none.
    every = "account_id IN (SELECT id FROM accounts UNION ALL SELECT 0)"
    among = every if chosen.ids is None else chosen.condition("account_id")
    found = _broken_down(tx, by, of, among, cache, **chosen.values())
    if By.ACCOUNT not in by:
        return found
    return replace(found, names=dict(tx.db.rows("SELECT id, name FROM accounts")))


def _window(tx: Tx, since: int | None, until: int | None) -> Window:
    first = _month(tx.now) if since is None else since
    last = tx.now + 1 if until is None else until
    if first >= last:
        raise InvalidArgument("since must be before until, and without until before now")
    return ledger_tables.window(tx, floor(first, MINUTE), -floor(-last, MINUTE))


def _broken_down(
    tx: Tx, by: Sequence[By], of: Window, accounts: str, cache: str | None, **values: Value
) -> Breakdown:
    rows = _rows(tx, by, of, accounts, cache, **values)
    kept = of.kept
    return Breakdown(
        of.since,
        of.until,
        rows,
        _summed(rows),
        hours_before=kept.minutes_since if of.since < kept.minutes_since else None,
        days_before=kept.hours_since if of.since < kept.hours_since else None,
        late=usage.late(tx, of.since, of.until, accounts, **values),
    )


def _rows(
    tx: Tx, by: Sequence[By], of: Window, accounts: str, cache: str | None, **values: Value
) -> list[Row]:
    longest = min(_LONGEST.get(each, DAY) for each in by)
    needed = {_NEEDS[each] for each in by} | ({_SERIES} if cache is not None else set())
    query = _BREAKDOWN.format(
        apart=", ".join(_APART[each] for each in by),
        order=", ".join(f"{_APART[each]} NULLS FIRST" for each in by),
        sums=usage.SUMS,
        usage=of.source(longest, accounts, sorted(needed)),
        named=_WITH_NAMES if _SERIES in needed else "",
        where="TRUE" if cache is None else "caches.name = :cache",
    )
    found = tx.db.rows(query, **values, cache=cache, limit=MOST_ROWS + 1)
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
