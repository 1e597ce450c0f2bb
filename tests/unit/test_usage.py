"""The ledger and its sums."""

import pytest

import ledger_sums
from attimo.control import Control, api_keys, caches, usage
from attimo.control.totals import Totals
from fakes import NOON, Batch, Clock, Used
from ledger_sums import By, Of


def record(control: Control, number: int, *used: Used, node: str = "node-1") -> bool:
    with control.begin() as tx:
        return usage.record(tx, Batch(node, number, list(used))) is not None


def total(control: Control, of: Of | None = None) -> Totals:
    with control.read() as tx:
        return ledger_sums.total(tx, of)


def test_every_count_of_a_batch_is_kept(control: Control) -> None:
    used = Used(7, "key", "Get", 10, 1, 6, 3, 100, 200, 11, 12, 13)

    assert record(control, 1, used)

    assert total(control) == Totals(10, 1, 6, 3, 100, 200, 11, 12, 13)


def test_a_batch_that_comes_again_is_not_counted_again(control: Control, clock: Clock) -> None:
    assert record(control, 1, Used(requests=5))
    clock.now += 3600
    assert not record(control, 1, Used(requests=5))

    assert total(control).requests == 5


def test_batches_of_two_nodes_are_two(control: Control) -> None:
    assert record(control, 1, Used(), node="node-1")
    assert record(control, 1, Used(), node="node-2")

    assert total(control).requests == 2


def test_counts_of_one_minute_are_added_up_in_one_row(control: Control, clock: Clock) -> None:
    for number in (1, 2, 3):
        clock.now = NOON + number
        record(control, number, Used(requests=1, bytes_in=10))

    with control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM usage_minutes") == 1
    assert total(control) == Totals(requests=3, bytes_in=30)


def test_an_empty_batch_counts_nothing_and_is_known(control: Control) -> None:
    assert record(control, 1)
    assert not record(control, 1)
    assert total(control) == Totals()


@pytest.mark.parametrize(
    ("by", "sums"),
    [
        (By.CACHE, {1: 3, 2: 4}),
        (By.KEY, {"a": 1, "b": 6}),
        (By.API, {"Get": 5, "Set": 2}),
        (By.MINUTE, {NOON: 7}),
    ],
)
def test_sums_are_told_apart(control: Control, by: By, sums: dict[int | str, int]) -> None:
    record(
        control,
        1,
        Used(1, "a", "Get", 1),
        Used(1, "b", "Set", 2),
        Used(2, "b", "Get", 4),
    )

    with control.read() as tx:
        found = ledger_sums.totals(tx, by)

    assert {name: totals.requests for name, totals in found.items()} == sums


@pytest.mark.parametrize(
    ("of", "requests"),
    [
        (Of(since=NOON), 7),
        (Of(since=NOON + 60), 0),
        (Of(until=NOON), 0),
        (Of(until=NOON + 60), 7),
    ],
)
def test_sums_can_be_narrowed(control: Control, of: Of, requests: int) -> None:
    record(
        control,
        1,
        Used(1, "a", "Get", 1),
        Used(1, "b", "Set", 2),
        Used(2, "b", "Get", 4),
    )

    assert total(control, of).requests == requests


def test_a_window_is_made_of_whole_minutes(control: Control, clock: Clock) -> None:
    clock.now = NOON + 59
    record(control, 1, Used(requests=1))
    clock.now = NOON + 60
    record(control, 2, Used(requests=2))

    assert total(control, Of(since=NOON + 30, until=NOON + 60)).requests == 1
    assert total(control, Of(since=NOON + 60)).requests == 2


def test_an_account_has_what_its_caches_and_its_keys_were_used_for(control: Control) -> None:
    with control.begin() as tx:
        mine, theirs = caches.create(tx, 1, "a"), caches.create(tx, 2, "a")
        my_key = api_keys.create(tx, 1).key
    record(
        control,
        1,
        Used(mine.id, my_key.id, requests=1),
        Used(0, my_key.id, requests=2),
        Used(mine.id, "local", requests=4),
        Used(theirs.id, "local", requests=8),
    )

    assert total(control, Of(account_id=1)).requests == 7
    assert total(control, Of(account_id=2)).requests == 8


def test_what_a_deleted_cache_used_stays_in_the_ledger(control: Control) -> None:
    with control.begin() as tx:
        cache = caches.create(tx, 1, "a")
    record(control, 1, Used(cache.id))
    with control.begin() as tx:
        caches.delete(tx, 1, "a")

    assert total(control, Of(account_id=1)).requests == 1
