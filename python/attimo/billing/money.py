"""Sums of money: currencies, rounding, and shares that add up. Exact; no binary floats."""

import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

SYMBOLS: Mapping[str, str] = {
    "AUD": "A$",
    "BRL": "R$",
    "CAD": "CA$",
    "CHF": "CHF",
    "CNY": "CN¥",
    "CZK": "Kč",
    "DKK": "kr",
    "EUR": "€",
    "GBP": "£",
    "INR": "₹",
    "JPY": "¥",
    "KRW": "₩",
    "NOK": "kr",
    "NZD": "NZ$",
    "PLN": "zł",
    "SEK": "kr",
    "USD": "$",
}
"""The currencies that a card can have, with their symbols."""

_HALF = Fraction(1, 2)
MODES: Mapping[str, Callable[[Fraction], int]] = {
    "half-up": lambda exact: math.floor(exact + _HALF),
    "half-even": round,
    "up": math.ceil,
    "down": math.floor,
}
"""Each rounds a non-negative sum to an integer."""

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a card rounds each line, once.

    Attributes:
        mode: One of `MODES`.
        digits: The number of decimals that are kept.
    """

    mode: str
    digits: int

    def __call__(self, exact: Fraction) -> Decimal:
        """Round a sum."""
        return decimal(MODES[self.mode](exact * 10**self.digits), self.digits)


def decimal(minor_units: int, digits: int) -> Decimal:
    """Convert minor units (cents) to a `Decimal` with `digits` decimals."""
    # From its digits, since arithmetic on Decimal rounds to the precision of a context.
    return Decimal((int(minor_units < 0), tuple(map(int, str(abs(minor_units)))), -digits))


def format_plain(number: Decimal) -> str:
    """Format a number without an exponent and without trailing zeros."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def total(amounts: Iterable[Decimal], digits: int) -> Decimal:
    """The exact sum of amounts with `digits` decimals."""
    return decimal(sum(_minor_units(each, digits) for each in amounts), digits)


def difference(one: Decimal, other: Decimal, digits: int) -> Decimal:
    """The exact difference of amounts with `digits` decimals."""
    return decimal(_minor_units(one, digits) - _minor_units(other, digits), digits)


def apportion(
    amount: Decimal, weights: Mapping[Group, Fraction], digits: int
) -> dict[Group, Decimal]:
    """Divide an amount in proportion to weights, so that the shares add up to it.

    Distributes the rest by the largest-remainder method; ties go to the first.

    Args:
        amount: Zero or more, with `digits` decimals.
        weights: Zero or more; not all zero, unless the amount is.
        digits: The number of decimals of the amount and of each share.
    """
    units, whole = _minor_units(amount, digits), sum(weights.values())
    if not units:
        return {group: decimal(0, digits) for group in weights}
    exact = {group: units * weight / whole for group, weight in weights.items()}
    found = {group: math.floor(share) for group, share in exact.items()}
    left = units - sum(found.values())
    for group in sorted(exact, key=lambda group: found[group] - exact[group])[:left]:
        found[group] += 1
    return {group: decimal(share, digits) for group, share in found.items()}


def _minor_units(amount: Decimal, digits: int) -> int:
    return int(Fraction(amount) * 10**digits)
