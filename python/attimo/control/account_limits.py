"""The limits of an account, and how much of each is used.

Rates, and how large an item may be, are enforced by the data plane; the rate of control requests in
`api`, and how many caches and keys there are in `quota`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attimo.control import accounts, allowances, chosen_accounts, plans, quota, transfer
from attimo.control.actions import reads
from attimo.control.permissions import Right
from attimo.control.plan_limits import TRANSFER, Value
from attimo.control.tx import Tx

Stored = Callable[[int], int]
"""Returns how many bytes the items of a cache take, by its ID."""

_CACHES = "SELECT id FROM caches WHERE account_id = :account_id AND deleted_at IS NULL"


@dataclass(frozen=True, slots=True)
class AccountLimits:
    """The limits of an account.

    Attributes:
        plan: The name of its plan.
        overrides: The limits that replace those of the plan; None is unlimited.
        limits: All that it has; others are unlimited.
        used: How much is used now, by the name of the limit, also of unlimited ones.
        holds: Whether its data requests are throttled or blocked, and by which allowance.
    """

    account_id: int
    plan: str
    overrides: Mapping[str, Value]
    limits: Mapping[str, Value]
    used: Mapping[str, int]
    holds: Mapping[allowances.Kind, allowances.Hold]


@reads("limit.list", Right("account_management", "read"))
def own(tx: Tx, account_id: int, stored: Stored) -> AccountLimits:
    """Return the limits of the account."""
    plan, overrides = plans.assigned(tx, account_id)
    return AccountLimits(
        account_id,
        plan,
        overrides,
        plans.limits_of(tx, account_id),
        _used(tx, account_id, stored),
        allowances.holds(tx, account_id),
    )


@reads("limit.list-any", chosen_accounts.READ)
def of_account(tx: Tx, _: int, account_id: int, stored: Stored) -> AccountLimits:
    """Return the limits of any account of the server.

    Raises:
        NoSuchAccount: There is no such account.
    """
    return own(tx, accounts.get(tx, account_id).id, stored)


def _used(tx: Tx, account_id: int, stored: Stored) -> dict[str, int]:
    caches = tx.db.rows(_CACHES, account_id=account_id)
    return {
        TRANSFER: transfer.used(tx, account_id),
        "stored_bytes": sum(stored(id) for (id,) in caches),
        **quota.count(tx, account_id),
    }
