"""The ledger holds what the nodes counted, however often and in whatever order they said it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from hypothesis import given, settings
from hypothesis import strategies as st

import ledger_sums
from attimo.billing.months import DAY
from attimo.control import Control, retention, usage
from attimo.control.ledger_tables import APART, HOUR, MINUTE, floor
from attimo.control.totals import COUNTS, STORED, USED, Totals
from fakes import NOON, Batch, Clock, Listener, Used, new_control, swift_directory
from ledger_sums import By, Of

counts = st.integers(0, 2**40)
used = st.builds(
    Used,
    cache_id=st.integers(0, 2),
    key_id=st.sampled_from(["a", "b"]),
    api=st.sampled_from(["Get", "Set"]),
    **dict.fromkeys(COUNTS, counts) | {"requests": st.integers(1, 2**40)},
)
numbers = st.tuples(st.sampled_from(["node-1", "node-2"]), st.integers(1, 5))
counted = st.dictionaries(numbers, st.lists(used, max_size=4), min_size=1, max_size=6).map(
    lambda found: [Batch(node, number, used) for (node, number), used in found.items()]
)
"""Batches of two nodes; no two have the same node and number."""


@st.composite
def said(draw: st.DrawFn) -> tuple[list[Batch], list[Batch]]:
    """What was counted, and what was said: all of it in any order, some of it again."""
    batches = draw(counted)
    again = draw(st.lists(st.sampled_from(batches), max_size=8))
    return batches, draw(st.permutations(batches + again))


@contextmanager
def a_control(clock: Clock) -> Iterator[Control]:
    with swift_directory() as directory:
        control = new_control(directory, Listener(), clock)
        yield control
        control.database.close()


def record(control: Control, batch: Batch) -> bool:
    with control.begin() as tx:
        return usage.record(tx, batch) is not None


def summed(batches: list[Batch], cache_id: int | None = None) -> Totals:
    rows = [one for batch in batches for one in batch.used if cache_id in (None, one.cache_id)]
    return Totals(*(sum(one.counts.get(name, 0) for one in rows) for name in COUNTS))


@settings(deadline=None, max_examples=40)
@given(said(), st.lists(st.integers(0, 300), min_size=14, max_size=14))
def test_the_sums_are_what_was_counted_once(
    batches: tuple[list[Batch], list[Batch]], moments: list[int]
) -> None:
    clock = Clock()
    with a_control(clock) as control:
        for batch, moment in zip(batches[1], moments, strict=False):
            clock.now = NOON + moment
            record(control, batch)

        with control.read() as tx:
            total, by_cache, by_minute = (
                ledger_sums.total(tx),
                ledger_sums.totals(tx, By.CACHE),
                ledger_sums.totals(tx, By.MINUTE),
            )
    assert total == summed(batches[0])
    assert by_cache == {cache_id: summed(batches[0], int(cache_id)) for cache_id in by_cache}
    assert sum(totals.requests for totals in by_minute.values()) == total.requests


@settings(deadline=None, max_examples=15)
@given(said())
def test_the_sums_are_the_same_when_all_speak_at_once(
    batches: tuple[list[Batch], list[Batch]],
) -> None:
    with a_control(Clock()) as control:
        with ThreadPoolExecutor(4) as threads:
            new = list(threads.map(lambda batch: record(control, batch), batches[1]))

        with control.read() as tx:
            assert ledger_sums.total(tx) == summed(batches[0])
    assert sum(new) == len(batches[0])


class KilledError(Exception):
    """What ends a transaction before it is committed."""


steps = st.lists(
    st.tuples(
        st.integers(0, 80 * DAY),  # how much later
        st.lists(used, max_size=3),
        st.integers(0, 4),  # how many times rows are deleted
        st.booleans(),  # and whether the last time is killed
    ),
    min_size=1,
    max_size=8,
)


def delete_some(control: Control, killed: bool) -> None:
    with suppress(KilledError), control.begin() as tx:
        retention.keep(tx, 35 * DAY, 62 * DAY)
        retention.prune(tx, 2)
        if killed:
            raise KilledError


def requests_by(expected: list[tuple[int, Used]], by: By) -> dict[int | str, int]:
    sums: dict[int | str, int] = {}
    for _, one in expected:
        name = getattr(one, by)
        sums[name] = sums.get(name, 0) + one.counts["requests"]
    return sums


def apart(at: int, one: Used) -> list[tuple[int, Used]]:
    """A use, and what was stored, which is told by the hour."""
    return [
        (moment, Used(one.cache_id, one.key_id, one.api, **{"requests": 0} | counts))
        for moment, counts in (
            (at, {name: one.counts[name] for name in USED}),
            (floor(at, HOUR), {name: one.counts[name] for name in STORED}),
        )
    ]


def in_periods(expected: list[tuple[int, Used]], length: int) -> dict[int, Totals]:
    starts = {floor(at, length) for at, _ in expected}
    return {
        start: summed([Batch("", 0, [one for at, one in expected if floor(at, length) == start])])
        for start in starts
    }


@settings(deadline=None, max_examples=60)
@given(steps)
def test_whatever_is_deleted_and_whenever_that_is_killed_the_sums_stay(
    steps: list[tuple[int, list[Used], int, bool]],
) -> None:
    clock, expected = Clock(), list[tuple[int, Used]]()
    with a_control(clock) as control:
        for number, (later, each, times, killed) in enumerate(steps):
            clock.now += later
            record(control, Batch("node-1", number, each))
            expected += [part for one in each for part in apart(clock.now, one)]
            for time in range(times):
                delete_some(control, killed and time == times - 1)

            with control.read() as tx:
                for by in (By.CACHE, By.KEY, By.API):
                    found = ledger_sums.totals(tx, by)
                    sums = {name: totals.requests for name, totals in found.items()}
                    assert sums == requests_by(expected, by)
                hours = ledger_sums.by_hour(tx, apart=["account_id", "at"])
                assert hours == ledger_sums.by_hour(tx, apart=APART)
                hours_since = clock.now - 62 * DAY
                for length, first in (
                    (DAY, 0),
                    (HOUR, hours_since),
                    (MINUTE, clock.now - 35 * DAY),
                ):
                    for start, totals in in_periods(expected, length).items():
                        if start >= first:
                            of = Of(since=start, until=start + length)
                            assert ledger_sums.total(tx, of) == totals
