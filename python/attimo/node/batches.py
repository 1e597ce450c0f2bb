"""Batches of usage as JSON, for a server that has one recorded by another or by the next."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from attimo.control import usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Used(usage.Totals):
    """What a key did with a cache through an API; `attimo.control.usage.Used` says what each is."""

    cache_id: int
    key_id: str
    api: str


_NAMES = tuple(field.name for field in fields(Used))


@dataclass(frozen=True, slots=True)
class Batch:
    """What a node counted, and its number among what that node counted."""

    node: str
    number: int
    used: list[Used]


def to_json(batch: usage.Batch) -> dict[str, Any]:
    """The batch in what JSON has."""
    used = [Used(**{name: getattr(each, name) for name in _NAMES}) for each in batch.used]
    return asdict(Batch(batch.node, batch.number, used))


def of_json(written: dict[str, Any]) -> Batch:
    """The batch that `to_json` has written.

    Raises:
        KeyError, TypeError: It has not.
    """
    return Batch(written["node"], written["number"], [Used(**each) for each in written["used"]])
