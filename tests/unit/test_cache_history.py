"""How requests of caches ended: what is kept by the minute and the hour, and what is told of it."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attimo.billing.months import DAY
from attimo.control import Control, cache_history, caches, outcomes, usage
from attimo.control.actor import Actor
from attimo.control.cache_history import MOST_ROWS, History
from attimo.control.durations import BUCKETS, Percentiles, middle, percentiles
from attimo.control.ledger_tables import HOUR, MINUTE
from attimo.control.outcomes import Outcomes
from attimo.control.permissions import Permissions, Rule
from attimo.control.selectors import ALL, Selector
from attimo.errors import InvalidArgument, NoSuchCache, PermissionDenied
from attimo.node import batches
from fakes import NOON, Batch, Clock, Used

counts = st.integers(1, 2**40)
by_method = st.dictionaries(
    st.sampled_from(["Get", "Set", "ListPushBack"]),
    st.builds(
        Outcomes,
        st.dictionaries(st.integers(0, BUCKETS - 1), counts),
        st.dictionaries(st.sampled_from(["rate_limited", "too_large"]), counts),
    ),
)


@pytest.fixture
def cache(control: Control) -> int:
    with control.begin() as tx:
        return caches.create(tx, 1, "a").id


def record(control: Control, number: int, *used: Used, taken_at: int | None = None) -> None:
    with control.begin() as tx:
        usage.record(tx, Batch("node", number, list(used)), taken_at)


def show(
    control: Control, since: int | None = None, until: int | None = None, step: int | None = None
) -> History:
    with control.read() as tx:
        return cache_history.show(tx, 1, "a", since, until, step)


def latencies(control: Control, *names: str) -> dict[str, Percentiles]:
    with control.read() as tx:
        return cache_history.latencies(tx, 1, names)


def succeeded(found: History) -> list[int]:
    return [sum(each.succeeded for each in step.methods.values()) for step in found.steps]


@given(by_method)
def test_outcomes_are_read_as_they_were_written(written: dict[str, Outcomes]) -> None:
    assert outcomes.decode(outcomes.encode(written)) == written


def test_percentiles_are_within_a_sixteenth_of_the_true_ones() -> None:
    chance = random.Random(7)  # noqa: S311 (the same numbers each time)
    micros = sorted(int(chance.lognormvariate(7, 1.5)) for _ in range(20_000))
    histogram = dict[int, int]()
    for each in micros:
        nearest = min(range(BUCKETS), key=lambda at: abs(middle(at) - each - 0.5))
        histogram[nearest] = histogram.get(nearest, 0) + 1
    found = percentiles(histogram)

    assert found is not None
    for name, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999)):
        true = micros[int(share * len(micros)) - 1]
        assert abs(getattr(found, name) - true) <= true / 16 + 0.5, name


def test_percentiles_of_nothing_are_none() -> None:
    assert percentiles({}) is None


def test_a_batch_counts_once_in_its_minute_and_its_hour_whatever_its_keys(
    control: Control, clock: Clock, cache: int
) -> None:
    get = Used(cache, "x", "Get").ending({5: 1})
    other = Used(cache, "y", "Get", requests=2).ending({5: 1}, rate_limited=1)
    for _ in range(2):
        record(control, 1, get, other)
    clock.now += MINUTE
    record(control, 2, Used(cache, "x", "Set").ending({9: 1}))

    assert succeeded(show(control, NOON, step=MINUTE)) == [2, 1]
    by_hour = show(control, NOON, step=HOUR)
    assert by_hour.methods() == {
        "Get": Outcomes({5: 2}, {"rate_limited": 1}),
        "Set": Outcomes({9: 1}),
    }


def test_a_batch_counts_when_it_was_taken(control: Control, clock: Clock, cache: int) -> None:
    clock.now = NOON + 10 * MINUTE
    record(control, 1, Used(cache).ending({5: 1}), taken_at=NOON)

    found = show(control, NOON, step=MINUTE)
    assert succeeded(found) == [1, *[0] * 10]


def test_requests_to_no_cache_are_left_out(control: Control, cache: int) -> None:
    record(control, 1, Used(0).ending({}, not_found=3))

    assert show(control).methods() == {}


def test_a_batch_that_waits_for_the_next_start_keeps_how_requests_ended() -> None:
    used = Used(1, "key", "Get").ending({5: 2, 190: 1}, too_large=4)
    batch = batches.taken(Batch("node", 1, [used]), NOON)

    (read,) = batches.of_json(batches.to_json(batch)).used
    assert (read.durations, read.failures) == ({5: 2, 190: 1}, {"too_large": 4})


def test_a_batch_of_a_version_that_did_not_know_how_requests_ended_is_read() -> None:
    written = {"cache_id": 1, "key_id": "key", "api": "Get", "requests": 1}

    (read,) = batches.of_json({"node": "n", "number": 1, "used": [written]}).used
    assert (read.durations, read.failures) == ({}, {})


def test_steps_fill_the_window_and_the_last_one_ends_now(
    control: Control, clock: Clock, cache: int
) -> None:
    clock.now = NOON + 90
    found = show(control, NOON - HOUR, step=5 * MINUTE)

    assert (found.since, found.until) == (NOON - HOUR, NOON + 91)
    assert [each.at for each in found.steps] == list(range(NOON - HOUR, NOON + 1, 300))
    assert [each.seconds for each in found.steps] == [300] * 12 + [91]


@pytest.mark.parametrize(
    ("seconds", "step"),
    [
        (HOUR, MINUTE),
        (6 * HOUR, 5 * MINUTE),
        (DAY, HOUR),
        (7 * DAY, 3 * HOUR),
        (30 * DAY, 12 * HOUR),
        (60 * DAY, DAY),
    ],
)
def test_steps_are_as_short_as_a_chart_can_show(
    control: Control, clock: Clock, cache: int, seconds: int, step: int
) -> None:
    found = show(control, clock.now - seconds)

    assert (found.step, len(found.steps) <= 400) == (step, True)


@pytest.mark.parametrize(
    ("since", "until", "step", "why"),
    [
        (NOON, NOON, None, "since must be before until"),
        (NOON + 60, None, None, "since must be before until"),
        (NOON - DAY, None, 61, "step must be one of 60, 300"),
        (NOON - MOST_ROWS * MINUTE - 1, None, 5 * MINUTE, "at most 1,500 minutes apart"),
        (NOON - MOST_ROWS * HOUR - 1, None, DAY, "or as many hours"),
        (0, None, None, "or as many hours"),
    ],
)
def test_impossible_windows_are_refused(
    control: Control, cache: int, since: int, until: int | None, step: int | None, why: str
) -> None:
    with pytest.raises(InvalidArgument, match=why):
        show(control, since, until, step)


@pytest.mark.parametrize("late", [0, 1, 59])
def test_the_longest_window_may_begin_at_any_second(
    control: Control, clock: Clock, cache: int, late: int
) -> None:
    clock.now += late

    assert len(show(control, clock.now - MOST_ROWS * MINUTE, step=MINUTE).steps) == MOST_ROWS + 1


def test_of_what_is_not_kept_nothing_is_told(control: Control, clock: Clock, cache: int) -> None:
    kept = NOON - 2 * HOUR
    with control.database.begin() as connection:
        connection.execute("UPDATE usage_kept SET minutes_since = :kept", kept=kept)

    assert show(control, NOON - 3 * HOUR, step=MINUTE).since == kept
    assert show(control, NOON - 3 * HOUR, step=HOUR).since == NOON - 3 * HOUR
    with pytest.raises(InvalidArgument, match="until in a time that is kept"):
        show(control, NOON - 3 * HOUR, kept, MINUTE)


def test_latency_is_that_of_this_minute_and_the_one_before(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, 1, Used(cache, "x", "Get").ending({5: 99}))
    clock.now += 61
    record(control, 2, Used(cache, "x", "Set").ending({100: 1}, overloaded=1))
    assert latencies(control, "a") == {"a": percentiles({5: 99, 100: 1})}

    clock.now += 60
    assert latencies(control, "a") == {"a": percentiles({100: 1})}
    clock.now += 60
    assert latencies(control, "a") == {}


def test_what_a_cache_of_the_same_name_did_before_is_not_told(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, 1, Used(cache).ending({5: 1}))
    with control.begin() as tx:
        caches.delete(tx, 1, "a")
    with pytest.raises(NoSuchCache):
        show(control)
    assert latencies(control, "a") == {}

    with control.begin() as tx:
        caches.create(tx, 1, "a")
    assert show(control).methods() == {}


def test_who_may_not_read_all_items_is_told_nothing(control: Control, cache: int) -> None:
    rule = Rule("cache", frozenset({"read"}), (ALL, Selector("prefix", b"public/")))
    with control.read() as tx:
        tx.actor = Actor("somebody", "192.0.2.7", Permissions((rule,)))
        with pytest.raises(PermissionDenied):
            cache_history.show(tx, 1, "a")
        with pytest.raises(PermissionDenied):
            cache_history.latencies(tx, 1, ["a"])
