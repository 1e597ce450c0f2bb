"""How requests ended, on PostgreSQL: written in portions, read back, and the oldest given up."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from attimo.control import Control, accounts, cache_history, caches, retention, unwritten, usage
from attimo.control.ledger_tables import HOUR, MINUTE
from attimo.control.outcomes import Outcomes
from attimo.store.postgresql import open_server
from fakes import NOON, Batch, Clock, Used
from faults.watching import client, succeeded, write
from harness import Server
from postgresql_server import address


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def control(url: str, clock: Clock) -> Iterator[Control]:
    with closing(open_server(address(url))) as database:
        control = Control(database, lambda _: None, clock)
        with control.begin() as tx:
            account_id = accounts.create(tx, "one").id
            assert caches.create(tx, account_id, "a").id == account_id == 1
        yield control


def record(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        usage.record(tx, Batch("node", number, list(used)))


def methods(control: Control, step: int) -> dict[str, Outcomes]:
    with control.read() as tx:
        return cache_history.show(tx, 1, "a", NOON, None, step).methods()


def test_portions_are_told_once_before_they_are_written_and_after(
    control: Control, clock: Clock
) -> None:
    ended = Used(1).ending({5: 1, 90: 300}, too_large=2)
    others = [Used(id).ending({5: 1}) for id in range(2, unwritten.METHODS + 2)]
    record(control, 1, ended, *others)
    clock.now += MINUTE
    record(control, 2, ended)
    expected = {"Get": Outcomes({5: 2, 90: 600}, {"too_large": 4})}
    for _ in range(4):
        assert methods(control, MINUTE) == methods(control, HOUR) == expected
        control.record_outcomes(1)
        clock.now += MINUTE // 2

    clock.now = NOON + MINUTE
    with control.read() as tx:
        assert cache_history.latencies(tx, 1, ["a"]).keys() == {"a"}


def test_the_oldest_hour_is_given_up_when_minutes_take_too_much(
    control: Control, clock: Clock
) -> None:
    for number in range(90):
        record(control, number, Used(1).ending({5: 1}))
        clock.now += MINUTE
    control.record_last_outcomes()
    with control.begin() as tx:
        retention.keep(tx, 10**9, 10**9, {MINUTE: 1, HOUR: 10**9})
        assert [retention.prune(tx, 50) for _ in range(3)] == [50, 10, 0]

    with control.read() as tx:
        assert cache_history.show(tx, 1, "a", NOON, None, MINUTE).since == NOON + HOUR
    assert methods(control, HOUR) == {"Get": Outcomes({5: 90})}


def test_a_server_tells_after_its_restart_what_was_before(url: str) -> None:
    with Server("--database", url, "--collect-seconds", "3600") as server:
        with client(server) as http:
            for number in range(50):
                write(http, f"k{number}")
        for _ in range(2):
            server.stop()
            server.start()

        assert succeeded(server) == {"Set": 50}
