"""Sums of the ledger, read in another way than `attimo.control.breakdown` does."""

from collections.abc import Sequence
from dataclasses import asdict
from enum import StrEnum

from attimo.billing.months import DAY
from attimo.control import ledger_tables, usage
from attimo.control.ledger_tables import HOUR, MINUTE
from attimo.control.totals import Totals
from attimo.control.tx import Tx
from attimo.control.usage import SUMS, Of


class By(StrEnum):
    """What to group by."""

    CACHE = "cache_id"
    KEY = "key_id"
    API = "api"
    MINUTE = "at"


def totals(tx: Tx, by: By, of: Of) -> dict[int | str, Totals]:
    """Return the sums over a part of the ledger for each cache, key, API or minute in it."""
    longest = MINUTE if by is By.MINUTE else DAY
    query = " ".join(
        ("SELECT", by, ",", SUMS, *usage.rows_of(tx, of, longest), "GROUP BY", by, "ORDER BY", by)
    )
    return {row[0]: Totals(*row[1:]) for row in tx.db.rows(query, **asdict(of))}


def by_hour(tx: Tx, *, apart: Sequence[str]) -> dict[tuple[int, int], Totals]:
    """Return the sums of the hours of accounts, from the rows that tell these columns apart."""
    source = ledger_tables.window(tx, -(2**53), 2**53).source(HOUR, "TRUE", apart)
    hour = "usage.at - usage.at % 3600"
    query = f"SELECT account_id, {hour}, {SUMS} FROM {source} GROUP BY account_id, {hour}"  # noqa: S608
    return {(account, at): Totals(*counts) for account, at, *counts in tx.db.rows(query)}
