"""The ledger, broken down: who used what, and when."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from attimo.control import chosen_accounts, usage
from attimo.control.actions import reads
from attimo.control.chosen_accounts import Chosen
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.control.usage import COUNTS, MINUTE, Of, Totals
from attimo.errors import InvalidArgument

MOST_ROWS = 20_000
"""The most rows in one response, which is built in memory."""


EVERY = Chosen(None)


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
    By.KEY: "usage.key_id",
    By.ACCOUNT: "accounts.id",
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
# A row of the ledger is the account's whose cache it was; without a known cache, whose key it was.
_ACROSS_ACCOUNTS = """
SELECT {apart}, {sums}
FROM usage LEFT JOIN caches ON caches.id = usage.cache_id
LEFT JOIN api_keys ON api_keys.id = usage.key_id
LEFT JOIN url_keys ON url_keys.kid = usage.key_id
LEFT JOIN accounts
    ON accounts.id = coalesce(caches.account_id, api_keys.account_id, url_keys.account_id)
WHERE {where}
GROUP BY {apart} ORDER BY {apart} LIMIT :limit
"""


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
    """Usage from `since` until before `until`, in whole minutes.

    Attributes:
        names: The names of accounts by ID, if `rows` tell accounts apart.
    """

    since: int
    until: int
    rows: list[Row]
    totals: Totals
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
        since: Start, rounded down to a minute; None is the start of this month (UTC).
        until: End (exclusive), rounded up to a minute; None is now.
        cache: Only caches with this name.

    Raises:
        InvalidArgument: The window is empty, there would be too many rows, or `by` names accounts.
    """
    if By.ACCOUNT in by:
        raise InvalidArgument("group_by can name account only with accounts: * is every account")
    of = replace(_window(tx, since, until), account_id=account_id)
    return _broken_down(tx, _BREAKDOWN, by, of, cache)


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
    found = _broken_down(tx, _ACROSS_ACCOUNTS, by, of, cache, chosen)
    if By.ACCOUNT not in by:
        return found
    return replace(found, names=dict(tx.db.rows("SELECT id, name FROM accounts")))


def _window(tx: Tx, since: int | None, until: int | None) -> Of:
    first = _month(tx.now) if since is None else since
    last = tx.now + 1 if until is None else until
    if first >= last:
        raise InvalidArgument("since must be before until, and without until before now")
    return Of(since=first - first % MINUTE, until=last + -last % MINUTE)


def _broken_down(
    tx: Tx, query: str, by: Sequence[By], of: Of, cache: str | None, chosen: Chosen = EVERY
) -> Breakdown:
    rows = _rows(tx, query, by, of, cache, chosen)
    return Breakdown(of.since or 0, of.until or 0, rows, _summed(rows))


def _rows(
    tx: Tx, query: str, by: Sequence[By], of: Of, cache: str | None, chosen: Chosen
) -> list[Row]:
    apart = ", ".join(_APART[each] for each in by)
    where = f"{usage.within(of)} AND {chosen.condition('accounts.id')}"
    if cache is not None:
        where += " AND caches.name = :cache"
    found = tx.db.rows(
        query.format(apart=apart, sums=usage.SUMS, where=where),
        **usage.values(of),
        **chosen.values(),
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
