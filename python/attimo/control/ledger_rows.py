"""How usage is written: what is added to which rows of the ledger.

Most counts of a row are about the same number: a small request is a command and a KiB received, a
small item that is found is a KiB sent, and an operation is a KiB of either. So the columns `more_…`
have what a count is beyond that, mostly zero, which takes no space. Generated columns have the
counts themselves.

Stored data has a table of its own, since every cache has some at all times: a row is about a day,
with a column for each hour.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control.ledger_tables import HOUR, TABLES, floor
from attimo.control.totals import ALIKE, COLUMNS, COUNTS, STORED, USED
from attimo.control.usage_series import Series
from attimo.store.connection import Value

Counts = Mapping[str, int]
Row = Mapping[str, Value]
Use = tuple[Series, Counts]
"""What counts are about, and the counts."""

_PLAIN = [name for name in USED if name not in ALIKE]
"""The counts that are stored as they are."""

_TRANSFER = """
INSERT INTO transfer_months (account_id, month, bytes) VALUES (:account_id, :month, :bytes)
ON CONFLICT (account_id, month) DO UPDATE SET bytes = bytes + excluded.bytes
"""
_STORE = """
INSERT INTO usage_stored (account_id, at, series_id, with_overhead, {hour})
VALUES (:account_id, :day, :series_id, :with_overhead, :amount)
ON CONFLICT (account_id, at, series_id, with_overhead)
DO UPDATE SET {hour} = {hour} + excluded.{hour}
"""


def _adding(table: str, moments: Mapping[str, str], columns: Sequence[str]) -> str:
    """The statement that adds counts to the row of a moment, or inserts it."""
    key = ", ".join(("account_id", *moments))
    names = ", ".join(("account_id", *moments, *columns))
    values = ", ".join((":account_id", *moments.values(), *(f":{name}" for name in columns)))
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in columns)
    return f"""
INSERT INTO {table} ({names}) VALUES ({values}) ON CONFLICT ({key}) DO UPDATE SET {added}
"""  # noqa: S608


_ADD = [
    _adding(table, {"at": f":{table}", "series_id": ":series_id"}, COLUMNS)
    for table in TABLES.values()
]
_NOTE = _adding("usage_late", {"booked_in": ":booked_in", "meant_for": ":meant_for"}, COUNTS)


def adding(used: Sequence[Use], at: int) -> Iterator[tuple[str, list[Row]]]:
    """The statements, each with its rows, that add counts to the ledger at a moment."""
    moments: Row = {table: floor(at, length) for length, table in TABLES.items()}
    rows: list[Row] = [
        {**_about(of), **moments, **_columns(counts)} for of, counts in used if _has(counts, USED)
    ]
    yield from ((statement, rows) for statement in _ADD)
    month = months.at(at).start
    moved = _transferred(used).items()
    yield _TRANSFER, [{"account_id": id, "month": month, "bytes": bytes} for id, bytes in moved]
    hour, day = f"h{at % DAY // HOUR:02}", floor(at, DAY)
    stored = [row for of, counts in used for row in _stored(of, counts)]
    yield _STORE.format(hour=hour), [{**row, "day": day} for row in stored]


def noting_late(
    used: Sequence[Use], booked_in: int, meant_for: int
) -> Iterator[tuple[str, list[Row]]]:
    """The same, that note which of the counts added are those of a month that is closed."""
    of_months: Row = {"booked_in": booked_in, "meant_for": meant_for}
    yield _NOTE, [{**_about(of), **_all(counts), **of_months} for of, counts in used]


def _about(of: Series) -> Row:
    return {"account_id": of.account_id, "series_id": of.id}


def _has(counts: Counts, names: Sequence[str]) -> bool:
    return any(counts.get(name) for name in names)


def _all(counts: Counts) -> dict[str, Value]:
    return {name: counts.get(name, 0) for name in COUNTS}


def _columns(counts: Counts) -> dict[str, Value]:
    """The columns of a row."""
    columns: dict[str, Value] = {name: counts.get(name, 0) for name in _PLAIN}
    for name, alike in ALIKE.items():
        more = counts.get(name, 0)
        for other, times in alike.items():
            more -= times * counts.get(other, 0)
        columns[f"more_{name}"] = more
    return columns


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
            yield {**_about(of), "with_overhead": with_overhead, "amount": amount}
