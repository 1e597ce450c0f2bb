"""Topics of one cache, over HTTP: messages are published, and waited for in long polls."""

import base64
import os
from typing import Any, NamedTuple
from urllib.parse import quote

from attimo.cli.base_client import BaseClient, cache_part, checked
from attimo.errors import InvalidArgument

ANSWER_SECONDS = 40
"""How long an answer may take: a server waits 30 seconds for a message, and then says so."""

LONGEST_NAME = 1_024
"""Of a topic, in bytes; a server says so only if the name still fits into the head of a request."""

BINARY = {"Content-Type": "application/octet-stream"}


class Position(NamedTuple):
    """Where a subscriber is in a topic.

    Attributes:
        number: That of the message that it wants next; 0 for the newest that the topic keeps.
        page: What the number belongs to; 0 if it is not known.
    """

    number: int = 0
    page: int = 0


class TopicClient:
    """The topics of one cache of one server."""

    def __init__(self, client: BaseClient, cache: str) -> None:
        """Create a client.

        Raises:
            InvalidName: No cache has such a name.
        """
        self._client = client
        self._path = f"/topics/{cache_part(cache)}"
        self._listed = f"/cache/{cache_part(cache)}/topics"

    def connect(self) -> None:
        """Connect to the server, so that one that is not there is known at once.

        Raises:
            Unreachable: It is not there.
        """
        self._client.connect()

    def publish(self, topic: str, message: bytes, is_binary: bool) -> None:
        """Publish a message: as bytes, or as text if it is UTF-8.

        Raises:
            InvalidArgument: The topic's name is too long.
        """
        headers = BINARY if is_binary else None
        checked(self._client.send("POST", self._of(topic), None, message, headers))

    def poll(self, topic: str, at: Position) -> list[dict[str, Any]]:
        """Wait for messages from a position on; return none if none came in half a minute.

        Raises:
            InvalidArgument: The topic's name is too long.
        """
        query = {"sequence_number": at.number, "sequence_page": at.page}
        found: list[dict[str, Any]] = self._client.ask("GET", self._of(topic), query).json()[
            "items"
        ]
        return found

    def topics(
        self, prefix: str, most: int, token: str | None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of at most `most` topics with a prefix, and the token of the next page."""
        query = {"prefix": prefix, "limit": str(most)}
        query |= {} if token is None else {"next_token": token}
        found = self._client.ask("GET", self._listed, query).json()
        return found["topics"], found.get("next_token")

    def _of(self, topic: str) -> str:
        name = os.fsencode(topic)
        if len(name) > LONGEST_NAME:
            raise InvalidArgument(
                f"The topic's name has {len(name):,} bytes; at most {LONGEST_NAME:,} are allowed"
            )
        return f"{self._path}/{quote(name, safe='')}"


def value(item: dict[str, Any]) -> bytes:
    """The message of an item."""
    told = item["value"]
    return told["text"].encode() if "text" in told else base64.b64decode(told["binary"])
