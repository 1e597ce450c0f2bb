"""A WebSocket on which a client talks to a cache's topics."""

import contextlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from conformance.stream_socket import StreamSocket


class Talk:
    """A WebSocket, and what is said on it."""

    def __init__(self, connection: ClientConnection | StreamSocket) -> None:
        self.connection = connection

    def say(self, **request: Any) -> None:
        """Send a request."""
        self.connection.send(json.dumps(request))

    def hear(self) -> dict[str, Any]:
        """The next message of the server."""
        found: dict[str, Any] = json.loads(self.connection.recv(timeout=20))
        return found

    def ask(self, **request: Any) -> dict[str, Any]:
        """Send a request; what is answered next."""
        self.say(**request)
        return self.hear()

    def texts(self, count: int) -> list[str]:
        """The next messages, which must be text."""
        return [self.hear()["item"]["value"]["text"] for _ in range(count)]

    def closed(self) -> tuple[int, str]:
        """Read until the server closes it: the code and the reason."""
        return self.rest()[1:]

    def rest(self) -> tuple[list[dict[str, Any]], int, str]:
        """The messages until the server closes it, the code and the reason."""
        heard = []
        with contextlib.suppress(ConnectionClosed):
            while True:
                heard.append(self.hear())
        assert self.connection.close_code is not None
        return heard, self.connection.close_code, self.connection.close_reason or ""


@contextmanager
def web_socket(
    url: str, cache: str, token: str, is_stream: bool = False, **options: Any
) -> Iterator[Talk]:
    """Open one at a server's URL as a page does: with the token in the query.

    Args:
        is_stream: Whether it is a stream of an HTTP/2 connection, not a connection of its own.
    """
    target = f"/topics/{cache}?{urlencode({'token': token})}"
    if is_stream:
        with contextlib.closing(StreamSocket(url, target, **options)) as stream:
            yield Talk(stream)
        return
    address = url.replace("http", "ws", 1) + target
    with connect(address, proxy=None, max_size=None, **options) as connection:
        yield Talk(connection)
