"""How near accounts are to the limits of their plans, all accounts together: for metrics.

Of rates, it is the mean of a minute, for the cache or key that has the most.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attimo.control import plan_limits, transfer
from attimo.control.ledger_tables import MINUTE, floor
from attimo.control.plan_limits import TRANSFER
from attimo.control.quota import CACHES, KEYS
from attimo.control.tx import Tx

Stored = Callable[[int], int]
"""Returns how many bytes the items of a cache take, by its ID."""
ByAccount = Callable[[int], float | None]
"""Returns how much an account uses; None is nothing."""

NEAR = 0.8
"""From which share of a limit on an account is near it."""
STORED_BYTES = "stored_bytes"
COUNTED = ("operations", "bytes_in", "bytes_out")
"""What rates limit, as the ledger counts it."""
SCOPES = ("", "cache_", "key_")
RATES = tuple(f"{scope}{count}_per_second" for scope in SCOPES for count in COUNTED)
NAMES = (TRANSFER, STORED_BYTES, CACHES, KEYS, *RATES)
"""The limits of which it is known how much is used."""

_LIMITS = """
SELECT accounts.id, limits, overrides FROM accounts JOIN plans ON plans.name = accounts.plan
WHERE deleted_at IS NULL
"""
_CACHES = """
SELECT account_id, id FROM caches
WHERE deleted_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
"""
_KEYS = """
SELECT account_id, count(*) FROM api_keys WHERE revoked_at IS NULL AND NOT is_hidden
    AND (expires_at IS NULL OR expires_at > :now) GROUP BY account_id
"""
_MINUTE = """
SELECT accounts.id, cache_id, key_id, sum(operations), sum(bytes_in), sum(bytes_out)
FROM accounts CROSS JOIN usage_minutes AS usage
JOIN usage_series ON usage_series.id = usage.series_id
WHERE usage.account_id = accounts.id AND at = :minute
GROUP BY accounts.id, cache_id, key_id
"""
_NO_KEYS = {"local", "token", "session", "server"}


@dataclass(slots=True)
class LimitUse:
    """How much accounts use of one limit.

    Attributes:
        near: How many use at least 80 %.
        reached: How many use all of it.
        greatest: The greatest share that one uses: 1.0 is all of it.
    """

    near: int = 0
    reached: int = 0
    greatest: float = 0.0

    def add(self, share: float) -> None:
        """Add an account."""
        self.near += share >= NEAR
        self.reached += share >= 1.0
        self.greatest = max(self.greatest, share)


def measure(tx: Tx, stored: Stored) -> dict[str, LimitUse]:
    """Return how much is used of each of `NAMES`, over the accounts that have that limit."""
    found = {name: LimitUse() for name in NAMES}
    used = _used(tx, stored)
    for account_id, limits, overrides in tx.db.each(_LIMITS):
        for name, most in plan_limits.combined(limits, overrides).items():
            if name in found and isinstance(most, int):
                found[name].add(_share(used[name](account_id) or 0, most))
    return found


def _used(tx: Tx, stored: Stored) -> dict[str, ByAccount]:
    caches: defaultdict[int, list[int]] = defaultdict(list)
    for account_id, cache_id in tx.db.rows(_CACHES, now=tx.now):
        caches[account_id].append(cache_id)
    keys: Mapping[int, int] = dict(tx.db.rows(_KEYS, now=tx.now))
    return {
        TRANSFER: transfer.used_by_all(tx).get,
        STORED_BYTES: lambda id: sum(map(stored, caches.get(id, ()))),
        CACHES: lambda id: len(caches.get(id, ())),
        KEYS: keys.get,
        **{name: each.get for name, each in _rates(tx).items()},
    }


def _rates(tx: Tx) -> dict[str, Mapping[int, float]]:
    """The rates of the last whole minute; of caches and keys, the greatest of each account."""
    sums: defaultdict[tuple[str, int, int | str], list[int]] = defaultdict(lambda: [0, 0, 0])
    minute = floor(tx.now, MINUTE) - MINUTE
    for account_id, cache_id, key_id, *counts in tx.db.rows(_MINUTE, minute=minute):
        parts: dict[str, int | str] = {"": 0}
        parts |= {"cache_": cache_id} if cache_id else {}
        parts |= {} if key_id in _NO_KEYS else {"key_": key_id}
        for scope, part in parts.items():
            summed = sums[scope, account_id, part]
            summed[:] = map(sum, zip(summed, counts, strict=True))
    rates: dict[str, defaultdict[int, float]] = {name: defaultdict(float) for name in RATES}
    for (scope, account_id, _), summed in sums.items():
        for count, amount in zip(COUNTED, summed, strict=True):
            rate = rates[f"{scope}{count}_per_second"]
            rate[account_id] = max(rate[account_id], amount / MINUTE)
    return dict(rates)


def _share(used: float, most: int) -> float:
    return used / most if most else 1.0
