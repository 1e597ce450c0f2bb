"""Payers: accounts with a customer at the provider of payments, and what its messages change.

Messages arrive twice, late and in any order. So each says a state that the order does not change:
an invoice that is settled stays so, and of two payment methods the later one counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from attimo.control import accounts, allowances, audit, plans
from attimo.control.actions import PROOF, SERVER, reads, writes
from attimo.control.ledger_tables import HOUR
from attimo.control.permissions import Right
from attimo.control.tx import Tx
from attimo.payments import Happened

READ = Right("account_management", "read")
MANAGE = Right("account_management", "write")

_SELECT = """
SELECT account_id, customer_id, since, setup_at, moved_to,
    (SELECT min(failed_at) FROM invoices
        WHERE invoices.account_id = payers.account_id AND settled_at IS NULL)
FROM payers """
_LINK = """
INSERT INTO payers (account_id, customer_id) VALUES (:account_id, :customer_id)
ON CONFLICT (account_id) DO NOTHING
"""
_SET_UP = """
UPDATE payers SET setup_id = :setup_id, setup_at = :at, is_set_up = FALSE
WHERE account_id = :account_id AND setup_at < :at
"""
_FINISHED = """
UPDATE payers SET is_set_up = TRUE, since = coalesce(since, :since)
WHERE account_id = :account_id AND setup_id = :setup_id AND NOT is_set_up
"""
_FAIL = """
INSERT INTO invoices (id, account_id, failed_at) VALUES (:id, :account_id, :at)
ON CONFLICT (id) DO UPDATE SET failed_at = excluded.failed_at
WHERE invoices.failed_at IS NULL OR invoices.failed_at > excluded.failed_at
"""
_SETTLE = """
INSERT INTO invoices (id, account_id, settled_at) VALUES (:id, :account_id, :at)
ON CONFLICT (id) DO UPDATE SET settled_at = excluded.settled_at WHERE invoices.settled_at IS NULL
"""
_WAITING = """
SELECT count(*) FROM meter_events WHERE account_id = :id AND NOT is_delivered AND NOT is_reported
AND hour >= (SELECT since FROM payers WHERE account_id = :id)
"""
_MOVED = """
UPDATE payers SET moved_to = :moved_to, plan = :plan, overrides = :overrides
WHERE account_id = :account_id
"""
_NEWS = "UPDATE payers SET news = :news WHERE account_id = :account_id"
_UNFINISHED = """
SELECT account_id, customer_id, setup_id FROM payers JOIN accounts ON accounts.id = account_id
WHERE NOT is_set_up AND deleted_at IS NULL
"""
_TO_END = """
SELECT account_id, customer_id FROM payers JOIN accounts ON accounts.id = account_id
WHERE deleted_at IS NOT NULL AND NOT is_ended ORDER BY account_id
"""
_ENDED = "UPDATE payers SET is_ended = TRUE WHERE account_id = :account_id AND NOT is_ended"
_FAILING = """
SELECT count(DISTINCT account_id) FROM invoices
WHERE failed_at IS NOT NULL AND settled_at IS NULL
"""
_UNTOLD = """
SELECT account_id, name, news FROM payers JOIN accounts ON accounts.id = account_id
WHERE news IS NOT NULL AND deleted_at IS NULL ORDER BY account_id LIMIT 100
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows from a failed payment.

    Attributes:
        plan: The plan that the account has until it has paid.
        grace_seconds: How long after the first failure it gets that.
    """

    plan: str
    grace_seconds: int


@dataclass(frozen=True, slots=True)
class Payer:
    """An account with a customer; times in seconds since 1970.

    Attributes:
        customer_id: The customer, as the provider names it.
        since: The first hour that is sold; None without a payment method.
        setup_at: When a payment method was entered last; 0 for never.
        moved_to: The plan that it has because of a failed payment; None if it has its own.
        failed_at: Since when an invoice is not paid; None if none is open for a failure.
    """

    account_id: int
    customer_id: str
    since: int | None
    setup_at: int
    moved_to: str | None
    failed_at: int | None


@dataclass(frozen=True, slots=True)
class State:
    """How an account pays.

    Attributes:
        payer: The payer; None if it has no customer.
        waiting_events: How many meter events the provider does not have yet.
    """

    payer: Payer | None
    waiting_events: int


@dataclass(frozen=True, slots=True)
class Applicant:
    """An account that wants to enter a payment method.

    Attributes:
        name: Its name.
        email: An address for invoices, of a member who may see bills; None without one.
        customer_id: Its customer, if it has one.
    """

    account_id: int
    name: str
    email: str | None
    customer_id: str | None


@dataclass(frozen=True, slots=True)
class News:
    """What the members of an account shall hear."""

    account_id: int
    account: str
    what: str
    emails: list[str]


@reads("payment.read", READ)
def state(tx: Tx, account_id: int) -> State:
    """Return how the account pays."""
    return State(_find(tx, account_id), int(tx.db.scalar(_WAITING, id=account_id)))


@reads("payment.apply", MANAGE)
def applicant(tx: Tx, account_id: int) -> Applicant:
    """Return what the provider needs to know of the account."""
    account, emails = accounts.get(tx, account_id), allowances.readers(tx, account_id)
    found = _find(tx, account_id)
    customer_id = found.customer_id if found else None
    return Applicant(account_id, account.name, emails[0] if emails else None, customer_id)


@writes("payment.link", MANAGE)
def link(tx: Tx, account_id: int, customer_id: str) -> str:
    """Make somebody the customer of the account, unless it has one; return the customer."""
    if tx.db.execute(_LINK, account_id=account_id, customer_id=customer_id):
        audit.note(tx, account_id, customer_id)
    query = "SELECT customer_id FROM payers WHERE account_id = :id"
    return str(tx.db.scalar(query, id=account_id))


@writes("payment.leave", MANAGE)
def leave(tx: Tx, account_id: int, customer_id: str) -> None:
    """Forget the customer of the account, which the provider does not have any more."""
    payer = _find(tx, account_id)
    if payer is not None and payer.customer_id == customer_id:
        _leave(tx, payer)
        audit.note(tx, account_id, customer_id)


@writes("payment.hear", PROOF)
def hear(tx: Tx, happened: Happened) -> None:
    """Record what the provider says, unless it is about others; `review` does what follows."""
    query = _SELECT + "WHERE customer_id = :customer_id"
    payer = tx.db.first(Payer, query, customer_id=happened.customer_id)
    if payer is None:
        return
    of = {"account_id": payer.account_id, "at": happened.at}
    match happened.kind:
        case "set-up":
            changed = tx.db.execute(_SET_UP, **of, setup_id=happened.subject)
        case "failed":
            changed = tx.db.execute(_FAIL, **of, id=happened.subject)
        case "settled":
            changed = tx.db.execute(_SETTLE, **of, id=happened.subject)
        case "gone":
            changed = _leave(tx, payer)
    if changed:
        subject = happened.subject or happened.customer_id
        audit.note_of_system(tx, payer.account_id, f"payment.{happened.kind}", subject)
        _tell_of(tx, payer)


@writes("payment.finish", SERVER)
def finished(tx: Tx, account_id: int, setup_id: str) -> None:
    """Record that the provider uses what was entered; from the next hour on, usage is sold."""
    since = tx.now - tx.now % HOUR + HOUR
    if tx.db.execute(_FINISHED, account_id=account_id, setup_id=setup_id, since=since):
        audit.note(tx, account_id, setup_id)


@writes("payment.end", SERVER)
def ended(tx: Tx, account_id: int, customer_id: str) -> None:
    """Record that the provider charges a deleted account for no further billing period."""
    if tx.db.execute(_ENDED, account_id=account_id):
        audit.note(tx, account_id, customer_id)


@writes("payment.review", SERVER)
def review(tx: Tx, account_id: int, rule: Rule) -> None:
    """Change the plan of a payer, or give it back, if that is due.

    Raises:
        NoSuchPlan: There is no plan of that name.
    """
    payer = _find(tx, account_id)
    if payer is None or _is_due(tx, payer, rule) == bool(payer.moved_to):
        return
    if payer.moved_to:
        _give_back(tx, payer)
        return
    plan, overrides = plans.assigned(tx, account_id)
    plans.replace(tx, account_id, rule.plan, {})
    kept = {"plan": plan, "overrides": json.dumps(overrides), "moved_to": rule.plan}
    tx.db.execute(_MOVED, account_id=account_id, **kept)
    tx.db.execute(_NEWS, account_id=account_id, news="moved")
    audit.note(tx, account_id, rule.plan, former=plan)


@writes("payment.tell", SERVER, audited=False)
def mark_sent(tx: Tx, news: News) -> None:
    """Record that the members of an account know."""
    tx.db.execute(_NEWS, account_id=news.account_id, news=None)


def unfinished(tx: Tx) -> list[tuple[int, str, str]]:
    """Return whose payment methods the provider does not use yet: account, customer and setup."""
    return [(account, customer, setup) for account, customer, setup in tx.db.rows(_UNFINISHED)]


def to_end(tx: Tx) -> list[tuple[int, str]]:
    """Return the deleted accounts that the provider takes for customers, with these."""
    return [(account, customer) for account, customer in tx.db.rows(_TO_END)]


def selling(tx: Tx) -> list[Payer]:
    """Return the payers whose usage is sold."""
    return tx.db.all(Payer, _SELECT + "WHERE since IS NOT NULL ORDER BY account_id")


def to_review(tx: Tx, rule: Rule) -> list[int]:
    """Return the accounts of which `review` would change something."""
    found = tx.db.all(Payer, _SELECT)
    return [each.account_id for each in found if _is_due(tx, each, rule) != bool(each.moved_to)]


def unsent(tx: Tx) -> list[News]:
    """Return what members have not been told."""
    rows = tx.db.rows(_UNTOLD)
    return [News(id, name, what, allowances.readers(tx, id)) for id, name, what in rows]


def failing(tx: Tx) -> int:
    """Return how many accounts have failed to pay an invoice, and have not paid it since."""
    return int(tx.db.scalar(_FAILING))


def _find(tx: Tx, account_id: int) -> Payer | None:
    return tx.db.first(Payer, _SELECT + "WHERE account_id = :id", id=account_id)


def _is_due(tx: Tx, payer: Payer, rule: Rule) -> bool:
    """Whether a payment has failed for so long that the account has another plan."""
    return payer.failed_at is not None and tx.now - payer.failed_at >= rule.grace_seconds


def _tell_of(tx: Tx, before: Payer) -> None:
    """Note what members shall hear, if payments have begun or ceased to fail."""
    after = _find(tx, before.account_id)
    is_failing, failed = bool(after and after.failed_at), bool(before.failed_at)
    if after and is_failing != failed:
        news = "failed" if is_failing else "settled"
        tx.db.execute(_NEWS, account_id=after.account_id, news=news)


def _give_back(tx: Tx, payer: Payer) -> None:
    """Give an account its plan back, unless the operator has given it another one meanwhile."""
    query = "SELECT plan, overrides FROM payers WHERE account_id = :id"
    ((plan, overrides),) = tx.db.rows(query, id=payer.account_id)
    is_still_moved = plans.assigned(tx, payer.account_id) == (payer.moved_to, {})
    if is_still_moved:
        plans.replace(tx, payer.account_id, plan, json.loads(overrides))
    nothing: Mapping[str, None] = {"moved_to": None, "plan": None, "overrides": None}
    tx.db.execute(_MOVED, account_id=payer.account_id, **nothing)
    audit.note_of_system(tx, payer.account_id, "payment.give-back", plan, changed=is_still_moved)


def _leave(tx: Tx, payer: Payer) -> int:
    """Forget a customer that the provider has no more; the account has its own plan again."""
    if payer.moved_to:
        _give_back(tx, payer)
    tx.db.execute("DELETE FROM invoices WHERE account_id = :id", id=payer.account_id)
    return tx.db.execute("DELETE FROM payers WHERE account_id = :id", id=payer.account_id)
