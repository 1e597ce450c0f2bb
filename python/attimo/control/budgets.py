"""Budgets: what an account wants to spend in a month at most, and what happens on the way there.

What is spent is the total of the account's bill for the current month, by the card of the budget.
It is calculated once a minute, so a budget can be exceeded by what is used in a minute.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from attimo.billing.bill import Bill, bill
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.billing.months import Month
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
DEFAULT: Effect = "notify"
SHARES = (50, 80, 100)
"""In percent of the sum."""
MOST_AMOUNT = 10**9
DECIMALS = 6
AMOUNT = (
    rf"(0\.(?!0+$)[0-9]{{1,{DECIMALS}}}"
    rf"|[1-9][0-9]{{0,8}}(\.[0-9]{{1,{DECIMALS}}})?"
    rf"|{MOST_AMOUNT}(\.0{{1,{DECIMALS}}})?)"
)
"""What a sum looks like."""

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


@dataclass(frozen=True, slots=True)
class Compared:
    """A budget as it was compared with the bill of a month, and what follows from that."""

    budget: Budget | None
    month: Month
    state: State


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

    Does nothing if it is the budget that there is.

    Args:
        amount: A decimal number.
        card: The name of a card; None is the default one.
        effects: What happens at each share; others only notify.

    Raises:
        InvalidArgument: A field is invalid; the message names it.
        NoSuchRateCard: There is no such card.
    """
    chosen: dict[int, Effect] = {**dict.fromkeys(SHARES, DEFAULT), **effects}
    rate = _rate(throttle_bytes_per_second, "throttle" in chosen.values())
    sum_, priced = _amount(amount), cards.named(card)
    budget, spent = Budget(sum_, priced.name, chosen, rate), _bill(tx, account_id, priced)
    if budget != _find(tx, account_id):
        _replace(tx, account_id, budget)
        allowances.settle(tx, account_id, "budget", _state(budget, spent))
    return Spent(budget, spent)


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


def compare(tx: Tx, account_id: int, cards: Cards) -> Compared | None:
    """Compare what an account has spent with its budget; None if nothing follows from that.

    It only reads, since a bill can take long: nobody who writes shall wait for it.
    """
    budget = _find(tx, account_id)
    state = _state_of(tx, account_id, budget, cards)
    if state is None or allowances.is_settled(tx, account_id, "budget", state):
        return None
    return Compared(budget, allowances.month(tx), state)


@writes("allowance.review", SERVER, audited=False)
def settle(tx: Tx, account_id: int, found: Compared) -> None:
    """Do what follows; nothing if there is another budget or month by now."""
    if (_find(tx, account_id), allowances.month(tx)) == (found.budget, found.month):
        allowances.settle(tx, account_id, "budget", found.state)


def _state_of(tx: Tx, account_id: int, budget: Budget | None, cards: Cards) -> State | None:
    """What is spent; None without the card, unless what is held is of an earlier month."""
    if budget is None:
        return NOTHING
    try:
        card = cards.named(budget.card)
    except NoSuchRateCard:
        return None if allowances.is_held(tx, account_id, "budget") else NOTHING
    return _state(budget, _bill(tx, account_id, card))


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


def _replace(tx: Tx, account_id: int, budget: Budget) -> None:
    card, amount, effects = budget.card, f"{budget.amount:f}", budget.effects
    tx.db.execute(
        _SET,
        account_id=account_id,
        card=card,
        amount=amount,
        effects=json.dumps(effects),
        rate=budget.throttle_bytes_per_second,
    )
    audit.note(tx, account_id, card, amount=amount, effects=effects)


def _find(tx: Tx, account_id: int) -> Budget | None:
    for amount, card, effects, rate in tx.db.rows(_SELECT, account_id=account_id):
        at = {int(share): effect for share, effect in json.loads(effects).items()}
        return Budget(Decimal(amount), card, at, rate)
    return None


def _bill(tx: Tx, account_id: int, card: Card) -> Bill:
    account, month = accounts.get(tx, account_id), allowances.month(tx)
    now = max(tx.now, month.start)
    return bill(card, bill_usage.used(tx, account_id, month), month, account.created_at, now)


def _amount(text: str) -> Decimal:
    if not re.fullmatch(AMOUNT, text):
        raise InvalidArgument(
            f"amount must be more than 0, at most {MOST_AMOUNT:,}, with up to {DECIMALS} decimals, "
            "such as 12.50"
        )
    return Decimal(text)


def _rate(rate: int | None, is_needed: bool) -> int | None:
    field = "throttle_bytes_per_second"
    if rate is None and is_needed:
        raise InvalidArgument(f"{field} must be a number if an effect is throttle")
    if rate is not None and not 1 <= rate <= MOST_BYTES:
        raise InvalidArgument(f"{field} must be from 1 to {MOST_BYTES:,}")
    return rate
