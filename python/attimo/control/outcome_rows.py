"""How requests of caches ended, in the database: rows of minutes and hours, beside the ledger.

A row has the outcomes of one cache, of all methods and keys. It is written in the transaction that
records the same batch in the ledger, so a batch counts once here, too. Minutes and hours are kept
as long as those of the ledger (`retention`), so a cache has at most a row for each.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from attimo.control import outcomes
from attimo.control.durations import Histogram
from attimo.control.ledger_tables import HOUR, MINUTE, floor
from attimo.control.outcomes import ByMethod, Outcomes
from attimo.control.tx import Tx

TABLES = {MINUTE: "outcome_minutes", HOUR: "outcome_hours"}
"""The tables, by the seconds that a row is about."""

_FOUND = """
SELECT cache_id, outcomes FROM json_each(:ids) AS each
JOIN {table} ON cache_id = CAST(each.value AS BIGINT) AND at = :at
"""
_PUT = """
INSERT INTO {table} (cache_id, at, outcomes) VALUES (?, ?, ?)
ON CONFLICT (cache_id, at) DO UPDATE SET outcomes = excluded.outcomes
"""
_BETWEEN = """
SELECT at, outcomes FROM {table} WHERE cache_id = :cache_id AND at >= :since AND at < :until
"""
_RECENT = """
SELECT name, outcomes FROM caches JOIN outcome_minutes ON cache_id = caches.id AND at >= :since
WHERE account_id = :account_id AND deleted_at IS NULL
    AND name IN (SELECT each.value ->> 0 FROM json_each(:names) AS each)
"""


class Used(Protocol):
    """How the requests of a key to a cache by one method ended; see `attimo.control.usage.Used`."""

    @property
    def cache_id(self) -> int: ...  # noqa: D102
    @property
    def api(self) -> str: ...  # noqa: D102
    @property
    def durations(self) -> Histogram: ...  # noqa: D102
    @property
    def failures(self) -> Mapping[str, int]: ...  # noqa: D102


def add(tx: Tx, batch: Iterable[Used], at: int) -> None:
    """Add a batch to its minute and its hour; requests to no known cache are left out."""
    if by_cache := _by_cache(batch):
        for length, table in TABLES.items():
            _add(tx, table, by_cache, floor(at, length))


def between(
    tx: Tx, cache_id: int, since: int, until: int, length: int
) -> Iterator[tuple[int, ByMethod]]:
    """Yield the outcomes of a cache with the first second of each minute or hour that has any."""
    query = _BETWEEN.format(table=TABLES[length])
    for at, written in tx.db.rows(query, cache_id=cache_id, since=since, until=until):
        yield at, outcomes.decode(written)


def recent(
    tx: Tx, account_id: int, names: Sequence[str], since: int
) -> Iterator[tuple[str, ByMethod]]:
    """Yield the outcomes of caches, by name, in minutes from a moment on."""
    of = json.dumps([[name] for name in names])
    for name, written in tx.db.rows(_RECENT, account_id=account_id, names=of, since=since):
        yield name, outcomes.decode(written)


def _by_cache(batch: Iterable[Used]) -> dict[int, ByMethod]:
    found = dict[int, ByMethod]()
    for used in batch:
        histogram, failures = used.durations, used.failures  # made anew whenever they are asked for
        if used.cache_id and (histogram or failures):
            of_cache = found.setdefault(used.cache_id, {})
            of_cache.setdefault(used.api, Outcomes()).add(histogram, failures)
    return found


def _add(tx: Tx, table: str, by_cache: Mapping[int, ByMethod], at: int) -> None:
    # In the order of the table, which takes less time.
    ids = sorted(by_cache)
    rows = tx.db.rows(_FOUND.format(table=table), ids=json.dumps(ids), at=at)
    found: dict[int, str] = dict(rows)
    written = list[tuple[int, int, str]]()
    for id in ids:
        sums = outcomes.decode(found[id]) if id in found else {}
        outcomes.add(sums, by_cache[id])
        written.append((id, at, outcomes.encode(sums)))
    tx.db.execute_each(_PUT.format(table=table), written)
