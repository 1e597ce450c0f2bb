"""A rate card: what is sold, and at which price. `card_file` reads one from TOML."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from attimo.billing.meters import Meter, Unit
from attimo.billing.money import SYMBOLS, Rounding


class Measure(StrEnum):
    """Whether a GB-month price charges the average or the peak."""

    AVERAGE = "average"
    PEAK = "peak"


@dataclass(frozen=True, slots=True)
class Tier:
    """The price of the units from `start` to `end`; None is no end."""

    start: Decimal
    end: Decimal | None
    price: Decimal

    def cost(self, quantity: Fraction) -> Fraction:
        """The cost of those of `quantity` units that are in this tier."""
        start = Fraction(self.start)
        end = quantity if self.end is None else min(quantity, Fraction(self.end))
        return max(end - start, Fraction(0)) * Fraction(self.price)


@dataclass(frozen=True, slots=True)
class Price:
    """The price of one thing that is sold.

    Attributes:
        line: The name of its line on the bill.
        meter: What is counted.
        unit: The unit in which it is sold.
        tiers: The prices, from zero on, without gaps.
        per: The number of units that the prices are for.
        free: The units of each month that cost nothing, account-wide; tiers apply to the units
            above it.
        measure: For units of GB-months and the like: the average or the highest hour of the month.
        minimum_bytes: For units of GB-hours: the least number of bytes charged for each cache and
            hour.
        copies: For stored data: the number of copies that are charged.
    """

    line: str
    meter: Meter
    unit: Unit
    tiers: Sequence[Tier]
    per: int = 1
    free: Decimal = Decimal(0)
    measure: Measure | None = None
    minimum_bytes: int = 0
    copies: int = 1

    @property
    def lines(self) -> tuple[str, ...]:
        """The bill lines of this price: one, and a second for the minimum if there is one."""
        return (self.line, f"{self.line}, minimum") if self.minimum_bytes else (self.line,)

    def cost(self, quantity: Fraction) -> Fraction:
        """The exact cost of `quantity` units in a month; more units never cost less."""
        charged = max(quantity - Fraction(self.free), Fraction(0))
        return sum((tier.cost(charged) for tier in self.tiers), Fraction(0)) / self.per


@dataclass(frozen=True, slots=True)
class Card:
    """A rate card.

    Attributes:
        name: Unique on a server.
        currency: Its ISO code, in `money.SYMBOLS`.
        date: When the prices were published.
        source: Where the prices were published.
        rounding: How each line is rounded, once; a total is the sum of its rounded lines.
        prices: One for each thing that is sold.
        note: What a reader of a bill must know; can be empty.
    """

    name: str
    currency: str
    date: date
    source: str
    rounding: Rounding
    prices: Sequence[Price]
    note: str = ""

    @property
    def symbol(self) -> str:
        """The symbol of its currency."""
        return SYMBOLS[self.currency]
