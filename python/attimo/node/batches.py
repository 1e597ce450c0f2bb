"""Batches of usage as JSON, for a server that has another one or its next start record them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from types import MappingProxyType
from typing import Any

from attimo.control import usage
from attimo.control.totals import Totals


@dataclass(frozen=True, slots=True)
class Used:
    """What a key did with a cache through an API; see `attimo.control.usage.Used`."""

    cache_id: int
    key_id: str
    api: str
    counts: Mapping[str, int]
    durations: Mapping[int, int] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch that was taken from a node; see `attimo.control.usage.Batch`.

    Attributes:
        taken_at: When, in seconds since 1970; None if a version took it that did not say so.
    """

    node: str
    number: int
    used: Sequence[usage.Used]
    taken_at: int | None


def taken(batch: usage.Batch, at: int) -> Batch:
    """Return a batch with the moment at which it was taken."""
    return Batch(batch.node, batch.number, batch.used, at)


def to_json(batch: Batch) -> dict[str, Any]:
    """Return a batch as JSON values."""
    used = [
        {"cache_id": each.cache_id, "key_id": each.key_id, "api": each.api}
        | {"durations": dict(each.durations), "failures": dict(each.failures)}
        | {**each.counts}
        for each in batch.used
    ]
    names = {"node": batch.node, "number": batch.number, "taken_at": batch.taken_at}
    return names | {"used": used}


def of_json(written: dict[str, Any]) -> Batch:
    """Return the batch from the output of `to_json`, also of a version that told less.

    Raises:
        KeyError, TypeError, ValueError: It is not such output.
    """
    used = [_used(**each) for each in written["used"]]
    return Batch(written["node"], written["number"], used, written.get("taken_at"))


def _used(
    cache_id: int,
    key_id: str,
    api: str,
    durations: Mapping[str, int] = MappingProxyType({}),
    failures: Mapping[str, int] = MappingProxyType({}),
    **counts: int,
) -> Used:
    # In JSON, the numbers of buckets are text.
    histogram = {int(bucket): count for bucket, count in durations.items()}
    return Used(cache_id, key_id, api, asdict(Totals(**counts)), histogram, dict(failures))
