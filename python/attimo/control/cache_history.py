"""How the requests of a cache ended over a part of time, in steps: latency and errors by method."""

import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from attimo.billing.months import DAY
from attimo.control import caches, outcome_retention, outcome_rows, outcomes
from attimo.control.actions import reads
from attimo.control.durations import Percentiles
from attimo.control.ledger_tables import HOUR, MINUTE, floor
from attimo.control.outcomes import ByMethod, Outcomes
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument

STEPS = (MINUTE, 5 * MINUTE, HOUR, 3 * HOUR, 12 * HOUR, DAY)
"""The lengths of steps that can be asked for, in seconds."""

MOST_ROWS = 1_500
"""The most minutes, or hours, that an answer is made of: a day has 1,440 minutes.

A thousand rows take about 0.3 s of processor time.
"""

_FEW_STEPS = 100
"""By default, steps are so long that there are at most so many, or a day each."""

_NAMED = """
SELECT id, name FROM caches WHERE account_id = :account_id AND deleted_at IS NULL
    AND name IN (SELECT each.value ->> 0 FROM json_each(:names) AS each)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """How requests ended in a step.

    Attributes:
        at: Its first second, since 1970.
        seconds: How much of it is over, at most its length.
        methods: The outcomes, by method; only methods that were used.
    """

    at: int
    seconds: int
    methods: ByMethod


@dataclass(frozen=True, slots=True)
class History:
    """How requests of a cache ended from `since` until before `until`, in steps.

    Attributes:
        since: The first second of the first step.
        until: The end of the last one, or now.
        step: The length of a step in seconds.
        steps: All of them, in order, also those without requests.
    """

    since: int
    until: int
    step: int
    steps: Sequence[Step]

    def methods(self) -> ByMethod:
        """Return the sums of all steps."""
        sums = ByMethod()
        for each in self.steps:
            outcomes.add(sums, each.methods)
        return dict(sorted(sums.items()))


@reads("cache.history", caches.READ)
def show(
    tx: Tx,
    account_id: int,
    name: str,
    since: int | None = None,
    until: int | None = None,
    step: int | None = None,
) -> History:
    """Return how requests to a cache ended, all of whose items the actor is allowed to read.

    Args:
        since: The start, in seconds since 1970, rounded down to a step; None is an hour before
            `until`. What is not kept any more is left out.
        until: The end (exclusive), rounded up to a step; None is now.
        step: One of `STEPS`; None is the shortest that makes few steps.

    Raises:
        InvalidArgument: The window is empty, the step is none of `STEPS`, or the window has more
            than `MOST_ROWS` minutes, or hours if steps are as long.
        InvalidName, PermissionDenied, NoSuchCache: As `caches.find`.
    """
    cache = caches.find(tx, account_id, name)
    end = tx.now + 1 if until is None else min(until, tx.now + 1)
    first = end - HOUR if since is None else since
    length = step if step is not None else _step(end - first)
    if length not in STEPS:
        raise InvalidArgument(f"step must be one of {', '.join(map(str, STEPS))} seconds")
    first = max(first, outcome_retention.since(tx, _length(length)))
    is_too_long = end - 1 - first > MOST_ROWS * _length(length)
    first = floor(first, length)
    if first >= end:
        raise InvalidArgument(
            "since must be before until and now, and until in a time that is kept"
        )
    if is_too_long:
        raise InvalidArgument(
            f"since and until must be at most {MOST_ROWS:,} minutes apart, or as many hours "
            f"if step is {HOUR} or more"
        )
    last = min(-floor(-end, length), tx.now + 1)
    return History(first, last, length, list(_steps(tx, cache.id, first, last, length)))


@reads("cache.latency", caches.READ)
def latencies(tx: Tx, account_id: int, names: Sequence[str]) -> dict[str, Percentiles]:
    """Return how long requests to caches took, of this minute and the one before.

    All methods count, and requests that succeeded; caches without any are left out.

    Raises:
        PermissionDenied: The actor is not allowed to read all items of one of these caches.
    """
    for name in names:
        tx.actor.need_rule(caches.reading(name))
    listed = json.dumps([[name] for name in names])
    of = dict[int, str](tx.db.rows(_NAMED, account_id=account_id, names=listed))
    sums = defaultdict[str, Outcomes](Outcomes)
    since = floor(tx.now, MINUTE) - MINUTE
    for _, id, methods in outcome_rows.between(tx, list(of), since, tx.now + 1, MINUTE):
        for each in methods.values():
            sums[of[id]].add(each.durations, each.failures)
    return {name: found for name, each in sums.items() if (found := each.latency)}


def _step(seconds: int) -> int:
    return next((step for step in STEPS if seconds <= _FEW_STEPS * step), DAY)


def _length(step: int) -> int:
    return MINUTE if step < HOUR else HOUR


def _steps(tx: Tx, cache_id: int, since: int, until: int, step: int) -> Iterator[Step]:
    found = dict[int, ByMethod]()
    for at, _, methods in outcome_rows.between(tx, [cache_id], since, until, _length(step)):
        outcomes.add(found.setdefault(floor(at, step), {}), methods)
    for at in range(since, until, step):
        yield Step(at, min(step, until - at), found.get(at, {}))
