"""What a subscriber of a topic receives: messages, and which ones it has missed."""

from collections.abc import Iterator
from typing import Any

from attimo.cli.retrying import Retrying
from attimo.cli.topic_client import Position, TopicClient, value

FIRST = Position(1)
"""The first message that a topic keeps."""


def events(client: TopicClient, topic: str, at: Position) -> Iterator[dict[str, Any]]:
    """Messages from a position on, and gaps, without end; see `topic.EVENTS` for their fields.

    Whatever the server does not keep of the messages after one that was received is a gap.
    """
    ask = Retrying()
    ask(client.connect)
    # What is before the first message was not missed.
    is_known = at.page != 0
    while True:
        items = ask(lambda: client.poll(topic, at))  # noqa: B023
        for item in items:
            if "item" in item:
                yield _message(item["item"])
                at = Position(
                    item["item"]["topic_sequence_number"] + 1, item["item"]["sequence_page"]
                )
            else:
                gap = item["discontinuity"]
                if is_known:
                    yield _gap(gap, at.page)
                at = Position(gap["new_topic_sequence"], gap["new_sequence_page"])
        is_known = is_known or at.number > 0
        if at.number == 0:
            # The topic keeps no message, so the next ones are all that it will keep. Asking for the
            # newest again would skip those that come in between but one.
            at = FIRST


def _message(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "event": "message",
        "number": item["topic_sequence_number"],
        "page": item["sequence_page"],
        "value": value(item),
        "publisher": item.get("publisher_id"),
        "after": None,
    }


def _gap(gap: dict[str, Any], page: int) -> dict[str, Any]:
    return {
        "event": "gap",
        "number": gap["new_topic_sequence"],
        "page": gap["new_sequence_page"],
        "value": None,
        "publisher": None,
        "after": gap["last_topic_sequence"],
        "is_new_page": page not in (0, gap["new_sequence_page"]),
    }
