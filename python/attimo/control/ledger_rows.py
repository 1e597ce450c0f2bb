"""How usage is written: what is added to which rows of the ledger.

Most counts of a row are about the same number: a small request is a command and a KiB received, a
small item that is found is a KiB sent, and an operation is a KiB of either. So the columns `more_…`
have what a count is beyond that, mostly zero, which takes no space. Generated columns have the
counts themselves.

Stored data has a table of its own, since every cache has some at all times: a row is about a day,
with a column for each hour.
"""

from collections.abc import Iterator, Mapping, Sequence

from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control.ledger_tables import HOUR, TABLES, floor
from attimo.control.totals import ALIKE, COLUMNS, COUNTS, STORED, USED
from attimo.store.connection import Value

Counts = Mapping[str, int]
Row = Mapping[str, Value]
Use = tuple[Row, Counts]
"""What counts are about, as the table `usage_series` says it, and the counts."""

_SERIES = "WHERE key_id = :key_id AND cache_id = :cache_id AND api = :api"
_NAME = """
INSERT INTO usage_series (cache_id, key_id, api, account_id)
SELECT :cache_id, :key_id, :api, coalesce(
    (SELECT account_id FROM caches WHERE id = :cache_id),
    (SELECT account_id FROM api_keys WHERE id = :key_id),
    (SELECT account_id FROM url_keys WHERE kid = :key_id),
    0
)
WHERE NOT EXISTS (
    SELECT 1 FROM usage_series WHERE key_id = :key_id AND cache_id = :cache_id AND api = :api
)
"""
_TRANSFER = f"""
INSERT INTO transfer_months (account_id, month, bytes)
SELECT account_id, :month, :bytes_in + :bytes_out FROM usage_series {_SERIES}
ON CONFLICT (account_id, month) DO UPDATE SET bytes = bytes + excluded.bytes
"""  # noqa: S608
_STORE = """
INSERT INTO usage_stored (account_id, at, series_id, with_overhead, {hour})
SELECT account_id, :day, id, :with_overhead, :amount FROM usage_series {series}
ON CONFLICT (account_id, at, series_id, with_overhead)
DO UPDATE SET {hour} = {hour} + excluded.{hour}
"""


def _adding(table: str, moments: Mapping[str, str], columns: Sequence[str]) -> str:
    """The statement that adds counts to the row of a moment, or inserts it."""
    names = ", ".join((*moments, *columns))
    values = ", ".join((*moments.values(), *(f":{name}" for name in columns)))
    key = ", ".join(("account_id", *moments))
    added = ", ".join(f"{name} = {name} + excluded.{name}" for name in columns)
    return f"""
INSERT INTO {table} (account_id, {names}) SELECT account_id, {values} FROM usage_series {_SERIES}
ON CONFLICT ({key}) DO UPDATE SET {added}
"""  # noqa: S608


_ADD = [
    _adding(table, {"at": f":{table}", "series_id": "id"}, COLUMNS) for table in TABLES.values()
]
_NOTE = _adding("usage_late", {"booked_in": ":booked_in", "meant_for": ":meant_for"}, COUNTS)


def adding(used: Sequence[Use], at: int) -> Iterator[tuple[str, list[Row]]]:
    """The statements, each with its rows, that add counts to the ledger at a moment."""
    yield _NAME, [of for of, _ in used]
    moments: Row = {table: floor(at, length) for length, table in TABLES.items()}
    rows: list[Row] = [
        {**of, **moments, **_columns(counts)} for of, counts in used if _has(counts, USED)
    ]
    yield from ((statement, rows) for statement in _ADD)
    month = months.at(at).start
    moved = [row for row in rows if row["bytes_in"] or row["bytes_out"]]
    yield _TRANSFER, [{**row, "month": month} for row in moved]
    hour, day = f"h{at % DAY // HOUR:02}", floor(at, DAY)
    stored = [row for of, counts in used for row in _stored(of, counts)]
    yield _STORE.format(hour=hour, series=_SERIES), [{**row, "day": day} for row in stored]


def noting_late(
    used: Sequence[Use], booked_in: int, meant_for: int
) -> Iterator[tuple[str, list[Row]]]:
    """The same, that note which of the counts added are those of a month that is closed."""
    of_months: Row = {"booked_in": booked_in, "meant_for": meant_for}
    yield _NOTE, [{**of, **_all(counts), **of_months} for of, counts in used]


def _has(counts: Counts, names: Sequence[str]) -> bool:
    return any(counts.get(name) for name in names)


def _all(counts: Counts) -> dict[str, Value]:
    return {name: counts.get(name, 0) for name in COUNTS}


def _columns(counts: Counts) -> dict[str, Value]:
    """The columns of a row."""
    columns: dict[str, Value] = {name: counts.get(name, 0) for name in USED if name not in ALIKE}
    for name, alike in ALIKE.items():
        expected = sum(times * counts.get(other, 0) for other, times in alike.items())
        columns[f"more_{name}"] = counts.get(name, 0) - expected
    return columns


def _stored(of: Row, counts: Counts) -> Iterator[Row]:
    for with_overhead, name in enumerate(STORED):
        if amount := counts.get(name):
            yield {**of, "with_overhead": with_overhead, "amount": amount}
