"""Whether a server says that it is ready."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from attimo.control import Control, caches
from attimo.control.usage import Batch
from attimo.errors import CacheExists, StoreUnavailable
from attimo.node.collector import Collector
from attimo.node.events import Events
from attimo.serve.readiness import Readiness
from fakes import Batch as Counted


@pytest.fixture
def node_told() -> list[Any]:
    return []


def test_a_server_is_ready_when_the_app_answers_and_the_database_can_be_written(
    node_told: list[str],
) -> None:
    readiness = Readiness(node_told.append)

    readiness.wrote(True)
    readiness.started()
    readiness.wrote(False)
    readiness.wrote(False)
    readiness.wrote(True)

    assert node_told == ["ready", "read-only", "ready"]


def test_a_database_that_fails_during_the_start_is_told_after_it(node_told: list[str]) -> None:
    readiness = Readiness(node_told.append)

    readiness.wrote(False)
    readiness.started()

    assert node_told == ["starting", "read-only"]


def test_only_trouble_with_the_database_counts(control: Control, node_told: list[bool]) -> None:
    control.on_write = node_told.append
    with control.begin() as tx:
        caches.create(tx, 1, "sessions")
    with pytest.raises(CacheExists), control.begin() as tx:
        caches.create(tx, 1, "sessions")
    with pytest.raises(StoreUnavailable), control.begin() as tx:
        raise StoreUnavailable("the disk is full")

    assert node_told == [True, False]


def test_a_read_only_server_looks_whether_it_can_write_again(
    control: Control, node_told: list[str]
) -> None:
    readiness = Readiness(node_told.append)
    control.on_write = readiness.wrote
    readiness.started()
    readiness.look(control)
    assert node_told == ["ready"]

    readiness.wrote(False)
    with control.database.read() as connection:
        before = connection.scalar("SELECT revision FROM directory")
    readiness.look(control)

    assert node_told == ["ready", "read-only", "ready"]
    with control.database.read() as connection:
        assert connection.scalar("SELECT revision FROM directory") == before


def test_the_node_hears_of_each_batch_whether_it_is_in_the_ledger(node_told: list[Any]) -> None:
    waiting: list[Batch] = [Counted("node", 1, [])]
    full = [True]

    def record(_: Batch) -> None:
        if full:
            full.pop()
            raise StoreUnavailable("the disk is full")

    collector = Collector(
        lambda: waiting.pop() if waiting else None,
        record,
        5,
        on_recorded=node_told.append,
        on_turn=lambda: node_told.append("turn"),
    )
    for _ in range(3):
        collector.collect()

    assert node_told == [False, True, "turn", "turn"]


@dataclass(frozen=True)
class Happened:
    """An event of a node."""

    level: str
    message: str


def test_events_of_the_node_are_lines_of_the_log_until_there_are_no_more(
    caplog: pytest.LogCaptureFixture,
) -> None:
    happened = iter([Happened("warning", "100% odd"), Happened("error", "a mistake"), None])
    events = Events(lambda: next(happened))

    events.start()
    events.wait()

    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert told == [("WARNING", "100% odd"), ("ERROR", "a mistake")]


@pytest.mark.sqlite
def test_a_database_that_was_removed_is_noticed_while_nobody_writes(
    control: Control, home: Path, node_told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    readiness = Readiness(node_told.append)
    control.on_write = readiness.wrote
    readiness.started()
    away = home.rename(home.with_name(f"{home.name}-away"))

    readiness.look(control)
    readiness.look(control)
    with pytest.raises(StoreUnavailable), control.begin():
        pass
    assert node_told == ["ready", "read-only"]
    assert "was removed or replaced while the server runs" in caplog.text

    away.rename(home)
    readiness.look(control)
    assert node_told == ["ready", "read-only", "ready"]
