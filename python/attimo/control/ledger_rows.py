"""How usage is written: what is added to which rows of the ledger.

Most counts of a row are about the same number: a small request is a command and a KiB received, a
small item that is found is a KiB sent, and an operation is a KiB of either. So the columns `more_…`
have what a count is beyond that, mostly zero, which takes no space. Generated columns have the
counts themselves.

An hour of an account also has one row with the sums, for questions about the account as a whole.
Stored data has a table of its own, since every cache has some at all times: a row is about a day,
with a column for each hour.

Stored data has a table of its own, since every cache has some at all times: a row is about a day,
with a column for each hour.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control.ledger_tables import ACCOUNT_HOURS, HOUR, TABLES, floor
from attimo.control.totals import ALIKE, COLUMNS, COUNTS, STORED, USED
from attimo.control.usage_series import Series
from attimo.store.connection import Value, Values

Counts = Mapping[str, int]
Row = Mapping[str, Value]
Use = tuple[Series, Counts]
"""What counts are about, and the counts."""
_BEYOND = [
    (USED.index(name), other, times)
    for name, alike in ALIKE.items()
    for other, times in alike.items()
]
"""What is not told again by a column: its place, and a count that is multiplied by a number."""

_TRANSFER = """
INSERT INTO transfer_months (account_id, month, bytes) VALUES (:account_id, :month, :bytes)
ON CONFLICT (account_id, month) DO UPDATE SET bytes = transfer_months.bytes + excluded.bytes
"""
_STORE = """
INSERT INTO usage_stored (account_id, at, series_id, with_overhead, {hour})
VALUES (:account_id, :day, :series_id, :with_overhead, :amount)
ON CONFLICT (account_id, at, series_id, with_overhead)
DO UPDATE SET {hour} = usage_stored.{hour} + excluded.{hour}
"""


def _adding(table: str, moments: Mapping[str, int], *columns: str) -> str:
    """The statement that adds counts to the rows of moments, or inserts them.

    The moments are no parameters, so that the rows are the same for all tables.
    """
    keys = [name for name in ("account_id", "series_id") if name in columns]
    counts = [name for name in columns if name not in keys]
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in counts)
    return f"""
INSERT INTO {table} ({", ".join((*moments, *columns))})
VALUES ({", ".join((*map(str, moments.values()), *("?" for _ in columns)))})
ON CONFLICT ({", ".join((*moments, *keys))}) DO UPDATE SET {added}
"""  # noqa: S608


def adding(used: Sequence[Use], at: int) -> Iterator[tuple[str, Sequence[Values]]]:
    """The statements, each with its rows, that add counts to the ledger at a moment."""
    # In the order of the tables, which takes less time.
    rows = sorted(
        (of.account_id, of.id, *_columns(counts)) for of, counts in used if _has(counts, USED)
    )
    for length, table in TABLES.items():
        yield _adding(table, {"at": floor(at, length)}, "account_id", "series_id", *COLUMNS), rows
    hour = {"at": floor(at, HOUR)}
    yield _adding(ACCOUNT_HOURS, hour, "account_id", *COLUMNS), list(_by_account(rows))
    month = months.at(at).start
    moved = _transferred(used).items()
    yield _TRANSFER, [{"account_id": id, "month": month, "bytes": bytes} for id, bytes in moved]
    column, day = f"h{at % DAY // HOUR:02}", floor(at, DAY)
    stored = [row for of, counts in used for row in _stored(of, counts)]
    yield _STORE.format(hour=column), [{**row, "day": day} for row in stored]


def noting_late(
    used: Sequence[Use], booked_in: int, meant_for: int
) -> Iterator[tuple[str, Sequence[Values]]]:
    """The same, that note which of the counts added are those of a month that is closed."""
    moments = {"booked_in": booked_in, "meant_for": meant_for}
    rows = [(of.account_id, *(counts.get(name, 0) for name in COUNTS)) for of, counts in used]
    yield _adding("usage_late", moments, "account_id", *COUNTS), rows


def _has(counts: Counts, names: Sequence[str]) -> bool:
    return any(counts.get(name) for name in names)


def _columns(counts: Counts) -> list[int]:
    """The columns of a row, in the order of `COLUMNS`."""
    columns = [counts.get(name, 0) for name in USED]
    for at, other, times in _BEYOND:
        columns[at] -= times * counts.get(other, 0)
    return columns


def _by_account(rows: Iterable[tuple[int, ...]]) -> Iterator[tuple[int, ...]]:
    """The sums of each account, of rows that are sorted by account."""
    for account_id, each in groupby(rows, itemgetter(0)):
        _, _, *columns = zip(*each, strict=True)
        yield account_id, *map(sum, columns)


def _transferred(used: Sequence[Use]) -> Mapping[int, int]:
    """The bytes of each account that has any."""
    found: Counter[int] = Counter()
    for of, counts in used:
        if moved := counts.get("bytes_in", 0) + counts.get("bytes_out", 0):
            found[of.account_id] += moved
    return found


def _stored(of: Series, counts: Counts) -> Iterator[Row]:
    for with_overhead, name in enumerate(STORED):
        if amount := counts.get(name):
            yield {
                "account_id": of.account_id,
                "series_id": of.id,
                "with_overhead": with_overhead,
                "amount": amount,
            }
