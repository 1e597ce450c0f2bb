"""Batches of messages for webhooks as JSON, for the server that replaces this one."""

from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from attimo.control import webhook_queue


@dataclass(frozen=True, slots=True)
class Message:
    """A message; see `attimo.control.webhook_queue.Message`."""

    cache_id: int
    topic: str
    page: int
    number: int
    published_at: int
    publisher: str
    is_text: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """What was taken from a node; see `attimo.control.webhook_queue.Batch`."""

    messages: Sequence[Message]
    dropped: Sequence[tuple[int, str, int]]


def to_json(batch: webhook_queue.Batch) -> dict[str, Any]:
    """Return a batch as JSON values."""
    messages = [
        {
            "cache_id": each.cache_id,
            "topic": each.topic,
            "page": each.page,
            "number": each.number,
            "published_at": each.published_at,
            "publisher": each.publisher,
            "is_text": each.is_text,
            "value": b64encode(each.value).decode(),
        }
        for each in batch.messages
    ]
    return {"messages": messages, "dropped": [list(each) for each in batch.dropped]}


def of_json(written: dict[str, Any]) -> Batch:
    """Return the batch from the output of `to_json`.

    Raises:
        KeyError, TypeError, ValueError: It is not such output.
    """
    messages = [
        Message(**{**each, "value": b64decode(each["value"])}) for each in written["messages"]
    ]
    dropped = [(int(cache), str(topic), int(many)) for cache, topic, many in written["dropped"]]
    return Batch(messages, dropped)
