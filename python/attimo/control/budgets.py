"""Budgets: what an account wants to spend in a month at most, and what happens on the way there.

What is spent is the total of the account's bill for the current month, by the card of the budget.
It is calculated once a minute, so a budget can be exceeded by what is used in a minute.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Literal, get_args

from attimo.billing import months
from attimo.billing.bill import Bill, bill
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.control import accounts, allowances, audit, bill_usage, bills
from attimo.control.actions import SERVER, reads, writes
from attimo.control.allowances import NOTHING, Hold, State
from attimo.control.permissions import Right
from attimo.control.plan_limits import MOST_BYTES
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, NoSuchBudget, NoSuchRateCard

MANAGE = Right("account_management", "write")

Effect = Literal["nothing", "notify", "throttle", "block"]
EFFECTS: tuple[Effect, ...] = get_args(Effect)
SHARES = (50, 80, 100)
"""In percent of the sum."""
MOST_AMOUNT = 10**9
DECIMALS = 6

_SET = """
INSERT INTO budgets (account_id, card, amount, effects, throttle_bytes_per_second)
VALUES (:account_id, :card, :amount, :effects, :rate)
ON CONFLICT (account_id) DO UPDATE SET card = excluded.card, amount = excluded.amount,
    effects = excluded.effects, throttle_bytes_per_second = excluded.throttle_bytes_per_second
"""
_SELECT = """
SELECT amount, card, effects, throttle_bytes_per_second FROM budgets
WHERE account_id = :account_id
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget.

    Attributes:
        amount: The sum for a month, in the currency of the card.
        card: The name of the card.
        effects: What happens at each share in percent.
        throttle_bytes_per_second: The rate where the effect is `throttle`, in and out together.
    """

    amount: Decimal
    card: str
    effects: Mapping[int, Effect]
    throttle_bytes_per_second: int | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """A budget, and the bill of the current month by its card."""

    budget: Budget
    bill: Bill


@reads("budget.read", bills.READ)
def get(tx: Tx, account_id: int, cards: Cards) -> Spent:
    """Return the budget of the account, and what is spent of it.

    Raises:
        NoSuchBudget: It has none.
        NoSuchRateCard: The server has the card no more.
    """
    budget = _find(tx, account_id)
    if budget is None:
        raise NoSuchBudget
    return Spent(budget, _bill(tx, account_id, cards.named(budget.card)))


@writes("budget.set", MANAGE)
def set_(
    tx: Tx,
    account_id: int,
    cards: Cards,
    amount: str,
    card: str | None,
    effects: Mapping[int, Effect],
    throttle_bytes_per_second: int | None,
) -> Spent:
    """Replace the budget of the account; what happens already at its shares happens at once.

    Args:
        amount: A decimal number.
        card: The name of a card; None is the default one.
        effects: What happens at each share; others only notify.

    Raises:
        InvalidArgument: A field is invalid; the message names it.
        NoSuchRateCard: There is no such card.
    """
    chosen = {**dict.fromkeys(SHARES, "notify"), **effects}
    rate = _rate(throttle_bytes_per_second, "throttle" in chosen.values())
    sum_, name = _amount(amount), cards.named(card).name
    tx.db.execute(
        _SET,
        account_id=account_id,
        card=name,
        amount=f"{sum_:f}",
        effects=json.dumps(chosen),
        rate=rate,
    )
    audit.note(tx, account_id, name, amount=f"{sum_:f}", effects=chosen)
    review(tx, [account_id], cards)
    return get(tx, account_id, cards)


@writes("budget.delete", MANAGE)
def delete(tx: Tx, account_id: int) -> None:
    """Delete the budget of the account, and what it has held.

    Raises:
        NoSuchBudget: It has none.
    """
    query = "DELETE FROM budgets WHERE account_id = :account_id"
    if not tx.db.execute(query, account_id=account_id):
        raise NoSuchBudget
    audit.note(tx, account_id, "")
    allowances.settle(tx, account_id, "budget", NOTHING)


def with_one(tx: Tx) -> list[int]:
    """Return the accounts that have a budget, by ID."""
    query = """
        SELECT account_id FROM budgets JOIN accounts ON id = account_id WHERE deleted_at IS NULL"""
    return [id for (id,) in tx.db.rows(query)]


@writes("allowance.review", SERVER, audited=False)
def review(tx: Tx, account_ids: Iterable[int], cards: Cards) -> None:
    """Compare what accounts have spent with their budgets; does nothing without the card."""
    for account_id in account_ids:
        budget = _find(tx, account_id)
        try:
            spent = budget and _bill(tx, account_id, cards.named(budget.card))
        except NoSuchRateCard:
            continue
        state = _state(budget, spent) if budget and spent else NOTHING
        allowances.settle(tx, account_id, "budget", state)


def _state(budget: Budget, spent: Bill) -> State:
    total, currency = spent.total or Decimal(0), spent.card.currency
    reached = {
        share: effect
        for share, effect in budget.effects.items()
        if total * 100 >= budget.amount * share and effect != "nothing"
    }
    hold = None
    if "throttle" in reached.values():
        hold = Hold("throttle", budget.throttle_bytes_per_second)
    if "block" in reached.values():
        hold = Hold("block")
    return State(sorted(reached), f"{total:f} {currency}", f"{budget.amount:f} {currency}", hold)


def _find(tx: Tx, account_id: int) -> Budget | None:
    for amount, card, effects, rate in tx.db.rows(_SELECT, account_id=account_id):
        at = {int(share): effect for share, effect in json.loads(effects).items()}
        return Budget(Decimal(amount), card, at, rate)
    return None


def _bill(tx: Tx, account_id: int, card: Card) -> Bill:
    account, month = accounts.get(tx, account_id), months.at(tx.now)
    return bill(card, bill_usage.used(tx, account_id, month), month, account.created_at, tx.now)


def _amount(text: str) -> Decimal:
    try:
        found = Decimal(text) if len(text) <= 20 and text.isascii() else Decimal("nan")
    except InvalidOperation:
        found = Decimal("nan")
    exponent = found.as_tuple().exponent
    if not (isinstance(exponent, int) and 0 < found <= MOST_AMOUNT and exponent >= -DECIMALS):
        raise InvalidArgument(
            f"amount must be more than 0, at most {MOST_AMOUNT:,}, with up to {DECIMALS} decimals"
        )
    return found


def _rate(rate: int | None, is_needed: bool) -> int | None:
    field = "throttle_bytes_per_second"
    if rate is None and is_needed:
        raise InvalidArgument(f"{field} must be a number if an effect is throttle")
    if rate is not None and not 1 <= rate <= MOST_BYTES:
        raise InvalidArgument(f"{field} must be from 1 to {MOST_BYTES:,}")
    return rate
