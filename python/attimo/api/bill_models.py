"""Bills as JSON: what `bills` answers."""

from typing import Annotated

from pydantic import Field

from attimo.api.schemas import Model
from attimo.api.usage import LateUsage

_SUM = "An exact decimal number, in the card's currency."
Amount = Annotated[str, Field(description=_SUM)]
AmountOrNull = Annotated[str | None, Field(description=f"{_SUM} Can be null.")]
Quantity = Annotated[str, Field(description="A decimal number, in `unit`.")]
QuantityOrNull = Annotated[
    str | None, Field(description="A decimal number, in `unit`. Can be null.")
]


class BilledMonth(Model):
    """A month that has a bill. While `is_open`, it lasts until `until` so far.

    When it `is_closed`, a day after its end, its usage changes no more.
    """

    month: str
    is_open: bool
    is_closed: bool
    until: Annotated[int, Field(description="Seconds since 1970.")]


class RateCard(Model):
    """A rate card; a total is the sum of its lines, each rounded once."""

    name: str
    currency: Annotated[str, Field(description="The ISO code.")]
    symbol: str
    date: Annotated[str, Field(description="When these prices were published.")]
    source: Annotated[str, Field(description="Where they were.")]
    note: str
    is_default: bool


class BillList(Model):
    """The months with a bill, the newest first, and the cards to choose from."""

    bills: list[BilledMonth]
    cards: list[RateCard]


class BillLine(Model):
    """A line of a bill. `quantity` and `amount` are null for what this server does not meter.

    `free` of the quantity costs nothing. A minimum is a line of its own.
    """

    line: str
    unit: str
    quantity: QuantityOrNull
    free: Quantity
    amount: AmountOrNull
    forecast: AmountOrNull


class BillShare(Model):
    """The share of a cache or key in a line; `cache` and `key` are null for what has none."""

    cache: str | None = None
    key: str | None = None
    line: str
    amount: Amount


class BillReport(Model):
    """The bill of an account; of an open month, what it is so far.

    `forecast` is for the end of the month, if usage goes on as it did; null in the first day.
    `not_metered` has the lines that the card sells and this server does not meter: with any,
    `total` is less than what is due; it is null if nothing is metered. `shares` comes with `by`;
    they add up to the lines. When the month `is_closed`, its usage changes no more; `late` has what
    it contains of earlier months, which were closed when that arrived; absent if there is none.
    """

    account_id: int
    account: Annotated[str, Field(description="The name of the account.")]
    month: str
    is_open: bool
    is_closed: bool
    card: RateCard
    lines: list[BillLine]
    total: AmountOrNull
    forecast: AmountOrNull
    not_metered: list[str]
    shares: list[BillShare] = Field(default_factory=list)
    late: list[LateUsage] = Field(default_factory=list)


class BillComparison(Model):
    """The bills for the same usage by every card."""

    month: str
    is_open: bool
    bills: list[BillReport]
