"""The budget of an account over HTTP (not in Momento's API)."""

from typing import Annotated

from pydantic import Field

from attimo.api.bill_models import Amount, AmountOrNull
from attimo.api.bills import OfServer
from attimo.api.caller import Authenticated
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, WholeNumber, number
from attimo.billing import money
from attimo.control import budgets
from attimo.control.budgets import Effect, Spent
from attimo.control.plan_limits import MOST_BYTES

router = Router("/budget", "bills")

Rate = Annotated[
    WholeNumber | None,
    number(1, MOST_BYTES, "Bytes received and sent together, where the effect is `throttle`."),
]


class Effects(StrictModel):
    """What happens when these shares of the sum are spent, in percent.

    `notify` is an entry in the audit log and an e-mail to the members who may see bills; `throttle`
    and `block` do that, too, and slow or refuse data requests until the month ends.
    """

    at_50: Effect = "notify"
    at_80: Effect = "notify"
    at_100: Effect = "notify"


class SetBudget(StrictModel):
    """A sum for each calendar month (UTC), in the currency of a rate card."""

    amount: Annotated[
        str,
        Field(
            description=f"More than 0, at most {budgets.MOST_AMOUNT:,}, with up to "
            f"{budgets.DECIMALS} decimals, such as 12.50.",
            json_schema_extra={"pattern": f"^{budgets.AMOUNT}$"},
        ),
    ]
    card: Annotated[
        str | None, Field(description="The name of a rate card; null is the default one.")
    ] = None
    effects: Effects = Effects()
    throttle_bytes_per_second: Rate = None


class BudgetInfo(Model):
    """A budget; `spent` is what the current month costs so far, `forecast` until its end.

    `not_metered` has the lines that the card sells and this server does not meter in this month:
    with any, the budget is spent later than it seems, or never.
    """

    amount: Amount
    card: str
    currency: str
    effects: Effects
    throttle_bytes_per_second: int | None = None
    month: str
    spent: Amount
    forecast: AmountOrNull = None
    not_metered: list[str]


@router.get(operation_id="getBudget", refuses=(404,))
def get(caller: Authenticated, cards: OfServer) -> BudgetInfo:
    """Show the budget of the account, and what is spent of it in this month."""
    return _info(caller.perform(budgets.get, cards))


@router.put(operation_id="setBudget", refuses=(404,))
def replace(caller: Authenticated, cards: OfServer, body: SetBudget) -> BudgetInfo:
    """Set or replace the budget of the account.

    It is compared with the bill of the current month once a minute, and now. What a rate card sells
    that is not metered is not counted.
    """
    at = body.effects
    effects = {50: at.at_50, 80: at.at_80, 100: at.at_100}
    rate = body.throttle_bytes_per_second
    return _info(caller.perform(budgets.set_, cards, body.amount, body.card, effects, rate))


@router.delete(status=204, operation_id="deleteBudget", refuses=(404,))
def delete(caller: Authenticated) -> None:
    """Delete the budget of the account, and end what it has throttled or blocked."""
    caller.perform(budgets.delete)


def _info(found: Spent) -> BudgetInfo:
    budget, bill = found.budget, found.bill
    return BudgetInfo(
        amount=money.format_plain(budget.amount),
        card=budget.card,
        currency=bill.card.currency,
        effects=Effects(
            at_50=budget.effects[50], at_80=budget.effects[80], at_100=budget.effects[100]
        ),
        throttle_bytes_per_second=budget.throttle_bytes_per_second,
        month=str(bill.month),
        spent="0" if bill.total is None else str(bill.total),
        forecast=None if bill.forecast is None else str(bill.forecast),
        not_metered=bill.not_metered,
    )
