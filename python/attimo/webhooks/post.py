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
MOST_BODY_BYTES = 64 << 10
"""Of its body, which is read so that the receiver sees an orderly end, and not used."""
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
                return await self._post(url, headers, body)
        except TimeoutError as error:
            raise NoAnswerError(f"no answer within {self.seconds:g} s") from error
        except RefusedAddressError as error:
            raise NoAnswerError(str(error)) from error
        except ssl.SSLError as error:
            raise NoAnswerError(f"TLS failed: {error.reason or error}") from error
        except h11.RemoteProtocolError as error:
            raise NoAnswerError(f"the answer is not HTTP/1.1: {error}") from error
        except (OSError, UnicodeError) as error:
            raise NoAnswerError(f"no connection: {error}") from error

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        addresses = self.guard.check(host, await self.resolve(host, port))
        reader, writer = await self._connect(addresses, host, port, parts.scheme == "https")
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD_BYTES)
            writer.write(_request(connection, path, parts.netloc, headers, body))
            return await self._answer(connection, reader)
        finally:
            writer.close()

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

    async def _answer(self, connection: h11.Connection, reader: asyncio.StreamReader) -> Answer:
        answer, size = None, 0
        while size < MOST_BODY_BYTES:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                data = await reader.read(_READ_BYTES)
                if not data and answer is None:
                    break
                connection.receive_data(data)
            elif isinstance(event, h11.Response):
                answer = Answer(event.status_code, self._retry_after(event))
            elif isinstance(event, h11.Data):
                size += len(event.data)
            elif not isinstance(event, h11.InformationalResponse):
                break
        if answer is None:
            raise NoAnswerError("the receiver closed the connection without an answer")
        return answer

    def _retry_after(self, response: h11.Response) -> float | None:
        """The pause that a receiver asks for: seconds or a date (RFC 9110, section 10.2.3)."""
        for name, value in response.headers:
            if name == b"retry-after":
                text = value.decode("latin-1")
                if text.isascii() and text.isdecimal():
                    return float(text)
                with suppress(ValueError):
                    return max(0.0, parsedate_to_datetime(text).timestamp() - self.now())
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
