"""The series of the ledger: everything that its rows tell apart, with a number for each."""

import json
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from attimo.control.actions import SERVER, writes
from attimo.control.tx import Tx
from attimo.store.connection import Value

Name = tuple[int, str, str]
"""A cache's number, a key's ID, a method's name."""

_KNOWN = """
SELECT each.key, usage_series.id, account_id FROM json_each(:names) AS each
JOIN usage_series ON cache_id = CAST(each.value ->> 0 AS BIGINT) AND key_id = each.value ->> 1
    AND api = each.value ->> 2
"""
_NAME = """
INSERT INTO usage_series (cache_id, key_id, api, account_id)
VALUES (:cache_id, :key_id, :api, coalesce(
    (SELECT account_id FROM caches WHERE id = :cache_id),
    (SELECT account_id FROM api_keys WHERE id = :key_id),
    (SELECT account_id FROM url_keys WHERE kid = :key_id),
    0
))
ON CONFLICT DO NOTHING
"""


class Series(NamedTuple):
    """The number of a series, and whose it is: the cache's account, or the key's, or 0."""

    id: int
    account_id: int


@writes("usage.name", SERVER, audited=False)
def of(tx: Tx, names: Sequence[Name]) -> list[Series]:
    """Return the series of each name; what is new becomes one."""
    found = _known(tx, names)
    if new := [name for at, name in enumerate(names) if at not in found]:
        rows: list[Mapping[str, Value]] = [
            {"cache_id": cache, "key_id": key, "api": api} for cache, key, api in new
        ]
        tx.db.execute_each(_NAME, rows)
        found = _known(tx, names)
    return [found[at] for at in range(len(names))]


def _known(tx: Tx, names: Sequence[Name]) -> dict[int, Series]:
    """The known ones by their place, in one statement: a batch has thousands."""
    rows = tx.db.rows(_KNOWN, names=json.dumps(names))
    return {at: Series(*of) for at, *of in rows}
