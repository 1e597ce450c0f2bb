"""Sums of the ledger, read in another way than `attimo.control.breakdown` does."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from attimo.billing.months import DAY
from attimo.control import ledger_tables
from attimo.control.ledger_tables import HOUR, MINUTE, floor
from attimo.control.totals import Totals
from attimo.control.tx import Tx
from attimo.control.usage import JOINED, SUMS

EVER = 2**53


@dataclass(frozen=True, slots=True)
class Of:
    """A part of the ledger, from a minute until before another; None does not restrict it."""

    account_id: int | None = None
    since: int | None = None
    until: int | None = None

    def rows(self, tx: Tx, longest: int) -> str:
        """What selects it in SQL; `longest` is the length of the longest rows that can be used."""
        since = -EVER if self.since is None else floor(self.since, MINUTE)
        until = EVER if self.until is None else floor(self.until, MINUTE)
        of_account = "TRUE" if self.account_id is None else "account_id = :account_id"
        source = ledger_tables.window(tx, since, until).source(longest, of_account)
        return f"FROM {source} {JOINED}"


class By(StrEnum):
    """What to group by."""

    CACHE = "cache_id"
    KEY = "key_id"
    API = "api"
    MINUTE = "at"


def total(tx: Tx, of: Of | None = None) -> Totals:
    """Return the sums over a part of the ledger, or over all of it."""
    of = of or Of()
    query = f"SELECT {SUMS} {of.rows(tx, DAY)}"
    (found,) = tx.db.all(Totals, query, **asdict(of))
    return found


def totals(tx: Tx, by: By, of: Of | None = None) -> dict[int | str, Totals]:
    """Return the sums over a part of the ledger for each cache, key, API or minute in it."""
    of = of or Of()
    rows = of.rows(tx, MINUTE if by is By.MINUTE else DAY)
    query = f"SELECT {by}, {SUMS} {rows} GROUP BY {by} ORDER BY {by}"
    return {row[0]: Totals(*row[1:]) for row in tx.db.rows(query, **asdict(of))}


def by_hour(tx: Tx, *, apart: Sequence[str]) -> dict[tuple[int, int], Totals]:
    """Return the sums of the hours of accounts, from the rows that tell these columns apart."""
    source = ledger_tables.window(tx, -EVER, EVER).source(HOUR, "TRUE", apart)
    hour = "usage.at - usage.at % 3600"
    query = f"SELECT account_id, {hour}, {SUMS} FROM {source} GROUP BY account_id, {hour}"  # noqa: S608
    return {(account, at): Totals(*counts) for account, at, *counts in tx.db.rows(query)}
