"""How requests of caches ended, in the database: rows of minutes and hours, beside the ledger.

A row has the outcomes of one cache, of all methods and keys. A minute is written when it is over
(`unwritten`), and added to its hour at once. Rows are in the order of time: those of a minute are
written beside each other, at the end of the table, and the oldest are deleted from its beginning.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from attimo.control import outcomes
from attimo.control.actions import SERVER, writes
from attimo.control.ledger_tables import HOUR, MINUTE, floor
from attimo.control.outcomes import ByMethod
from attimo.control.tx import Tx
from attimo.control.unwritten import Portion

TABLES = {MINUTE: "outcome_minutes", HOUR: "outcome_hours"}
"""The tables, by the seconds that a row is about."""

ROW_BYTES = 40
"""What a row takes in SQLite's file besides its outcomes, its share of free space included."""

_FOUND = """
SELECT cache_id, outcomes FROM json_each(:ids) AS each CROSS JOIN {table}
WHERE cache_id = CAST(each.value AS BIGINT) AND at = :at
"""
_PUT = """
INSERT INTO {table} (at, cache_id, outcomes) VALUES (?, ?, ?)
ON CONFLICT (at, cache_id) DO UPDATE SET outcomes = excluded.outcomes
"""
_GROW = """
UPDATE outcomes_kept SET bytes = bytes + :more, writer = :writer, portion = :portion
WHERE seconds = :seconds
"""
_PORTION = "SELECT portion FROM outcomes_kept WHERE seconds = :seconds AND writer = :writer"
_AT = """
SELECT at, cache_id, outcomes FROM json_each(:moments) AS moment
CROSS JOIN json_each(:ids) AS each CROSS JOIN {table}
WHERE at = CAST(moment.value AS BIGINT) AND cache_id = CAST(each.value AS BIGINT)
"""


@writes("outcome.record", SERVER, audited=False)
def write(tx: Tx, portion: Portion) -> None:
    """Add a portion to its minute and its hour, once.

    A commit whose connection is lost may have been one, and is tried again.
    """
    for length in TABLES:
        if _written(tx, length, portion.writer) < portion.number:
            _add(tx, portion, length)


def between(
    tx: Tx, cache_ids: Sequence[int], since: int, until: int, length: int
) -> Iterator[tuple[int, int, ByMethod]]:
    """Yield a moment, a cache and its outcomes of the minute or hour that the moment is in.

    There may be several of the same minute or hour.
    """
    moments = json.dumps(list(range(floor(since, length), until, length)))
    query, ids = _AT.format(table=TABLES[length]), json.dumps(list(cache_ids))
    for at, cache_id, written in tx.db.rows(query, moments=moments, ids=ids):
        yield at, cache_id, outcomes.decode(written)
    after = _written(tx, length, tx.unwritten.writer)
    yield from tx.unwritten.found(after, cache_ids, since, until)


def _written(tx: Tx, length: int, writer: str) -> int:
    """The number of the last portion of a writer that is in the table."""
    return int(tx.db.scalar(_PORTION, seconds=length, writer=writer) or 0)


def _add(tx: Tx, portion: Portion, length: int) -> None:
    table, at = TABLES[length], floor(portion.at, length)
    found = dict[int, bytes](
        tx.db.rows(_FOUND.format(table=table), ids=json.dumps(list(portion.caches)), at=at)
    )
    rows = [(at, id, _sum(found.get(id), methods)) for id, methods in portion.caches.items()]
    tx.db.execute_each(_PUT.format(table=table), rows)
    size = sum(len(written) for *_, written in rows) - sum(map(len, found.values()))
    tx.db.execute(
        _GROW,
        more=size + ROW_BYTES * (len(rows) - len(found)),
        writer=portion.writer,
        portion=portion.number,
        seconds=length,
    )


def _sum(written: bytes | None, methods: Mapping[str, outcomes.Outcomes]) -> bytes:
    if written is None:
        return outcomes.encode(methods)
    sums = outcomes.decode(written)
    outcomes.add(sums, methods)
    return outcomes.encode(sums)
