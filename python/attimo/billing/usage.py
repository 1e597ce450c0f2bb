"""What an account used: readings that add up, in whatever order and pieces they come.

A meter that is absent was not metered, which is not the same as zero.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from typing import NamedTuple, TypeVar

from attimo.billing.meters import Meter

T = TypeVar("T")


class Where(NamedTuple):
    """Whose usage a reading is.

    Attributes:
        cache: The cache's name; None without a known cache.
        key: The API key's ID; None for what belongs to no key, such as stored data.
        hour: For stored data: the first second of the hour; None for all other.
    """

    cache: str | None = None
    key: str | None = None
    hour: int | None = None


Amounts = Mapping[Where, int]


@dataclass(frozen=True, slots=True)
class Usage:
    """The usage of a month, or of a part of it.

    Attributes:
        amounts: By meter; a meter that is absent was not metered.
        empty_hours: In how many more hours each cache existed, without stored data in `amounts`:
            cards have a minimum for these, too.
    """

    amounts: Mapping[Meter, Amounts]
    empty_hours: Mapping[str | None, int] = field(default_factory=dict)

    def of(self, meter: Meter) -> Amounts | None:
        """The amounts of a meter; None if it was not metered."""
        return self.amounts.get(meter)

    def __add__(self, other: "Usage") -> "Usage":
        """The usage of both parts; what one of them did not meter, the whole did not."""
        amounts = {
            meter: _summed(self.amounts[meter], other.amounts[meter])
            for meter in self.amounts.keys() & other.amounts.keys()
        }
        return Usage(amounts, _summed(self.empty_hours, other.empty_hours))


def total(parts: Iterable[Usage]) -> Usage:
    """The usage of all parts, of which there is at least one."""
    return reduce(Usage.__add__, parts)


def _summed(one: Mapping[T, int], other: Mapping[T, int]) -> Mapping[T, int]:
    found = Counter(one)
    # Not `+`, which would drop the zeros.
    found.update(other)
    return dict(found)
