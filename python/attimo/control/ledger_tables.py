"""The tables of the ledger, and which of them answer for a part of time.

Minutes, hours and days each have all usage, as far back as they are kept: minutes shorter than
hours, and days for ever. Whoever asks for a month reads about 30 rows of days for each use instead
of 40,000 rows of minutes, and gets the same sums.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from attimo.billing.months import DAY
from attimo.control.totals import COLUMNS, STORED
from attimo.control.tx import Tx

MINUTE, HOUR = 60, 3_600

TABLES = {MINUTE: "usage_minutes", HOUR: "usage_hours", DAY: "usage_days"}
"""The tables, by the seconds that a row is about."""

HOURS_OF_A_DAY = tuple(f"h{hour:02}" for hour in range(24))
"""The columns of `usage_stored`."""

_NOTHING_USED = ", ".join("0" for _ in COLUMNS)
_NOTHING_STORED = ", ".join(f"0 AS {name}" for name in STORED)
_USED = f"""
SELECT account_id, at, series_id, {", ".join(COLUMNS)}, {_NOTHING_STORED}
FROM {{table}} WHERE {{accounts}} AND at >= {{since}} AND at < {{until}}
"""  # noqa: S608
_WHICH = {
    name: f"CASE with_overhead WHEN {at} THEN {{}} ELSE 0 END" for at, name in enumerate(STORED)
}
_OF_THE_DAY = ", ".join(case.format("whole") for case in _WHICH.values())
_STORED_BY_DAY = f"""
SELECT account_id, at, series_id, {_NOTHING_USED}, {_OF_THE_DAY}
FROM usage_stored WHERE {{accounts}} AND at >= {{since}} AND at < {{until}}
"""  # noqa: S608
_OF_THE_HOUR = " ".join(f"WHEN {at} THEN {name}" for at, name in enumerate(HOURS_OF_A_DAY))
_STORED_BY_HOUR = f"""
SELECT account_id, hour AS at, series_id, {_NOTHING_USED},
    {", ".join(f"{case.format('stored')} AS {name}" for name, case in _WHICH.items())}
FROM (
    SELECT account_id, series_id, with_overhead, at + 3600 * column1 AS hour,
        CASE column1 {_OF_THE_HOUR} END AS stored
    FROM usage_stored, (VALUES {", ".join(f"({at})" for at in range(24))})
    WHERE {{accounts}} AND at >= {{first_day}} AND at < {{until}}
) WHERE hour >= {{since}} AND hour < {{until}} AND stored > 0
"""  # noqa: S608


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
        """The ledger's rows of this window as a table expression `usage`, with `at` and all counts.

        Stored data is known by the hour: it has the hour's first moment.

        Args:
            longest: The length in seconds of the longest rows that the question can use.
            accounts: The condition in SQL for `account_id`.
        """
        parts = list(self._parts(longest)) or [(MINUTE, self.since, self.since)]
        selects = (select for part in parts for select in _selects(*part, accounts))
        return f"({' UNION ALL '.join(selects)}) AS usage"

    def stored(self, accounts: str) -> str:
        """The same of stored data alone, all by the hour."""
        first_day = floor(self.since, DAY)
        part = {"since": self.since, "until": self.until, "first_day": first_day}
        return f"({_STORED_BY_HOUR.format(accounts=accounts, **part)}) AS usage"

    def _parts(self, longest: int) -> Iterator[tuple[int, int, int]]:
        """Which rows, by their length, answer from when until when."""
        for finest, since, until in (
            (DAY, self.since, self.kept.hours_since),
            (HOUR, max(self.since, self.kept.hours_since), self.kept.minutes_since),
            (MINUTE, max(self.since, self.kept.minutes_since), self.until),
        ):
            lengths = [each for each in TABLES if finest <= each <= max(longest, finest)]
            yield from _filled(lengths, since, min(until, self.until))


def _selects(length: int, since: int, until: int, accounts: str) -> Iterator[str]:
    """The rows of a part of time: what was used, and what was stored."""
    # The numbers are ours: as parameters, they would hide from SQLite which rows are few.
    part = {"accounts": accounts, "since": since, "until": until, "first_day": floor(since, DAY)}
    yield _USED.format(table=TABLES[length], **part)
    yield (_STORED_BY_DAY if length == DAY else _STORED_BY_HOUR).format(**part)


def kept(tx: Tx) -> Kept:
    """Return how far back the ledger is kept."""
    ((minutes, hours),) = tx.db.rows("SELECT minutes_since, hours_since FROM usage_kept")
    return Kept(minutes, hours)


def all_counts_since(tx: Tx) -> int:
    """Return since when all counts are counted, in seconds since 1970."""
    return int(tx.db.scalar("SELECT all_counts_since FROM usage_kept"))


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
