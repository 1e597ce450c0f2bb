"""What accounts transfer in a calendar month (UTC), in and out, and whether their plans allow it.

`usage.record` counts the bytes in the transaction that records them in the ledger, in the month in
which it books them: so they are counted once, whatever the clock shows. The days of the ledger have
the same sum, but each recording would read a month of them for each account in it.
"""

import json
from collections.abc import Iterable

from attimo.control import allowances, plan_limits
from attimo.control.actions import SERVER, writes
from attimo.control.allowances import NOTHING, Hold, State
from attimo.control.plan_limits import THROTTLE, TRANSFER
from attimo.control.tx import Tx
from attimo.store.connection import Value

SHARES = (80, 100)
"""In percent; when they are reached, the account is told."""

_STATES = f"""
SELECT accounts.id, plans.limits, overrides, coalesce(bytes, 0), {allowances.IS_NOTED}
FROM accounts JOIN plans ON plans.name = accounts.plan
LEFT JOIN transfer_months ON account_id = accounts.id AND month = :month
WHERE deleted_at IS NULL AND """  # noqa: S608


def used(tx: Tx, account_id: int) -> int:
    """Return how many bytes an account has transferred in the current month."""
    query = "SELECT bytes FROM transfer_months WHERE account_id = :id AND month = :month"
    return int(tx.db.scalar(query, id=account_id, month=allowances.month(tx).start) or 0)


def used_by(tx: Tx, account_ids: Iterable[int]) -> dict[int, int]:
    """Return the same for several accounts."""
    return {id: used(tx, id) for id in account_ids}


def used_by_all(tx: Tx) -> dict[int, int]:
    """Return the same for every account that has transferred anything."""
    query = "SELECT account_id, bytes FROM transfer_months WHERE month = :month"
    return dict(tx.db.rows(query, month=allowances.month(tx).start))


@writes("allowance.review", SERVER, audited=False)
def review(tx: Tx, account_ids: Iterable[int]) -> None:
    """Compare what accounts have transferred with what their plans allow."""
    ids = json.dumps(sorted(set(account_ids)))
    _review(tx, "accounts.id IN (SELECT CAST(value AS BIGINT) FROM json_each(:ids))", ids=ids)


@writes("allowance.review", SERVER, audited=False)
def review_plan(tx: Tx, name: str) -> None:
    """The same for all accounts that have a plan."""
    _review(tx, "accounts.plan = :name", name=name)


def _review(tx: Tx, which: str, **values: str) -> None:
    of: dict[str, Value] = {"kind": "transfer", "month": allowances.month(tx).start}
    states = (
        (id, _state(plan_limits.combined(limits, overrides), bytes), is_noted)
        for id, limits, overrides, bytes, is_noted in tx.db.each(_STATES + which, **of, **values)
    )
    for id, state in [(id, state) for id, state, is_noted in states if state.reached or is_noted]:
        allowances.settle(tx, id, "transfer", state)


def _state(limits: plan_limits.Limits, bytes: int) -> State:
    most = limits.get(TRANSFER)
    if not isinstance(most, int):
        return NOTHING
    reached = [share for share in SHARES if bytes * 100 >= most * share]
    hold = _hold(limits) if 100 in reached else None
    return State(reached, f"{bytes:,} bytes", f"{most:,} bytes", hold)


def _hold(limits: plan_limits.Limits) -> Hold | None:
    match plan_limits.used_up(limits), limits.get(THROTTLE):
        case "block", _:
            return Hold("block")
        case "throttle", int(rate):
            return Hold("throttle", rate)
    return None
