"""The tables of the ledger, and which of them answer for a part of time.

Minutes, hours and days each have all usage, as far back as they are kept: minutes shorter than
hours, and days for ever. Whoever asks for a month reads about 30 rows of days for each use instead
of 40,000 rows of minutes, and gets the same sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from attimo.billing.months import DAY
from attimo.control.tx import Tx

MINUTE, HOUR = 60, 3_600

TABLES = {MINUTE: "usage_minutes", HOUR: "usage_hours", DAY: "usage_days"}
"""The tables, by the seconds that a row is about."""


@dataclass(frozen=True, slots=True)
class Kept:
    """How far back the ledger is kept, in seconds since 1970; days are kept for ever.

    Attributes:
        minutes_since: The first moment with minutes; an hour begins with it.
        hours_since: The first moment with hours; a day begins with it. It is not later.
    """

    minutes_since: int
    hours_since: int

    def finest(self, moment: int) -> int:
        """The length in seconds of the shortest rows that a moment has."""
        if moment < self.hours_since:
            return DAY
        return HOUR if moment < self.minutes_since else MINUTE


@dataclass(frozen=True, slots=True)
class Window:
    """A part of time that rows of the ledger fill exactly.

    Attributes:
        since: The start, in seconds since 1970.
        until: The end (exclusive).
        kept: How far back the ledger is kept.
    """

    since: int
    until: int
    kept: Kept

    def source(self, longest: int, accounts: str) -> str:
        """The ledger's rows of this window as a table expression `usage`, with `at`.

        Args:
            longest: The length in seconds of the longest rows that the question can use.
            accounts: The condition in SQL for `account_id`.
        """
        parts = list(self._parts(longest)) or [(MINUTE, self.since, self.since)]
        # The numbers are ours: as parameters, they would hide from SQLite which rows are few.
        selects = (
            f"SELECT * FROM {TABLES[length]} WHERE {accounts} AND at >= {since} AND at < {until}"  # noqa: S608
            for length, since, until in parts
        )
        return f"({' UNION ALL '.join(selects)}) AS usage"

    def _parts(self, longest: int) -> Iterator[tuple[int, int, int]]:
        """Which rows, by their length, answer from when until when."""
        for finest, since, until in (
            (DAY, self.since, self.kept.hours_since),
            (HOUR, max(self.since, self.kept.hours_since), self.kept.minutes_since),
            (MINUTE, max(self.since, self.kept.minutes_since), self.until),
        ):
            lengths = [each for each in TABLES if finest <= each <= max(longest, finest)]
            yield from _filled(lengths, since, min(until, self.until))


def kept(tx: Tx) -> Kept:
    """Return how far back the ledger is kept."""
    ((minutes, hours),) = tx.db.rows("SELECT minutes_since, hours_since FROM usage_kept")
    return Kept(minutes, hours)


def window(tx: Tx, since: int, until: int) -> Window:
    """Return the shortest window around a part of time that the ledger can tell."""
    found = kept(tx)
    first = floor(since, found.finest(since))
    return Window(first, -floor(-until, found.finest(until - 1)), found)


def floor(moment: int, length: int) -> int:
    """Round a moment down to where a minute, an hour or a day begins."""
    return moment - moment % length


def _filled(lengths: list[int], since: int, until: int) -> Iterator[tuple[int, int, int]]:
    """Fill a part of time with the longest rows that fit, and its edges with shorter ones."""
    if since >= until:
        return
    *shorter, longest = lengths
    first, last = -floor(-since, longest), floor(until, longest)
    if not shorter or first >= last:
        yield from _filled(shorter, since, until) if shorter else [(longest, since, until)]
        return
    yield from _filled(shorter, since, first)
    yield longest, first, last
    yield from _filled(shorter, last, until)
