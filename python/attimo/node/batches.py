"""Batches of usage as JSON, for a server that has another one or its next start record them."""

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
    """A batch; see `attimo.control.usage.Batch`."""

    node: str
    number: int
    used: list[Used]


def to_json(batch: usage.Batch) -> dict[str, Any]:
    """Return a batch as JSON values."""
    used = [
        {"cache_id": each.cache_id, "key_id": each.key_id, "api": each.api, **each.counts}
        for each in batch.used
    ]
    return {"node": batch.node, "number": batch.number, "used": used}


def of_json(written: dict[str, Any]) -> Batch:
    """Return the batch from the output of `to_json`.

    Raises:
        KeyError, TypeError: It is not such output.
    """
    return Batch(written["node"], written["number"], [_used(**each) for each in written["used"]])


def _used(cache_id: int, key_id: str, api: str, **counts: int) -> Used:
    return Used(cache_id, key_id, api, asdict(Totals(**counts)))
