"""The limits that a plan can have: their names and ranges, and how they are read and combined.

A plan without a limit is unlimited in it. An account can have overrides, which replace single
limits of its plan. What is enforced where is not decided here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from attimo.errors import InvalidArgument

FREE = "free"
"""The plan of new accounts."""
UNLIMITED = "unlimited"
"""The plan of the first account, which owns the server."""

Value = int | str | None
"""A number, or a word; None in overrides is unlimited."""

Limits = Mapping[str, Value]

MOST_RATE = 10**9
MOST_BYTES = 10**15
MOST_COUNT = 10**6
MOST_SECONDS = 2**31 - 1

Unit = Literal["count", "bytes", "seconds", "per second", "bytes per second", "bytes per month"]

USED_UP = "transfer_used_up"
UsedUp = Literal["allow", "throttle", "block"]
CHOICES: tuple[UsedUp, ...] = ("allow", "throttle", "block")
TRANSFER = "transfer_bytes_per_month"
THROTTLE = "throttle_bytes_per_second"
BLOCKED, OVER_BUDGET = "blocked", "over_budget"
"""Told to nodes while the account is blocked; no plan has them."""
CALLS = "control_calls_per_second"


@dataclass(frozen=True, slots=True)
class Kind:
    """A limit; its values are from `least` to `most`."""

    unit: Unit
    least: int
    most: int
    purpose: str


def _rates(prefix: str, of: str) -> dict[str, Kind]:
    return {
        f"{prefix}operations_per_second": Kind(
            "per second", 1, MOST_RATE, f"Data operations {of}."
        ),
        f"{prefix}bytes_in_per_second": Kind(
            "bytes per second", 1, MOST_BYTES, f"Bytes of keys and values received, {of}."
        ),
        f"{prefix}bytes_out_per_second": Kind(
            "bytes per second", 1, MOST_BYTES, f"Bytes of values sent, {of}."
        ),
    }


KINDS: Mapping[str, Kind] = {
    TRANSFER: Kind(
        "bytes per month", 0, MOST_BYTES, "Bytes received and sent in a calendar month (UTC)."
    ),
    THROTTLE: Kind(
        "bytes per second",
        1,
        MOST_BYTES,
        f"Bytes received and sent together, once these are used up, if `{USED_UP}` is `throttle`.",
    ),
    "stored_bytes": Kind("bytes", 1, MOST_BYTES, "Memory that all items of the account take."),
    **_rates("", "of the account"),
    **_rates("cache_", "of each cache"),
    **_rates("key_", "of each API key"),
    "item_bytes": Kind("bytes", 1, MOST_BYTES, "An item, including its key."),
    "element_bytes": Kind("bytes", 1, MOST_BYTES, "An element of a collection."),
    "ttl_seconds": Kind("seconds", 1, MOST_SECONDS, "The longest TTL of an item."),
    "caches": Kind("count", 1, MOST_COUNT, "Caches of the account."),
    "keys": Kind("count", 1, MOST_COUNT, "Valid API keys of the account."),
    CALLS: Kind(
        "per second", 1, MOST_RATE, "Control requests of the account: about caches, keys, roles …"
    ),
    "publishes_per_second": Kind("per second", 0, MOST_RATE, "Messages published to topics."),
    "subscriptions": Kind("count", 0, MOST_RATE, "Concurrent subscriptions to topics."),
    "topic_history_messages": Kind("count", 1, MOST_COUNT, "Messages that each topic keeps."),
    "topic_history_seconds": Kind(
        "seconds", 1, MOST_SECONDS, "How long each topic keeps its messages."
    ),
    "topic_history_bytes": Kind(
        "bytes",
        1,
        MOST_BYTES,
        "Memory of the messages that each topic keeps; the newest is kept in any case.",
    ),
}
"""Every limit that is a number. A first cache and a first key are always possible."""

NAMES = (*KINDS, USED_UP)

USED_UP_PURPOSE = f"What happens once `{TRANSFER}` are used up."


def read(asked: Mapping[str, Any], path: str) -> dict[str, Value]:
    """Check limits or overrides; None is kept.

    Args:
        path: The name of the field in the request that has them.

    Raises:
        InvalidArgument: A name is unknown, or a value is out of its range; the message has both.
    """
    return {name: _read(value, name, f"{path}.{name}") for name, value in asked.items()}


def of_plan(asked: Mapping[str, Any], path: str) -> dict[str, Value]:
    """Check the limits of a plan; None, which is unlimited, is left out.

    Raises:
        InvalidArgument: As `read` does; or accounts would be throttled to no rate.
    """
    limits = without_none(read(asked, path))
    check_together(limits, path)
    return limits


def check_together(limits: Mapping[str, Value], path: str, why: str = "") -> None:
    """Refuse limits that make no sense together.

    Args:
        path: The name of the field in the request that has them.
        why: The end of the message.

    Raises:
        InvalidArgument: Accounts would be throttled to no rate.
    """
    if limits.get(USED_UP) == "throttle" and THROTTLE not in limits:
        raise InvalidArgument(f"{path}.{THROTTLE} must be a number if {USED_UP} is throttle{why}")


# Thousands of accounts have the same plan: what is the same is one object, which nobody changes.
@lru_cache(maxsize=256)
def combined(limits: str, overrides: str) -> Limits:
    """The limits of an account, from the texts of its plan and of its overrides."""
    return without_none({**json.loads(limits), **json.loads(overrides)})


def without_none(limits: Limits) -> dict[str, Value]:
    """Limits without those that are unlimited."""
    return {name: value for name, value in limits.items() if value is not None}


def text(limits: Limits) -> str:
    """Limits as JSON, for the database."""
    return json.dumps(limits, sort_keys=True, separators=(",", ":"))


@lru_cache(maxsize=256)
def for_nodes(
    limits: str, overrides: str, is_blocked: bool, over_budget: int | None, throttle: int | None
) -> dict[str, int]:
    """What nodes are told: the numbers, and what holds the account now."""
    both = combined(limits, overrides)
    numbers = {name: value for name, value in both.items() if isinstance(value, int)}
    numbers.pop(THROTTLE, None)
    held = {BLOCKED: 1 if is_blocked else None, OVER_BUDGET: over_budget, THROTTLE: throttle}
    return numbers | {name: value for name, value in held.items() if value is not None}


def used_up(limits: Limits) -> UsedUp:
    """What happens once the transfer of a month is used up."""
    chosen = limits.get(USED_UP)
    return next((each for each in CHOICES if each == chosen), "allow")


def _read(value: Any, name: str, field: str) -> Value:
    if name == USED_UP:
        return _choice(value, field)
    kind = KINDS.get(name)
    if kind is None:
        raise InvalidArgument(f"{field[:80]} is not a limit; there are {', '.join(NAMES)}")
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():  # in JSON, 3.0 is a whole number
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidArgument(f"{field} must be a whole number, or null for unlimited")
    if not kind.least <= value <= kind.most:
        raise InvalidArgument(f"{field} must be from {kind.least:,} to {kind.most:,} ({kind.unit})")
    return value


def _choice(value: Any, field: str) -> str:
    if not isinstance(value, str) or value not in CHOICES:
        raise InvalidArgument(f"{field} must be one of {', '.join(CHOICES)}")
    return value
