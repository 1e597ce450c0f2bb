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
"""How a sum that is not negative becomes whole."""

Group = TypeVar("Group", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Rounding:
    """How a card rounds each line, once.

    Attributes:
        mode: One of `MODES`.
        digits: The decimals that are left.
    """

    mode: str
    digits: int

    def __call__(self, exact: Fraction) -> Decimal:
        """Round a sum."""
        return decimal(MODES[self.mode](exact * 10**self.digits), self.digits)


def decimal(smallest: int, digits: int) -> Decimal:
    """A number of the smallest units, such as cents, as a sum with so many decimals."""
    # From its digits, since arithmetic on Decimal rounds to the precision of a context.
    return Decimal((int(smallest < 0), tuple(map(int, str(abs(smallest)))), -digits))


def short(number: Decimal) -> str:
    """A number as text, without an exponent and without zeros at the end of its decimals."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def total(amounts: Iterable[Decimal], digits: int) -> Decimal:
    """The exact sum of amounts with so many decimals."""
    return decimal(sum(_smallest(each, digits) for each in amounts), digits)


def difference(one: Decimal, other: Decimal, digits: int) -> Decimal:
    """The exact difference of amounts with so many decimals."""
    return decimal(_smallest(one, digits) - _smallest(other, digits), digits)


def shared(amount: Decimal, weights: Mapping[Group, Fraction], digits: int) -> dict[Group, Decimal]:
    """Divide an amount in proportion to weights, so that the shares add up to it.

    Each share is rounded down first. What is left goes, in the smallest units, to those who lost
    most by that; to the first of equals.

    Args:
        amount: Zero or more, with so many decimals.
        weights: Zero or more; not all zero, unless the amount is.
        digits: The decimals.
    """
    smallest, whole = _smallest(amount, digits), sum(weights.values())
    if not smallest:
        return {group: decimal(0, digits) for group in weights}
    exact = {group: smallest * weight / whole for group, weight in weights.items()}
    found = {group: math.floor(share) for group, share in exact.items()}
    left = smallest - sum(found.values())
    for group in sorted(exact, key=lambda group: found[group] - exact[group])[:left]:
        found[group] += 1
    return {group: decimal(share, digits) for group, share in found.items()}


def _smallest(amount: Decimal, digits: int) -> int:
    return int(Fraction(amount) * 10**digits)
