"""A bill: the usage of a month at the prices of a card.

Each line is rounded once; the total is the sum of the lines; and the shares of caches and of keys
add up to the lines. Free allowances and tiers count for the whole account.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from attimo.billing import money
from attimo.billing.card import Card, Price
from attimo.billing.measured import Measured, Quantities, grows, measured
from attimo.billing.months import Month
from attimo.billing.usage import Usage

QUANTITY_DECIMALS = 6
"""How quantities are shown; sums of money are calculated from the exact ones."""

Shares = Mapping[str | None, Decimal]
"""By the name of a cache or the ID of a key; None for usage that belongs to none."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a bill.

    Attributes:
        name: What is sold.
        unit: In which unit.
        quantity: How much was used, rounded for reading; None if it is not metered.
        free: How much of it costs nothing.
        amount: The sum; None if it is not metered.
        forecast: The sum at the end of the month if all goes on as it did; None where nothing can
            be said.
        by_cache: The share of each cache.
        by_key: The share of each key.
    """

    name: str
    unit: str
    quantity: Decimal | None
    free: Decimal
    amount: Decimal | None
    forecast: Decimal | None
    by_cache: Shares
    by_key: Shares


@dataclass(frozen=True, slots=True)
class Bill:
    """The bill of an account for a month.

    Attributes:
        month: The month.
        card: The card.
        lines: Its lines, in the order of the card.
        is_open: Whether the month is not over, so that this is an estimate.
        total: The sum of all that is metered; None if nothing is.
        forecast: The total at the end of the month; None if nothing can be said.
    """

    month: Month
    card: Card
    lines: Sequence[Line]
    is_open: bool
    total: Decimal | None
    forecast: Decimal | None

    @property
    def not_metered(self) -> list[str]:
        """The lines that are sold and not metered; the total lacks them."""
        return [line.name for line in self.lines if line.amount is None]

    @property
    def by_cache(self) -> Shares:
        """The share of each cache in the total."""
        return self._by(line.by_cache for line in self.lines)

    @property
    def by_key(self) -> Shares:
        """The share of each key in the total."""
        return self._by(line.by_key for line in self.lines)

    def _by(self, lines: Iterable[Shares]) -> Shares:
        found: dict[str | None, list[Decimal]] = defaultdict(list)
        for shares in lines:
            for group, amount in shares.items():
                found[group].append(amount)
        digits = self.card.rounding.digits
        return {group: money.total(amounts, digits) for group, amounts in found.items()}


def bill(card: Card, usage: Usage, month: Month, since: int, now: int) -> Bill:
    """Price the usage of a month.

    Args:
        card: The prices.
        usage: All that was used in the month until now.
        month: The month.
        since: When the usage can have begun, in seconds since 1970; the forecast needs it.
        now: The present.
    """
    growth = month.growth(since, now)
    lines = [line for price in card.prices for line in _lines(card, price, usage, month, growth)]
    digits = card.rounding.digits
    return Bill(
        month,
        card,
        lines,
        month.is_open(now),
        _total((line.amount for line in lines), digits),
        _total((line.forecast for line in lines), digits),
    )


def _total(amounts: Iterable[Decimal | None], digits: int) -> Decimal | None:
    """The sum of what is known; None if nothing is."""
    known = [amount for amount in amounts if amount is not None]
    return money.total(known, digits) if known else None


def _lines(
    card: Card, price: Price, usage: Usage, month: Month, growth: Fraction | None
) -> Iterator[Line]:
    """The line of a price, and that of its minimum."""
    amounts = usage.of(price.meter)
    if amounts is None:
        yield Line(price.line, price.unit.name, None, price.free, None, None, {}, {})
        return
    found = measured(price, amounts, month, usage.empty_hours)
    growth = growth if grows(price) or growth is None else Fraction(1)
    used, minimum = _rounded(card, price, found)
    later = (None, None) if growth is None else _rounded(card, price, found.grown(growth))
    yield _line(card, price, price.line, found.used, used, later[0])
    if price.minimum_bytes:
        yield _line(card, price, price.lines[1], found.missing, minimum, later[1])


def _rounded(card: Card, price: Price, found: Measured) -> tuple[Decimal, Decimal]:
    """What is due for the use, and for the minimum.

    Both together are rounded once, and the minimum is what remains of that: rounded each by itself,
    they could be less for more use.
    """
    used, missing = sum(found.used.values()), sum(found.missing.values())
    whole = card.rounding(price.cost(Fraction(used + missing)))
    part = card.rounding(price.cost(Fraction(used)))
    return part, money.difference(whole, part, card.rounding.digits)


def _line(
    card: Card,
    price: Price,
    name: str,
    quantities: Quantities,
    amount: Decimal,
    forecast: Decimal | None,
) -> Line:
    digits = card.rounding.digits
    return Line(
        name,
        price.unit.name,
        _shown(Fraction(sum(quantities.values()))),
        price.free if name == price.line else Decimal(0),
        amount,
        forecast,
        _shares(amount, quantities, digits, "cache"),
        _shares(amount, quantities, digits, "key"),
    )


def _shares(amount: Decimal, quantities: Quantities, digits: int, by: str) -> Shares:
    weights: dict[str | None, Fraction] = defaultdict(Fraction)
    for where, quantity in quantities.items():
        weights[getattr(where, by)] += quantity
    # In one order, whatever that of the readings, since the first of equals gets what is left.
    ordered = sorted(weights, key=lambda group: (group is None, group or ""))
    return money.apportion(amount, {group: weights[group] for group in ordered}, digits)


def _shown(quantity: Fraction) -> Decimal:
    return money.Rounding("half-up", QUANTITY_DECIMALS)(quantity)
