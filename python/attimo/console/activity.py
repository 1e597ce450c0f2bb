"""What a cache did in a range of time, in steps, and which keys used it; from the ledger.

The ledger is bounded (`control/retention.py`), and has a row for each use in each minute, hour and
day. A range has at most 60 steps: the page has them as a table, from which a script draws charts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from attimo.console import key_names, latencies
from attimo.console.figures import DAY, HOUR, MINUTE
from attimo.console.latencies import Latencies
from attimo.console.web import MOST_ROWS, Visit
from attimo.control import breakdown
from attimo.control.breakdown import By
from attimo.control.totals import Totals
from attimo.errors import PermissionDenied

_OTHERS = {
    "local": "without a key, from this machine",
    "session": "members who have signed in",
    "token": "tokens that no key asked for",
}
"""What the ledger names beside keys, as it is told."""
_SERVER = "server"
"""The key under which the ledger has what the server itself does."""


@dataclass(frozen=True, slots=True)
class Range:
    """A range of time until now that can be chosen.

    Attributes:
        name: Its name in the address.
        title: As the page names it.
        seconds: How long it is.
        step: The seconds of a step.
        by: The rows of the ledger that steps are made of.
    """

    name: str
    title: str
    seconds: int
    step: int
    by: By


RANGES = (
    Range("1h", "1 hour", HOUR, MINUTE, By.MINUTE),
    Range("24h", "24 hours", DAY, HOUR, By.HOUR),
    Range("7d", "7 days", 7 * DAY, 3 * HOUR, By.HOUR),
    Range("30d", "30 days", 30 * DAY, 12 * HOUR, By.HOUR),
)
DEFAULT = RANGES[1]


@dataclass(frozen=True, slots=True)
class Step:
    """What a cache did in a step.

    Attributes:
        at: Its first second, since 1970.
        seconds: How much of it is over.
        counts: What was used.
        stored: The mean of the stored bytes with their overhead; None if steps are shorter than the
            ledger knows that.
    """

    at: int
    seconds: int
    counts: Totals
    stored: float | None


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What a key did with a cache.

    Attributes:
        id: The key's ID; None for what is no API key.
        name: Its description, or what it is.
        counts: What was used.
    """

    id: str | None
    name: str
    counts: Totals


@dataclass(frozen=True, slots=True)
class Activity:
    """What a cache did in a range; the last step lasts until now."""

    range: Range
    steps: list[Step]
    keys: list[KeyUse]
    latencies: Latencies

    @property
    def has_stored(self) -> bool:
        """Whether steps tell what was stored."""
        return self.range.step >= HOUR

    @property
    def has_any(self) -> bool:
        """Whether there is anything to draw."""
        return any(each.counts.requests or each.stored for each in self.steps)


def chosen(visit: Visit) -> Range:
    """Return the range that the address names, or the default."""
    asked = visit.request.query_params.get("range")
    return next((each for each in RANGES if each.name == asked), DEFAULT)


def of_cache(visit: Visit, name: str) -> Activity | None:
    """Return what a cache did in the chosen range; None if the member must not see it."""
    shown, now = chosen(visit), visit.now
    last = now - now % shown.step
    first = last - shown.seconds + shown.step
    try:
        found = visit.perform(breakdown.of_account, [shown.by], first, None, name)
        by_key = visit.perform(breakdown.of_account, [By.KEY], first, None, name)
    except PermissionDenied:
        return None
    sums = dict[int, Totals]()
    for row in found.rows:
        at = int(row.of[shown.by] or 0) // shown.step * shown.step
        sums[at] = sums.get(at, Totals()).plus(row.counts)
    steps = [
        _step(shown, at, min(shown.step, now - at), sums.get(at, Totals()))
        for at in range(first, last + 1, shown.step)
    ]
    keys = {str(row.of[By.KEY]): row.counts for row in by_key.rows if row.of[By.KEY] != _SERVER}
    ended = latencies.of_cache(visit, name, first, shown.step)
    return Activity(shown, steps, _keys(visit, keys), ended)


def _step(shown: Range, at: int, seconds: int, counts: Totals) -> Step:
    if shown.step < HOUR:
        return Step(at, seconds, counts, None)
    # The hour that is not over has byte-minutes of its past part only.
    minutes = max(1.0, seconds / MINUTE)
    return Step(at, seconds, counts, counts.stored_byte_minutes_with_overhead / minutes)


def _keys(visit: Visit, counts: Mapping[str, Totals]) -> list[KeyUse]:
    """The keys that used most, up to a page of them."""
    names = key_names.descriptions(visit)
    most = sorted(counts.items(), key=lambda each: (-each[1].requests, each[0]))[:MOST_ROWS]
    return [
        KeyUse(None if id in _OTHERS else id, _OTHERS.get(id, names.get(id, "")), used)
        for id, used in most
    ]
