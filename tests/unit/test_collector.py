"""Usage goes from the node into the ledger, once, in order, whatever the disk does."""

import logging
import threading
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import pytest

from attimo.control.totals import Totals
from attimo.control.usage import Used
from attimo.errors import StoreUnavailable
from attimo.node import batches
from attimo.node.batches import Batch
from attimo.node.collector import LONGEST_BACKOFF, Collector


@dataclass
class Counted:
    """A batch as a node hands it over."""

    number: int
    node: str = "node-1"
    used: list[Used] = field(default_factory=list)


@dataclass
class Meter:
    """A node that has as many batches as it is told."""

    batches: int
    taken: int = 0

    def take(self) -> Counted | None:
        if self.taken == self.batches:
            return None
        self.taken += 1
        return Counted(self.taken)


@dataclass
class Ledger:
    """A ledger whose disk can be full."""

    full: bool = False
    numbers: list[int] = field(default_factory=list)

    def record(self, batch: Counted) -> None:
        if self.full:
            raise StoreUnavailable("the disk is full")
        self.numbers.append(batch.number)


def collector(meter: Meter, ledger: Ledger) -> Collector:
    return Collector(meter.take, ledger.record, every_seconds=5)  # type: ignore[arg-type]


def test_what_was_taken_is_recorded() -> None:
    ledger = Ledger()

    assert collector(Meter(1), ledger).collect()
    assert ledger.numbers == [1]


def test_nothing_is_recorded_when_nothing_was_counted() -> None:
    ledger = Ledger()

    assert not collector(Meter(0), ledger).collect()
    assert ledger.numbers == []


def test_a_batch_that_could_not_be_recorded_is_kept_and_comes_first() -> None:
    meter, ledger = Meter(2), Ledger(full=True)
    collecting = collector(meter, ledger)
    collecting.collect()
    collecting.collect()
    assert meter.taken == 1

    ledger.full = False
    collecting.collect()
    collecting.collect()

    assert ledger.numbers == [1, 2]


def test_tries_come_less_often_while_they_fail_and_as_before_afterwards() -> None:
    ledger = Ledger(full=True)
    collecting = collector(Meter(1), ledger)
    pauses = []
    for _ in range(6):
        pauses.append(collecting.pause_seconds)
        collecting.collect()
    assert pauses == [5, 10, 20, 40, 40, 40]
    assert max(pauses) == 5 * LONGEST_BACKOFF

    ledger.full = False
    collecting.collect()

    assert collecting.pause_seconds == 5


def test_an_episode_is_logged_once_at_its_start_and_once_at_its_end(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger = Ledger(full=True)
    collecting = collector(Meter(1), ledger)
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            collecting.collect()
        ledger.full = False
        collecting.collect()

    first, last = caplog.messages
    assert "the disk is full" in first
    assert "recorded again, after 3 failures" in last


def test_what_follows_usage_may_fail_and_each_batch_is_recorded_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    ledger, turns = Ledger(), list[int]()

    def turn() -> None:
        turns.append(len(ledger.numbers))
        raise StoreUnavailable("the disk is short")

    recorded: list[bool] = []
    collecting = collector(Meter(2), ledger)
    collecting.on_turn, collecting.on_recorded = turn, recorded.append

    found = [collecting.collect() for _ in range(4)]

    assert found == [True, True, False, False]
    assert (ledger.numbers, recorded, turns) == ([1, 2], [True, True], [1, 2, 2, 2])
    assert collecting.pause_seconds == 5
    (told,) = caplog.messages
    assert "the disk is short" in told


def test_the_thread_goes_on_when_what_follows_usage_fails_without_any_usage() -> None:
    again = threading.Event()
    failed: list[None] = []

    def turn() -> None:
        if failed:
            again.set()
        failed.append(None)
        raise StoreUnavailable("the disk is short")

    collecting = Collector(Meter(0).take, Ledger().record, every_seconds=0.01, on_turn=turn)  # type: ignore[arg-type]
    collecting.start()

    assert again.wait(30)
    collecting.stop()


def test_the_thread_goes_on_when_the_node_or_a_store_fails() -> None:
    again = threading.Event()
    failed: list[None] = []

    def take() -> None:
        if failed:
            again.set()
            return
        failed.append(None)
        raise OSError("not now")

    collecting = Collector(take, Ledger().record, every_seconds=0.01)  # type: ignore[arg-type]
    collecting.start()

    assert again.wait(30)
    collecting.stop()


def test_the_end_records_all_that_is_left() -> None:
    ledger = Ledger()
    collecting = collector(Meter(3), ledger)
    collecting.start()

    collecting.stop()

    assert ledger.numbers == [1, 2, 3]


def test_what_is_lost_at_the_end_is_said(caplog: pytest.LogCaptureFixture) -> None:
    collecting = collector(Meter(1), Ledger(full=True))

    collecting.stop()

    assert "is lost" in caplog.messages[-1]


@dataclass
class Reserve:
    """Where batches survive the end of a server."""

    batches: list[Any] = field(default_factory=list)

    def read(self) -> list[Any]:
        return list(self.batches)

    def add(self, batch: Any) -> bool:
        self.batches.append(batch)
        return True

    def clear(self) -> None:
        self.batches.clear()


def test_what_cannot_be_recorded_at_the_end_is_recorded_by_the_next_server() -> None:
    reserve, ledger = Reserve(), Ledger(full=True)

    def one_life(batches: int) -> None:
        collecting = collector(Meter(batches), ledger)
        collecting.kept = reserve
        collecting.start()
        collecting.stop()

    one_life(2)
    assert [batch.number for batch in reserve.batches] == [1, 2]
    one_life(1)
    assert [batch.number for batch in reserve.batches] == [1, 2, 1]

    ledger.full = False
    one_life(0)
    assert ledger.numbers == [1, 2, 1]
    assert reserve.batches == []


def test_a_batch_has_the_moment_at_which_it_was_taken_also_when_it_is_recorded_later() -> None:
    moments: list[int | None] = []
    ledger, now = Ledger(full=True), [100]

    def record(batch: Batch) -> None:
        ledger.record(batch)  # type: ignore[arg-type]
        moments.append(batch.taken_at)

    collecting = Collector(Meter(2).take, record, every_seconds=5, clock=lambda: now[0])
    collecting.collect()
    ledger.full, now[0] = False, 200
    collecting.collect()
    collecting.collect()

    assert moments == [100, 200]


def test_a_batch_is_the_same_from_json_and_one_of_an_earlier_version_has_no_moment() -> None:
    batch = Batch("node", 3, [batches.Used(1, "key", "Get", asdict(Totals(requests=2)))], 100)
    written = batches.to_json(batch)

    assert batches.of_json(written) == batch
    del written["taken_at"]
    assert batches.of_json(written) == replace(batch, taken_at=None)
