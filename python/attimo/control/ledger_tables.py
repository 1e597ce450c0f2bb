"""The tables of the ledger, and which of them answer for a part of time.

Minutes, hours and days each have all usage, as far back as they are kept: minutes for the shortest
time, days for ever. A question about a month reads about 30 rows of days for each use instead of
40,000 rows of minutes, with the same sums. A question about an account as a whole reads one row for
each hour.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from attimo.billing.months import DAY
from attimo.control.totals import COLUMNS, STORED
from attimo.control.tx import Tx

MINUTE, HOUR = 60, 3_600

TABLES = {MINUTE: "usage_minutes", HOUR: "usage_hours", DAY: "usage_days"}
"""The tables, by the seconds that a row is about."""

ACCOUNT_HOURS = "usage_account_hours"
"""The sums of the hours of an account, as far back as minutes are kept."""

HOURS_OF_A_DAY = tuple(f"h{hour:02}" for hour in range(24))
"""The columns of `usage_stored`."""

APART = ("account_id", "at", "series_id")
"""What tells rows apart."""

_NOTHING_USED = ", ".join("0" for _ in COLUMNS)
_NOTHING_STORED = ", ".join(f"0 AS {name}" for name in STORED)
_USED = f"""
SELECT {{apart}}, {{used}}, {_NOTHING_STORED}
FROM {{table}} WHERE {{accounts}} AND at >= {{since}} AND at < {{until}} {{grouped}}
"""  # noqa: S608
_STORED_BY_DAY = f"""
SELECT {{apart}}, {_NOTHING_USED}, {{stored}}
FROM usage_stored WHERE {{accounts}} AND at >= {{since}} AND at < {{until}} {{grouped}}
"""  # noqa: S608
_OF_THE_HOUR = " ".join(f"WHEN {at} THEN {name}" for at, name in enumerate(HOURS_OF_A_DAY))
_STORED_BY_HOUR = f"""
SELECT {{apart}}, {_NOTHING_USED}, {{stored}}
FROM (
    SELECT account_id, series_id, with_overhead, usage_stored.at + 3600 * column1 AS at,
        CASE column1 {_OF_THE_HOUR} END AS whole
    FROM usage_stored, (VALUES {", ".join(f"({at})" for at in range(24))}) AS hours
    WHERE {{accounts}} AND usage_stored.at >= {{first_day}} AND usage_stored.at < {{until}}
) AS by_hour WHERE at >= {{since}} AND at < {{until}} AND whole > 0 {{grouped}}
"""  # noqa: S608
_COLUMNS = {
    "used": {name: name for name in COLUMNS},
    "stored": {
        name: f"CASE with_overhead WHEN {at} THEN whole ELSE 0 END"
        for at, name in enumerate(STORED)
    },
}


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

    def source(self, longest: int, accounts: str, apart: Sequence[str] = APART) -> str:
        """The ledger of this window as a table expression `usage`, with all counts.

        The counts are summed as far as the question allows before a join names what they are about.
        It has to sum them again: each part of the window has rows of its own. Stored data is known
        by the hour: it has the hour's first moment.

        Args:
            longest: The length in seconds of the longest rows that the question can use.
            accounts: The condition in SQL for `account_id`.
            apart: Which columns of `APART` the question needs, at least one.
        """
        parts = list(self._parts(longest)) or [(MINUTE, self.since, self.since)]
        selects = (select for part in parts for select in self._selects(*part, accounts, apart))
        return f"({' UNION ALL '.join(selects)}) AS usage"

    def stored(self, accounts: str) -> str:
        """The same of stored data alone, all by the hour."""
        part = _filling(self.since, self.until, accounts, APART)
        return f"({_STORED_BY_HOUR.format(**part)}) AS usage"

    def _parts(self, longest: int) -> Iterator[tuple[int, int, int]]:
        """Which rows, by their length, answer from when until when."""
        for finest, since, until in (
            (DAY, self.since, self.kept.hours_since),
            (HOUR, max(self.since, self.kept.hours_since), self.kept.minutes_since),
            (MINUTE, max(self.since, self.kept.minutes_since), self.until),
        ):
            lengths = [each for each in TABLES if finest <= each <= max(longest, finest)]
            yield from _filled(lengths, since, min(until, self.until))

    def _selects(
        self, length: int, since: int, until: int, accounts: str, apart: Sequence[str]
    ) -> Iterator[str]:
        """The rows of a part of time: what was used, and what was stored."""
        filling = _filling(since, until, accounts, apart)
        yield _USED.format(table=self._table(length, since, apart), **filling)
        yield (_STORED_BY_DAY if length == DAY else _STORED_BY_HOUR).format(**filling)

    def _table(self, length: int, since: int, apart: Sequence[str]) -> str:
        """The table with the fewest rows that answer from a moment on."""
        is_summed = length == HOUR and since >= self.kept.minutes_since
        return ACCOUNT_HOURS if is_summed and "series_id" not in apart else TABLES[length]


def _filling(since: int, until: int, accounts: str, apart: Sequence[str]) -> dict[str, str | int]:
    """What the statements lack."""
    # Of a series at a moment there is one row: to sum it costs as much as to read it.
    is_summed = not {"at", "series_id"} <= set(apart)
    # The numbers are ours: as parameters, they would hide from SQLite which rows are few.
    times = {"since": since, "until": until, "first_day": floor(since, DAY)}
    columns = ", ".join(apart)
    grouped = f"GROUP BY {columns}" if is_summed else ""
    counts = {kind: _counts(of, is_summed) for kind, of in _COLUMNS.items()}
    return {"accounts": accounts, "apart": columns, "grouped": grouped, **counts, **times}


def _counts(columns: Mapping[str, str], is_summed: bool) -> str:
    """Columns with their names, or their sums."""
    term = "sum({}) AS {}" if is_summed else "{} AS {}"
    return ", ".join(term.format(sql, name) for name, sql in columns.items())


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
