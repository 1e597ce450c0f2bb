"""The body of a delivery, as Momento's webhooks have it."""

import json
from base64 import b64encode
from typing import Any, Protocol


class Message(Protocol):
    """A message; times in milliseconds since 1970."""

    @property
    def cache(self) -> str: ...  # noqa: D102
    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def number(self) -> int: ...  # noqa: D102
    @property
    def published_at(self) -> int: ...  # noqa: D102
    @property
    def taken_at(self) -> int: ...  # noqa: D102
    @property
    def publisher(self) -> str: ...  # noqa: D102
    @property
    def is_text(self) -> bool: ...  # noqa: D102
    @property
    def value(self) -> bytes: ...  # noqa: D102


def body(message: Message) -> bytes:
    """Return the body: the same bytes at each attempt.

    Momento's webhooks know text only; here, a message that is not text has `binary`, in base64,
    instead of `text`.
    """
    event: dict[str, Any] = {
        "cache": message.cache,
        "topic": message.topic,
        "event_timestamp": message.taken_at,
        "publish_timestamp": message.published_at,
        "topic_sequence_number": message.number,
        "token_id": message.publisher,
    }
    if message.is_text:
        event["text"] = message.value.decode()
    else:
        event["binary"] = b64encode(message.value).decode()
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
