"""Batches of usage as JSON, for a server that has one recorded by another or by the next."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from attimo.control import usage
from attimo.control.usage import Totals


@dataclass(frozen=True, slots=True)
class Used:
    """What a key did with a cache through an API; see `attimo.control.usage.Used`."""

    cache_id: int
    key_id: str
    api: str
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Batch:
    """What a node counted, and its number among what that node counted."""

    node: str
    number: int
    used: list[Used]


def to_json(batch: usage.Batch) -> dict[str, Any]:
    """The batch in what JSON has."""
    used = [
        {"cache_id": each.cache_id, "key_id": each.key_id, "api": each.api, **each.counts}
        for each in batch.used
    ]
    return {"node": batch.node, "number": batch.number, "used": used}


def of_json(written: dict[str, Any]) -> Batch:
    """The batch that `to_json` has written.

    Raises:
        KeyError, TypeError: It has not.
    """
    return Batch(written["node"], written["number"], [_used(**each) for each in written["used"]])


def _used(cache_id: int, key_id: str, api: str, **counts: int) -> Used:
    return Used(cache_id, key_id, api, asdict(Totals(**counts)))
