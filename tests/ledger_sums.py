"""Sums of the ledger, read in another way than `attimo.control.breakdown` does."""

from dataclasses import asdict
from enum import StrEnum

from attimo.billing.months import DAY
from attimo.control import usage
from attimo.control.ledger_tables import MINUTE
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
