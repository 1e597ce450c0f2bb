"""The quantities that a price is for, from the readings of a month. Exact."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from attimo.billing.card import Measure, Price
from attimo.billing.meters import Span
from attimo.billing.months import Month
from attimo.billing.usage import Amounts, Where

Quantities = Mapping[Where, Fraction]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was used in the unit of a price, by cache and key.

    Attributes:
        used: What was used.
        missing: What each cache used less than the minimum; empty without one.
    """

    used: Quantities
    missing: Quantities

    def grown(self, growth: Fraction) -> "Measured":
        """So many times of it."""
        return Measured(
            *(
                {where: quantity * growth for where, quantity in each.items()}
                for each in (self.used, self.missing)
            )
        )


def measured(
    price: Price, amounts: Amounts, month: Month, empty_hours: Mapping[str | None, int]
) -> Measured:
    """Measure the readings of the price's meter in its unit.

    Args:
        empty_hours: In how many hours each cache existed that `amounts` do not have.
    """
    match price.unit.span:
        case None:
            return Measured(_sums(price, amounts.items(), Fraction(1)), {})
        case Span.HOUR:
            missing = _missing(price, amounts, empty_hours)
            return Measured(_sums(price, amounts.items(), Fraction(1, 60)), missing)
        case Span.MONTH if price.measure is Measure.PEAK:
            return Measured(_sums(price, _highest_hour(amounts), Fraction(1, 60)), {})
        case Span.MONTH:
            return Measured(_sums(price, amounts.items(), Fraction(1, month.minutes)), {})


def grows(price: Price) -> bool:
    """Whether the quantity is a sum over the month, and no maximum."""
    return price.measure is not Measure.PEAK


def _sums(price: Price, readings: Iterable[tuple[Where, int]], share: Fraction) -> Quantities:
    """The sums by cache and key, `share` of each."""
    counts: dict[Where, int] = defaultdict(int)
    for where, amount in readings:
        counts[where._replace(hour=None)] += amount
    of_one = share * price.meter.scale * price.copies / price.unit.size
    return {where: count * of_one for where, count in counts.items()}


def _missing(price: Price, amounts: Amounts, empty_hours: Mapping[str | None, int]) -> Quantities:
    """What the average of each hour of a cache lacks to the minimum."""
    if not price.minimum_bytes:
        return {}
    least = price.minimum_bytes * 60
    hours: dict[Where, int] = defaultdict(int)
    for where, amount in amounts.items():
        hours[where._replace(key=None)] += amount
    lacking = [(where, max(least - amount, 0)) for where, amount in hours.items()]
    empty = [(Where(cache), least * count) for cache, count in empty_hours.items()]
    return _sums(price, lacking + empty, Fraction(1, 60))


def _highest_hour(amounts: Amounts) -> list[tuple[Where, int]]:
    """The readings of the hour with the most stored data, the first of equals."""
    hours: dict[int, int] = defaultdict(int)
    for where, amount in amounts.items():
        hours[where.hour or 0] += amount
    highest = max(sorted(hours), key=hours.__getitem__, default=0)
    return [(where, amount) for where, amount in amounts.items() if (where.hour or 0) == highest]
