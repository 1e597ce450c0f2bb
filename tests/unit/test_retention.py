"""What the ledger keeps for how long, and what it answers of the rest."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attimo.billing.months import DAY
from attimo.control import Control, breakdown, caches, ledger_tables, retention, usage
from attimo.control.breakdown import Breakdown, By
from attimo.control.ledger_tables import HOUR, MINUTE, Kept, Window
from attimo.node.batches import taken
from attimo.node.kept import Kept as KeptBatches
from attimo.reserve import Reserve
from attimo.serve.ledger_keeper import LONGEST_SLEEP, MOST_ROWS, STEADY_SECONDS, LedgerKeeper
from fakes import NOON, Batch, Client, Clock, Used

MIDNIGHT = NOON - 12 * HOUR
MINUTES, HOURS = 35 * DAY, 400 * DAY


@pytest.fixture
def cache(control: Control) -> int:
    with control.begin() as tx:
        return caches.create(tx, 1, "a").id


def record(control: Control, number: int, *used: Used) -> bool:
    with control.begin() as tx:
        return usage.record(tx, Batch("node-1", number, list(used))) is not None


def prune(control: Control, minutes: int = MINUTES, hours: int = HOURS, most: int = 100) -> int:
    """Delete what is too old now, which takes a day."""
    keep(control, minutes, hours)
    clock = control.clock
    assert isinstance(clock, Clock)
    clock.now += DAY
    keep(control, minutes, hours)
    with control.begin() as tx:
        return retention.prune(tx, most)


def keep(control: Control, minutes: int = MINUTES, hours: int = HOURS) -> None:
    with control.begin() as tx:
        retention.keep(tx, minutes, hours)


def minutes_since(control: Control) -> int:
    with control.read() as tx:
        return ledger_tables.kept(tx).minutes_since


def rows(control: Control, table: str) -> int:
    with control.read() as tx:
        return int(tx.db.scalar(f"SELECT count(*) FROM {table}"))  # noqa: S608


def broken_down(
    control: Control, by: By, since: int | None = None, until: int | None = None
) -> Breakdown:
    with control.read() as tx:
        return breakdown.of_account(tx, 1, [by], since, until)


def requests(found: Breakdown) -> dict[str | int | None, int]:
    return {next(iter(row.of.values())): row.counts.requests for row in found.rows}


def test_old_minutes_are_answered_by_the_hour_and_old_hours_by_the_day(
    control: Control, clock: Clock, cache: int
) -> None:
    for number, moment in enumerate((NOON + 60, NOON + 120, NOON + HOUR, NOON + DAY)):
        clock.now = moment
        record(control, number, Used(cache))
    before = {by: requests(broken_down(control, by, MIDNIGHT)) for by in By if by != By.ACCOUNT}

    clock.now = NOON + 2 * DAY
    prune(control, minutes=DAY)
    assert requests(broken_down(control, By.MINUTE, MIDNIGHT)) == {
        NOON: 2,
        NOON + HOUR: 1,
        NOON + DAY: 1,
    }
    prune(control, minutes=DAY, hours=2 * DAY)
    assert requests(broken_down(control, By.HOUR, MIDNIGHT)) == {MIDNIGHT: 3, NOON + DAY: 1}

    for by in (By.CACHE, By.KEY, By.API, By.DAY):
        assert requests(broken_down(control, by, MIDNIGHT)) == before[by]


def test_a_window_grows_to_what_is_kept_of_its_time_and_the_answer_says_so(
    control: Control, owner: Client, clock: Clock, cache: int
) -> None:
    record(control, 1, Used(cache))
    clock.now = NOON + 100 * DAY
    prune(control, minutes=30 * DAY, hours=62 * DAY)
    hours_before, days_before = NOON + 70 * DAY, MIDNIGHT + 38 * DAY

    def asked(since: int, until: int) -> dict[str, object]:
        answer: dict[str, object] = owner.ask("GET", f"/usage?since={since}&until={until}").json()
        return {name: answer[name] for name in answer if name not in ("usage", "totals")}

    assert asked(NOON + 60, NOON + 120) == {
        "since": MIDNIGHT,
        "until": MIDNIGHT + DAY,
        "hours_before": hours_before,
        "days_before": days_before,
    }
    at = NOON + 50 * DAY
    assert asked(at + 61, at + 120) == {
        "since": at,
        "until": at + HOUR,
        "hours_before": hours_before,
    }
    at = NOON + 80 * DAY
    assert asked(at + 61, at + 119) == {"since": at + 60, "until": at + 120}
    assert requests(broken_down(control, By.CACHE, NOON + 60, NOON + 120)) == {"a": 1}


def test_rows_are_deleted_a_few_at_a_time_and_read_no_more_from_the_first_on(
    control: Control, clock: Clock, cache: int
) -> None:
    for number in range(5):
        clock.now = NOON + number * MINUTE
        record(control, number, Used(cache), Used(0, "nobody's"))
    clock.now = NOON + MINUTES + DAY

    assert prune(control, most=4) == 4
    assert rows(control, "usage_minutes") == 6
    assert requests(broken_down(control, By.MINUTE, MIDNIGHT)) == {NOON: 5}
    assert rows(control, "usage_account_hours") == 2
    assert [prune(control, most=4), prune(control, most=4), prune(control, most=4)] == [4, 4, 0]
    assert rows(control, "usage_minutes") == rows(control, "usage_account_hours") == 0
    assert rows(control, "usage_hours") == rows(control, "usage_days") == 2


def test_how_requests_ended_is_kept_as_long_as_usage(
    control: Control, clock: Clock, cache: int
) -> None:
    for number in range(3):
        clock.now = NOON + number * MINUTE
        record(control, number, Used(cache).ending({5: 1}))
    control.record_last_outcomes()
    assert (rows(control, "outcome_minutes"), rows(control, "outcome_hours")) == (3, 1)
    clock.now = NOON + MINUTES + DAY
    prune(control)
    assert (rows(control, "outcome_minutes"), rows(control, "outcome_hours")) == (0, 1)

    clock.now = NOON + HOURS + DAY
    prune(control)
    assert rows(control, "outcome_hours") == 0


def test_what_was_given_up_does_not_come_back_when_more_is_kept(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, 1, Used(cache))
    clock.now = NOON + 10 * DAY
    prune(control, minutes=DAY)

    prune(control, minutes=100 * DAY)

    assert minutes_since(control) == NOON + 9 * DAY
    assert requests(broken_down(control, By.MINUTE, MIDNIGHT)) == {NOON: 1}


def test_what_is_old_by_a_clock_that_goes_back_within_a_day_is_kept(
    control: Control, clock: Clock
) -> None:
    for later in (1, DAY - 1, 0):
        clock.now = NOON + 400 * DAY
        keep(control)
        clock.now += later
        keep(control)
        clock.now = NOON
        keep(control)

    assert minutes_since(control) == NOON - MINUTES


def test_a_clock_that_is_ahead_once_gives_up_only_what_was_old_before(
    control: Control, clock: Clock
) -> None:
    keep(control)
    clock.now += 400 * DAY
    keep(control)

    assert minutes_since(control) == NOON - MINUTES


def test_an_empty_ledger_has_nothing_to_delete_and_zero_to_answer(
    control: Control, clock: Clock
) -> None:
    assert prune(control) == 0
    assert broken_down(control, By.CACHE, 0, clock.now).rows == []


def test_nothing_changes_when_nothing_is_due(control: Control) -> None:
    prune(control)

    with control.read() as tx:
        assert not retention.is_due(tx, MINUTES, HOURS)


hour_of_2026 = st.integers(0, 24 * 365).map(lambda hour: 1_767_225_600 + hour * HOUR)
moments = st.integers(0, 365 * DAY // 7).map(lambda at: 1_767_225_600 + 7 * at)


@given(
    st.tuples(hour_of_2026, hour_of_2026).map(sorted),
    st.lists(moments, min_size=2, max_size=2, unique=True).map(sorted),
    st.sampled_from([MINUTE, HOUR, DAY]),
)
def test_the_parts_of_a_window_fill_it_once_with_rows_that_are_kept(
    kept: list[int], window: list[int], longest: int
) -> None:
    found = Kept(minutes_since=kept[1], hours_since=ledger_tables.floor(kept[0], DAY))
    first = ledger_tables.floor(window[0], found.finest(window[0]))
    last = -ledger_tables.floor(-window[1], found.finest(window[1] - 1))

    parts = list(Window(first, last, found)._parts(longest))

    assert (parts[0][1], parts[-1][2]) == (first, last)
    assert all(one[2] == other[1] for one, other in pairwise(parts))
    for length, since, until in parts:
        assert since % length == until % length == 0
        assert since < until
        assert found.finest(since) <= length <= max(longest, found.finest(since))


def test_a_month_is_read_by_the_day() -> None:
    month = Window(1_772_323_200, 1_775_001_600, Kept(0, 0))  # March 2026

    assert list(month._parts(DAY)) == [(DAY, month.since, month.until)]


class Time:
    """Time that goes on as it is told, whatever the clock shows."""

    def __init__(self, clock: Clock) -> None:
        self.now, self.clock = 0.0, clock

    def __call__(self) -> float:
        return self.now

    def go_on(self, seconds: float) -> None:
        self.now += seconds
        self.clock.now += int(seconds)


@pytest.fixture
def time(clock: Clock) -> Time:
    return Time(clock)


@pytest.fixture
def keeper(control: Control, home: Path, time: Time) -> LedgerKeeper:
    return LedgerKeeper(control, KeptBatches(Reserve(home / "reserve")), MINUTES, HOURS, time)


def test_old_minutes_go_when_the_clock_has_been_right_for_a_day(
    control: Control, keeper: LedgerKeeper, time: Time, clock: Clock, cache: int
) -> None:
    record(control, 1, Used(cache))
    clock.now += MINUTES + HOUR
    assert keeper.look() == LONGEST_SLEEP
    time.go_on(STEADY_SECONDS)
    keeper.look()
    time.go_on(DAY - 1)
    assert keeper.look() == LONGEST_SLEEP
    assert rows(control, "usage_minutes") == 1

    time.go_on(1)

    assert keeper.look() < LONGEST_SLEEP
    assert rows(control, "usage_minutes") == 0
    assert keeper.look() == LONGEST_SLEEP


@pytest.mark.parametrize("wrong_for", [STEADY_SECONDS - 1, 23 * HOUR])
def test_a_clock_that_jumps_a_year_and_back_costs_no_minute(
    control: Control,
    keeper: LedgerKeeper,
    time: Time,
    clock: Clock,
    cache: int,
    wrong_for: float,
) -> None:
    record(control, 1, Used(cache))
    for jump in (400 * DAY, 2 * DAY, -402 * DAY, 400 * DAY, 1 * DAY, -401 * DAY):
        clock.now += jump
        keeper.look()
        time.go_on(STEADY_SECONDS)
        keeper.look()
        time.go_on(wrong_for - STEADY_SECONDS)
        keeper.look()

    assert rows(control, "usage_minutes") == 1


def test_only_the_newest_batch_of_a_node_is_known_for_ever(
    control: Control, keeper: LedgerKeeper
) -> None:
    for number in range(MOST_ROWS + 1):
        record(control, number)
    record(control, MOST_ROWS)

    assert keeper.look() < LONGEST_SLEEP

    with control.read() as tx:
        assert tx.db.rows("SELECT number FROM batches") == [(MOST_ROWS,)]
    assert not record(control, MOST_ROWS, Used())
    assert keeper.look() == LONGEST_SLEEP


def test_all_batches_are_known_while_some_wait_for_the_next_start(
    control: Control, keeper: LedgerKeeper
) -> None:
    for number in range(2 * MOST_ROWS):
        record(control, number)
    keeper.kept.add(taken(Batch("node-1", 5, []), NOON))
    assert keeper.look() == LONGEST_SLEEP
    assert rows(control, "batches") == 2 * MOST_ROWS

    keeper.kept.clear()

    assert keeper.look() < LONGEST_SLEEP
    assert rows(control, "batches") == MOST_ROWS
