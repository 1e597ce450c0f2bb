"""The limits of an account, and how much of each is used.

Rates, and how large an item may be, are enforced by the data plane; the rate of control requests in
`api`, and how many caches and keys there are in `quota`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from attimo.billing import months
from attimo.billing.months import Month
from attimo.control import accounts, chosen_accounts, plans, quota, usage
from attimo.control.actions import reads
from attimo.control.permissions import Right
from attimo.control.plan_limits import TRANSFER, Value
from attimo.control.tx import Tx
from attimo.control.usage import Of

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
    """

    account_id: int
    plan: str
    overrides: Mapping[str, Value]
    limits: Mapping[str, Value]
    used: Mapping[str, int]


@reads("limit.list", Right("account_management", "read"))
def own(tx: Tx, account_id: int, stored: Stored) -> AccountLimits:
    """Return the limits of the account."""
    plan, overrides = plans.assigned(tx, account_id)
    return AccountLimits(
        account_id, plan, overrides, plans.limits_of(tx, account_id), _used(tx, account_id, stored)
    )


@reads("limit.list-any", chosen_accounts.READ)
def of_account(tx: Tx, _: int, account_id: int, stored: Stored) -> AccountLimits:
    """Return the limits of any account of the server.

    Raises:
        NoSuchAccount: There is no such account.
    """
    return own(tx, accounts.get(tx, account_id).id, stored)


def transferred(tx: Tx, account_id: int, month: Month) -> int:
    """How many bytes the ledger has of an account and a month, in and out."""
    found = usage.total(tx, Of(account_id, since=month.start, until=month.end))
    return found.bytes_in + found.bytes_out


def _used(tx: Tx, account_id: int, stored: Stored) -> dict[str, int]:
    caches = tx.db.rows(_CACHES, account_id=account_id)
    return {
        TRANSFER: transferred(tx, account_id, months.at(tx.now)),
        "stored_bytes": sum(stored(id) for (id,) in caches),
        **quota.count(tx, account_id),
    }
