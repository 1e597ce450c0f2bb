"""Plans: named sets of limits, which the operators of a server make and assign to accounts.

A change is in force at once, on open connections, too: accounts that it affects are published to
the nodes. Nothing that an account has is taken away; it cannot add beyond its limits.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from attimo.control import accounts, audit, directory, plan_limits, transfer
from attimo.control.actions import SERVER, reads, writes
from attimo.control.permissions import SERVER_MANAGEMENT, Right
from attimo.control.plan_limits import FREE, UNLIMITED, Value
from attimo.control.tx import Tx
from attimo.errors import (
    Exhausted,
    InvalidArgument,
    NoSuchPlan,
    PlanExists,
    PlanInUse,
    PlanIsFixed,
)
from attimo.store.connection import RowRefused

LIST = Right(SERVER_MANAGEMENT, "list")
MANAGE = accounts.MANAGE

LONGEST_NAME = 63
NAME_RULE = f"1 to {LONGEST_NAME} of a-z, 0-9 and -, not beginning with -"
PATTERN = f"[a-z0-9][a-z0-9-]{{0,{LONGEST_NAME - 1}}}"
MOST = 100
"""The most plans of a server."""

_SELECT = """
SELECT name, limits, created_at,
    (SELECT count(*) FROM accounts WHERE plan = plans.name AND deleted_at IS NULL)
FROM plans """
_TOUCH = "UPDATE accounts SET revision = :revision WHERE plan = :name AND deleted_at IS NULL"
_WITH = "SELECT id FROM accounts WHERE plan = :name AND deleted_at IS NULL ORDER BY id"
_OVERRIDES = """
SELECT name, overrides FROM accounts WHERE plan = :name AND deleted_at IS NULL
UNION ALL SELECT name, payers.overrides FROM payers JOIN accounts ON accounts.id = account_id
WHERE payers.plan = :name AND deleted_at IS NULL
"""
_MOVE = "UPDATE accounts SET plan = :other, revision = :revision WHERE plan = :name"
_MOVE_OF_PAYERS = (
    "UPDATE payers SET plan = :other WHERE plan = :name",
    "UPDATE payers SET moved_to = :other WHERE moved_to = :name",
)
_ASSIGN = """
UPDATE accounts SET plan = :plan, overrides = :overrides, revision = :revision WHERE id = :id
"""


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan.

    Attributes:
        limits: Its limits by name; others are unlimited.
        created_at: In seconds since 1970; 0 for those that every server has.
        accounts: How many accounts have it.
    """

    name: str
    limits: Mapping[str, Value]
    created_at: int
    accounts: int


@reads("plan.list", LIST)
def list_all(tx: Tx, _: int) -> list[Plan]:
    """Return every plan, by name."""
    return tx.db.all(_plan, _SELECT + "ORDER BY name")


@reads("plan.read", LIST)
def get(tx: Tx, _: int, name: str) -> Plan:
    """Return a plan.

    Raises:
        NoSuchPlan: There is no such plan.
    """
    found = tx.db.first(_plan, _SELECT + "WHERE name = :name", name=name)
    if found is None:
        raise NoSuchPlan(name)
    return found


@writes("plan.create", MANAGE)
def create(tx: Tx, account_id: int, name: str, limits: Mapping[str, Any]) -> Plan:
    """Create a plan.

    Raises:
        InvalidArgument: The name or a limit is invalid.
        PlanExists: There is a plan with that name.
        Exhausted: There are `MOST` plans.
    """
    if not re.fullmatch(PATTERN, name):
        raise InvalidArgument(f"name must be {NAME_RULE}")
    wanted = plan_limits.of_plan(limits, "limits")
    if tx.db.scalar("SELECT count(*) FROM plans") >= MOST:
        raise Exhausted(f"A server has at most {MOST} plans")
    try:
        tx.db.insert("plans", name=name, limits=plan_limits.text(wanted), created_at=tx.now)
    except RowRefused as error:
        raise PlanExists(name) from error
    audit.note(tx, account_id, name, limits=wanted)
    return get(tx, account_id, name)


@writes("plan.change", MANAGE)
def change(tx: Tx, account_id: int, name: str, limits: Mapping[str, Any]) -> Plan:
    """Replace all limits of a plan, at once for every account that has it.

    Raises:
        InvalidArgument: A limit is invalid, by itself or with the overrides of an account.
        NoSuchPlan: There is no such plan.
        PlanIsFixed: It is the one without limits.
    """
    plan, wanted = get(tx, account_id, name), plan_limits.of_plan(limits, "limits")
    if name == UNLIMITED:
        raise PlanIsFixed(name, "has no limits, and cannot be changed")
    _check_overrides(tx, name, wanted, "limits")
    if wanted != plan.limits:
        text = plan_limits.text(wanted)
        tx.db.execute("UPDATE plans SET limits = :text WHERE name = :name", text=text, name=name)
        tx.db.execute(_TOUCH, name=name, revision=directory.touch(tx))
        audit.note(tx, account_id, name, limits=wanted)
        transfer.review_plan(tx, name)
    return get(tx, account_id, name)


