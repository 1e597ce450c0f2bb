"""Messages for webhooks are taken from the node and stored, whatever happens meanwhile."""

from collections.abc import Sequence
from typing import Any

import pytest

from attimo.control import webhook_queue
from attimo.errors import StoreUnavailable
from attimo.node.intake import Intake
from attimo.node.message_batches import Batch, Message


def of(value: bytes, number: int) -> Message:
    return Message(1, "orders", 1, number, 0, "", True, value)


def test_messages_wait_for_a_database_that_cannot_be_written() -> None:
    batches = [Batch([of(value, at)], []) for at, value in enumerate((b"one", b"two"))]
    failures = [StoreUnavailable("full"), None, None]
    stored: list[Sequence[Message]] = []

    def record(batch: Any) -> None:
        if failure := failures.pop(0):
            raise failure
        stored.append(batch.messages)

    intake = Intake(lambda _: batches.pop(0) if batches else None, record)

    assert not intake.collect(0)
    assert intake.finish()
    assert [each.value for messages in stored for each in messages] == [b"one", b"two"]


def test_the_last_messages_are_stored_though_others_come_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("attimo.node.intake.FINISH_SECONDS", 0.0)
    stored: list[webhook_queue.Batch] = []
    intake = Intake(lambda _: Batch([], []), stored.append)

    assert intake.finish()
    assert len(stored) == 1


def test_dropped_messages_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    batches = [Batch([], [(1, "orders", count)]) for count in (2, 3, 5)]
    intake = Intake(lambda _: batches.pop(0) if batches else None, lambda _: None)

    assert intake.finish()
    assert [record.getMessage().split()[0] for record in caplog.records] == ["2"]
