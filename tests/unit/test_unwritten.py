"""How requests ended is added up in memory, and written when a minute is over, in portions."""

from contextlib import closing
from pathlib import Path

import pytest

from attimo.control import (
    Control,
    cache_history,
    caches,
    outcome_rows,
    retention,
    unwritten,
    usage,
)
from attimo.control.cache_history import History
from attimo.control.ledger_tables import HOUR, MINUTE
from attimo.control.outcome_rows import ROW_BYTES, TABLES
from attimo.control.outcomes import Outcomes
from attimo.control.unwritten import Unwritten
from attimo.errors import InvalidArgument, StoreUnavailable
from fakes import NOON, Batch, Clock, Listener, Used, new_control

MUCH = {MINUTE: 10**9, HOUR: 10**9}
ENDED = Used(1).ending({5: 1, 9: 300}, too_large=2)


@pytest.fixture(autouse=True)
def cache(control: Control) -> int:
    with control.begin() as tx:
        return caches.create(tx, 1, "a").id


def record(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        usage.record(tx, Batch("node", number, list(used)))


def show(control: Control, step: int = MINUTE, since: int = NOON) -> History:
    with control.read() as tx:
        return cache_history.show(tx, 1, "a", since, None, step)


def succeeded(control: Control, step: int = MINUTE) -> int:
    return sum(each.succeeded for each in show(control, step).methods().values())


def rows(control: Control, length: int = MINUTE) -> int:
    with control.read() as tx:
        return int(tx.db.scalar(f"SELECT count(*) FROM {TABLES[length]}"))  # noqa: S608


def minutes(control: Control, clock: Clock, many: int) -> None:
    """Write so many minutes, from now on."""
    for number in range(many):
        with control.begin() as tx:
            usage.record(tx, Batch(f"node-{clock.now}", number, [ENDED]))
        clock.now += MINUTE
    control.record_outcomes(many)


@pytest.fixture
def transactions(control: Control) -> list[bool]:
    """Told of each transaction that may write."""
    found: list[bool] = []
    control.on_write = found.append
    return found


def test_a_minute_is_told_at_once_and_written_when_it_is_over(
    control: Control, clock: Clock
) -> None:
    record(control, 1, ENDED)
    record(control, 2, ENDED)
    control.record_outcomes(100)
    before = show(control), show(control, HOUR)
    assert (rows(control), before[0].methods()["Get"].succeeded) == (0, 602)

    clock.now = NOON + MINUTE - 1
    control.record_outcomes(100)
    assert rows(control) == 0

    clock.now += 1
    control.record_outcomes(100)
    assert (rows(control), rows(control, HOUR)) == (1, 1)
    assert (show(control).methods(), show(control, HOUR).methods()) == (
        before[0].methods(),
        before[1].methods(),
    )


def test_nothing_is_written_twice(control: Control, clock: Clock) -> None:
    minutes(control, clock, 3)

    for _ in range(2):
        control.record_outcomes(100)
        control.record_last_outcomes()

    assert (succeeded(control), succeeded(control, HOUR)) == (903, 903)


def test_the_running_minute_is_written_at_the_end_and_goes_on_with_the_next_start(
    control: Control, clock: Clock, home: Path
) -> None:
    record(control, 1, ENDED)
    control.record_last_outcomes()
    control.database.close()

    after = new_control(home, Listener(), clock)
    with closing(after.database):
        record(after, 2, ENDED)
        assert (rows(after), succeeded(after), succeeded(after, HOUR)) == (1, 602, 602)
        after.record_last_outcomes()
        assert (rows(after), succeeded(after), succeeded(after, HOUR)) == (1, 602, 602)


def test_many_caches_are_written_in_portions_and_told_once_meanwhile(
    control: Control, clock: Clock, transactions: list[bool]
) -> None:
    many = [Used(id).ending({5: 1}) for id in range(1, 3 * unwritten.METHODS + 2)]
    record(control, 1, *many)
    clock.now += MINUTE
    for written in (1, 2, 3, 4, 4):
        transactions.clear()
        control.record_outcomes(1)

        assert rows(control) == min(written * unwritten.METHODS, len(many))
        assert len(transactions) <= 1
        assert (succeeded(control), succeeded(control, HOUR)) == (1, 1)


def test_who_reads_while_a_portion_is_written_finds_it_once(control: Control, clock: Clock) -> None:
    record(control, 1, ENDED)
    clock.now += MINUTE
    with control.read() as tx:
        before = caches.find(tx, 1, "a")  # from here on, the database is as it is now
        control.record_outcomes(100)
        found = cache_history.show(tx, 1, before.name, NOON, None, MINUTE)

    expected = {"Get": Outcomes({5: 1, 9: 300}, {"too_large": 2})}
    assert found.methods() == show(control).methods() == expected


def test_what_a_transaction_undoes_is_not_told(control: Control) -> None:
    def fail() -> None:
        with control.begin() as tx:
            usage.record(tx, Batch("node", 1, [ENDED]))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert show(control).methods() == {}


def test_what_cannot_be_written_is_written_later(control: Control, clock: Clock) -> None:
    def no_space() -> None:
        raise StoreUnavailable("no space")

    record(control, 1, ENDED)
    clock.now += MINUTE
    need_space, control.need_space = control.need_space, no_space
    with pytest.raises(StoreUnavailable):
        control.record_outcomes(100)
    assert (rows(control), succeeded(control)) == (0, 301)

    control.need_space = need_space
    control.record_outcomes(100)
    assert (rows(control), succeeded(control)) == (1, 301)


def test_more_than_memory_may_hold_is_written_early_and_left_out_if_it_comes_at_once(
    control: Control,
) -> None:
    control.unwritten = Unwritten(most=4)
    record(control, 1, *(Used(id).ending({5: 1}) for id in range(1, 8)))
    control.record_outcomes(100)
    assert rows(control) == 4

    record(control, 2, Used(1).ending({5: 1}))
    control.record_outcomes(100)
    assert rows(control) == 4
    record(control, 3, Used(1).ending({5: 1}))
    assert succeeded(control) == 2 + 1


def test_the_oldest_hour_of_minutes_is_given_up_when_they_take_too_much(
    control: Control, clock: Clock
) -> None:
    minutes(control, clock, 150)
    few = MUCH | {MINUTE: 60 * (ROW_BYTES + 40)}
    for left in (90, 30, 30):
        with control.begin() as tx:
            retention.keep(tx, 10**9, 10**9, few)
            while retention.prune(tx, 25):
                pass
        assert rows(control) == left

    assert show(control).since == NOON + 2 * HOUR
    assert show(control, HOUR).since == NOON
    assert succeeded(control, HOUR) == 150 * 301
    with pytest.raises(InvalidArgument, match="a time that is kept"), control.read() as tx:
        cache_history.show(tx, 1, "a", NOON, NOON + HOUR, MINUTE)


def test_rows_are_not_read_from_the_moment_on_at_which_they_are_given_up(
    control: Control, clock: Clock
) -> None:
    minutes(control, clock, 90)
    with control.begin() as tx:
        retention.keep(tx, 10**9, 10**9, MUCH | {MINUTE: 1})
        assert retention.prune(tx, 10) == 10
        # No more is given up before these are deleted.
        retention.keep(tx, 10**9, 10**9, MUCH | {MINUTE: 1})

    assert (rows(control), show(control).since) == (80, NOON + HOUR)


def test_the_bytes_are_those_of_the_rows(control: Control, clock: Clock) -> None:
    minutes(control, clock, 130)
    with control.begin() as tx:
        retention.keep(tx, 10**9, 10**9, {MINUTE: 1, HOUR: 1})
        retention.prune(tx, 20)

    with control.read() as tx:
        for length, table in TABLES.items():
            sums = f"SELECT count(*), sum(length(outcomes)) FROM {table}"  # noqa: S608
            ((count, size),) = tx.db.rows(sums)
            ((known,),) = tx.db.rows(
                "SELECT bytes FROM outcomes_kept WHERE seconds = :length", length=length
            )
            assert known == size + count * ROW_BYTES


def test_a_portion_whose_commit_was_not_heard_of_is_counted_once(
    control: Control, clock: Clock
) -> None:
    record(control, 1, ENDED)
    clock.now += MINUTE
    (portion,) = control.unwritten.close_minutes(clock.now)
    with control.begin() as tx:
        outcome_rows.write(tx, portion)

    control.record_outcomes()
    assert (succeeded(control), succeeded(control, HOUR)) == (301, 301)
