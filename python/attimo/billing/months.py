"""Calendar months in UTC, and how far one has come."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction

from attimo.errors import InvalidArgument

DAY = 86_400
_WRITTEN = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, order=True)
class Month:
    """A calendar month in UTC."""

    year: int
    number: int

    def __str__(self) -> str:
        """As `read` takes it, such as 2026-11."""
        return f"{self.year:04}-{self.number:02}"

    @property
    def start(self) -> int:
        """Its first second, since 1970."""
        return int(datetime(self.year, self.number, 1, tzinfo=UTC).timestamp())

    @property
    def end(self) -> int:
        """The first second of the next month."""
        return self.next.start

    @property
    def next(self) -> "Month":
        """The month after it."""
        return Month(self.year + self.number // 12, self.number % 12 + 1)

    @property
    def minutes(self) -> int:
        """The minutes that it has."""
        return (self.end - self.start) // 60

    def is_open(self, now: int) -> bool:
        """Whether it is not over yet."""
        return now < self.end

    def growth(self, since: int, now: int) -> Fraction | None:
        """How many times the usage so far it will be at its end, if it goes on as it did.

        Args:
            since: When the usage can have begun, such as the creation of the account.
            now: The present.

        Returns:
            1 for a month that is over; None in the first day, which tells too little.
        """
        if not self.is_open(now):
            return Fraction(1)
        begun = max(self.start, since)
        if now - begun < DAY:
            return None
        return Fraction(self.end - begun, now - begun)


def read(text: str) -> Month:
    """Parse a month such as 2026-11, of any year; it can be one that a clock cannot show.

    Raises:
        InvalidArgument: It is not one.
    """
    found = _WRITTEN.fullmatch(text)
    if found is None:
        raise InvalidArgument(f"month: {text[:20]!r} is not a month; write it as 2026-11")
    return Month(int(found[1]), int(found[2]))


def at(now: int) -> Month:
    """The month of a moment, in seconds since 1970."""
    moment = datetime.fromtimestamp(now, UTC)
    return Month(moment.year, moment.month)
