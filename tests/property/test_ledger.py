"""The ledger holds what the nodes counted, however often and in whatever order they said it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.control import Control, usage
from attimo.control.usage import COUNTS, By, Of, Totals
from fakes import NOON, Batch, Clock, Listener, Used, new_control, swift_directory

counts = st.integers(0, 2**40)
used = st.builds(
    Used,
    cache_id=st.integers(0, 2),
    key_id=st.sampled_from(["a", "b"]),
    api=st.sampled_from(["Get", "Set"]),
    **dict.fromkeys(COUNTS, counts),
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
        return usage.record(tx, batch)


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
                usage.total(tx, Of()),
                usage.totals(tx, By.CACHE, Of()),
                usage.totals(tx, By.MINUTE, Of()),
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
            assert usage.total(tx, Of()) == summed(batches[0])
    assert sum(new) == len(batches[0])
