"""One POST request, to an address that was checked, with a limit for all of it together.

It follows no redirect, keeps no cookie, and uses no proxy: each could lead to another address than
the one that was checked.
"""

import asyncio
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import h11
from certifi import where

from attimo import __version__
from attimo.webhooks.addresses import Guard, RefusedAddressError

SECONDS = 5.0
"""For a whole attempt: name look-up, connection, TLS, request and answer."""
CONNECT_SECONDS = 2.0
"""For one of several addresses."""
CLOSE_SECONDS = 1.0
"""For the end of TLS, after the answer."""
MOST_HEAD_BYTES = 16 << 10
"""Of the head of an answer."""
MOST_BYTES = 64 << 10
"""Of all that a receiver sends. The body is read so that the receiver sees an orderly end, and not
used."""
BODY_SECONDS = 1.0
"""For the body: the status says what became of the message."""
_READ_BYTES = 16 << 10
_PORTS = {"http": 80, "https": 443}
USER_AGENT = f"Attimo/{__version__} (webhooks)"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Returns the addresses of a host."""


class NoAnswerError(Exception):
    """There was no answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a receiver.

    Attributes:
        status: Its HTTP status.
        retry_after: How many seconds it asks to wait; None if it does not.
    """

    status: int
    retry_after: float | None = None


async def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the resolver of the system.

    Each look-up has a thread of its own: a name that nobody answers for takes many seconds, which
    must delay neither other look-ups, as in a pool of threads, nor the end of the process.

    Raises:
        OSError: The resolver found none.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def run() -> None:
        try:
            answer: list[str] | OSError | UnicodeError = _addresses(host, port)
        except (OSError, UnicodeError) as error:
            answer = error
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(settle, answer)

    def settle(answer: list[str] | OSError | UnicodeError) -> None:
        if found.cancelled():  # it took too long
            return
        if isinstance(answer, list):
            found.set_result(answer)
        else:
            found.set_exception(answer)

    threading.Thread(target=run, name="webhook-name", daemon=True).start()
    return await found


def _addresses(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, proto=socket.IPPROTO_TCP)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class Poster:
    """Sends requests.

    Attributes:
        guard: What it may connect to.
        resolve: Looks up names.
        seconds: The time limit of a request.
        now: The seconds since 1970, for dates in `retry-after`.
    """

    guard: Guard
    now: Callable[[], float]
    resolve: Resolve = field(default=look_up)
    seconds: float = SECONDS

    async def post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send a request and return the answer.

        Raises:
            NoAnswerError: There was none in time, or the URL leads where it must not.
        """
        try:
            async with asyncio.timeout(self.seconds):
                answer, exchange = await self._post(url, headers, body)
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self.seconds:g} s") from error
        except RefusedAddressError as error:
            raise NoAnswerError(str(error)) from error
        except ssl.SSLError as error:
            raise NoAnswerError(f"TLS failed: {error.reason or error}") from error
        except h11.RemoteProtocolError as error:
            # Not in the words of the parser, which quote whatever answers there.
            raise NoAnswerError("the answer is not HTTP/1.1") from error
        except (OSError, UnicodeError) as error:
            raise NoAnswerError(f"no connection: {error}") from error
        await exchange.end()
        return answer

    async def _post(
        self, url: str, headers: Mapping[str, str], body: bytes
    ) -> "tuple[Answer, _Exchange]":
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = self.guard.check(host, await self.resolve(host, port), port)
        reader, writer = await self._connect(addresses, host, port, parts.scheme == "https")
        exchange = _Exchange(reader, writer)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            writer.write(_request(exchange.connection, path, parts.netloc, headers, body))
            head = await exchange.head()
        except BaseException:
            # A receiver that reads nothing would keep the socket, and what waits to be sent.
            writer.transport.abort()
            raise
        return Answer(head.status_code, self._retry_after(head)), exchange

    async def _connect(
        self, addresses: Sequence[str], host: str, port: int, is_tls: bool
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to the first address that answers: exactly to those that were checked."""
        named: dict[str, Any] = {}
        if is_tls:
            named = {"ssl": _tls(), "server_hostname": host, "ssl_shutdown_timeout": CLOSE_SECONDS}
        last: Exception = OSError("no address")
        for each in addresses:
            opened = asyncio.open_connection(each, port, **named)
            try:
                return await asyncio.wait_for(opened, CONNECT_SECONDS)
            except ssl.SSLError:
                raise
            except (OSError, TimeoutError) as error:
                last = error if str(error) else OSError(f"{each} does not answer")
        raise last

    def _retry_after(self, response: h11.Response) -> float | None:
        """The pause that a receiver asks for: seconds or a date (RFC 9110, section 10.2.3)."""
        for name, value in response.headers:
            if name == b"retry-after":
                text = value.decode("latin-1")
                if text.isascii() and text.isdecimal():
                    return float(text)
                with suppress(ValueError, OverflowError):
                    date = parsedate_to_datetime(text)
                    # Dates of HTTP are in GMT, also in the form that does not say so.
                    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
                    return max(0.0, moment.timestamp() - self.now())
        return None


@dataclass(slots=True)
class _Exchange:
    """A request on its connection, and the answer to it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    connection: h11.Connection = field(
        default_factory=lambda: h11.Connection(
            h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES
        )
    )
    size: int = 0

    async def head(self) -> h11.Response:
        """Read until the head of the final answer.

        Raises:
            NoAnswerError: There is none.
        """
        while event := await self._next():
            if isinstance(event, h11.Response):
                return event
        raise NoAnswerError("the receiver closed the connection without an answer")

    async def end(self) -> None:
        """Read the body, or the beginning of a long one, and close the connection."""
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while isinstance(await self._next(), h11.Data):
                    pass
        except (TimeoutError, OSError, h11.RemoteProtocolError):
            pass  # the status says what became of the message
        finally:
            if self.connection.their_state is h11.DONE:
                self.writer.close()
            else:
                self.writer.transport.abort()

    async def _next(self) -> h11.Event | None:
        """The next part of the answer; None at its end, or if the receiver sends too much."""
        while self.size < MOST_BYTES:
            event = self.connection.next_event()
            if isinstance(event, h11.Event):
                return None if isinstance(event, h11.EndOfMessage) else event
            if event is not h11.NEED_DATA:
                return None
            data = await self.reader.read(_READ_BYTES)
            if not data and self.connection.their_state is h11.SEND_RESPONSE:
                return None
            self.size += len(data)
            self.connection.receive_data(data)
        return None


def _request(
    connection: h11.Connection, path: str, host: str, headers: Mapping[str, str], body: bytes
) -> bytes:
    of_all = {
        "host": host,
        "user-agent": USER_AGENT,
        "content-type": "application/json",
        "content-length": str(len(body)),
        "connection": "close",
    }
    fields = list((of_all | dict(headers)).items())
    request = h11.Request(method="POST", target=path, headers=fields)
    sent = (connection.send(each) for each in (request, h11.Data(body), h11.EndOfMessage()))
    return b"".join(each or b"" for each in sent)


@cache
def _tls() -> ssl.SSLContext:
    """The authorities of the system, and those that Mozilla trusts: an image may have none."""
    context = ssl.create_default_context()
    context.load_verify_locations(where())
    return context