@writes("plan.delete", MANAGE)
def delete(tx: Tx, account_id: int, name: str, successor: str | None = None) -> None:
    """Delete a plan; accounts that have it get the successor, with their overrides.

    Raises:
        InvalidArgument: The successor is the plan itself, or the overrides of an account make no
            sense with it.
        NoSuchPlan: There is no such plan, or no such successor.
        PlanIsFixed: Every server has it.
        PlanInUse: Accounts have it, and no successor is named.
    """
    plan = get(tx, account_id, name)
    if name in (FREE, UNLIMITED):
        raise PlanIsFixed(name, "cannot be deleted: accounts get it that are created")
    if successor == name:
        raise InvalidArgument("successor must be another plan")
    if successor is None and (users := plan.accounts + _getting_back(tx, name)):
        raise PlanInUse(name, users)
    next_plan = get(tx, account_id, successor or FREE)
    other = next_plan.name
    _check_overrides(tx, name, next_plan.limits, "successor")
    moved = [id for (id,) in tx.db.rows(_WITH, name=name)]
    tx.db.execute(_MOVE, name=name, other=other, revision=directory.touch(tx))
    for query in _MOVE_OF_PAYERS:
        tx.db.execute(query, name=name, other=other)
    tx.db.execute("DELETE FROM plans WHERE name = :name", name=name)
    audit.note(tx, account_id, name, successor=successor, accounts=len(moved))
    for id in moved:
        audit.note_of_system(tx, id, "plan.assign", other)
    transfer.review(tx, moved)


@writes("plan.assign", MANAGE)
def assign(tx: Tx, account_id: int, other_id: int, name: str, overrides: Mapping[str, Any]) -> None:
    """Give an account a plan, and replace all its overrides. Does nothing if it has just these.

    Args:
        overrides: Limits that replace those of the plan; None is unlimited.

    Raises:
        InvalidArgument: An override is invalid.
        NoSuchAccount: There is no such account.
        NoSuchPlan: There is no such plan.
    """
    account, plan = accounts.get(tx, other_id), get(tx, account_id, name)
    wanted = plan_limits.read(overrides, "overrides")
    plan_limits.check_together(plan_limits.without_none({**plan.limits, **wanted}), "overrides")
    if (name, wanted) != assigned(tx, other_id):
        text, revision = plan_limits.text(wanted), directory.touch(tx)
        tx.db.execute(_ASSIGN, id=other_id, plan=name, overrides=text, revision=revision)
        accounts.note(tx, account_id, account, plan=name, overrides=wanted)
        transfer.review(tx, [other_id])


@writes("plan.replace", SERVER)
def replace(tx: Tx, account_id: int, name: str, overrides: Mapping[str, Value]) -> None:
    """Give an account a plan and overrides, as the server does by a rule.

    Raises:
        NoSuchPlan: There is no such plan.
    """
    get(tx, account_id, name)
    text, revision = plan_limits.text(overrides), directory.touch(tx)
    tx.db.execute(_ASSIGN, id=account_id, plan=name, overrides=text, revision=revision)
    audit.note_of_system(tx, account_id, "plan.assign", name, overrides=dict(overrides))
    transfer.review(tx, [account_id])


def assigned(tx: Tx, account_id: int) -> tuple[str, dict[str, Value]]:
    """The plan of an account, and its overrides."""
    query = "SELECT plan, overrides FROM accounts WHERE id = :id"
    ((name, overrides),) = tx.db.rows(query, id=account_id)
    return name, json.loads(overrides)


def limits_of(tx: Tx, account_id: int) -> Mapping[str, Value]:
    """The limits of an account; empty if there is no such account."""
    query = """
        SELECT limits, overrides FROM accounts JOIN plans ON plans.name = plan WHERE id = :id"""
    for limits, overrides in tx.db.rows(query, id=account_id):
        return plan_limits.combined(limits, overrides)
    return {}


def exists(tx: Tx, name: str) -> bool:
    """Whether there is a plan of that name."""
    return tx.db.scalar("SELECT 1 FROM plans WHERE name = :name", name=name) is not None


def _getting_back(tx: Tx, name: str) -> int:
    """How many accounts get a plan back when they have paid."""
    return int(tx.db.scalar("SELECT count(*) FROM payers WHERE plan = :name", name=name))


def _check_overrides(tx: Tx, name: str, limits: Mapping[str, Value], path: str) -> None:
    """Refuse limits that make no sense with overrides of who has a plan, or gets it back."""
    for account, overrides in tx.db.each(_OVERRIDES, name=name):
        both = plan_limits.without_none({**limits, **json.loads(overrides)})
        plan_limits.check_together(both, path, f", as it is for the account {account!r}")


def _plan(name: str, limits: str, created_at: int, accounts: int) -> Plan:
    return Plan(name, json.loads(limits), created_at, accounts)
