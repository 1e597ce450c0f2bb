"""A client that asks on one connection, so that its requests differ only where it says so."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, cast

from hpack import NeverIndexedHeaderTuple

from conformance.edge.connection import Headers, connect
from conformance.edge.http1 import http1, request

MANY = 30
"""More than it takes a server to see that a client repeats itself."""
Fields = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Answer:
    """All of an answer but for its date; the status 0 if the server ended the stream instead."""

    status: int
    body: bytes
    headers: Fields

    def header(self, name: str) -> str | None:
        """The value of a header."""
        return dict(self.headers).get(name)


class Ask(Protocol):
    """Asks on the connection; what is in `more` is sent behind the other headers, as it is."""

    def __call__(
        self, path: str, token: str, method: str = "GET", more: Fields = (), body: bytes = b""
    ) -> Answer: ...


@contextmanager
def by_http1(address: tuple[str, int]) -> Iterator[Ask]:
    """A connection of HTTP/1.1."""
    with http1(address) as client:

        def ask(
            path: str, token: str, method: str = "GET", more: Fields = (), body: bytes = b""
        ) -> Answer:
            fields = (("authorization", token), *more)
            if body:
                fields += (("content-length", str(len(body))),)
            lines = [f"{name}: {value}".encode() for name, value in fields]
            client.say(request(f"{method} {path}", *lines, body=body))
            reply = client.reply(head=method == "HEAD")
            return _answer(reply.status, reply.body, reply.headers)

        yield ask


@contextmanager
def by_http2(address: tuple[str, int]) -> Iterator[Ask]:
    """A connection of HTTP/2."""
    with connect(address, "", "") as connection:

        def ask(
            path: str, token: str, method: str = "GET", more: Fields = (), body: bytes = b""
        ) -> Answer:
            fields: Fields = ((":method", method), (":scheme", "http"), (":path", path))
            fields += ((":authority", "localhost"), ("authorization", token), *more)
            # What is in no table is sent again by the same bytes.
            headers = [NeverIndexedHeaderTuple(*field) for field in fields]
            stream = connection.open(cast("Headers", headers), end=not body)
            if body:
                connection.send(stream, body)
            answer = connection.answer(stream)
            told = tuple(field for field in answer.headers.items() if field[0] != ":status")
            return _answer(int(answer.headers.get(":status", 0)), answer.body, told)

        yield ask


def _answer(status: int, body: bytes, headers: Fields) -> Answer:
    return Answer(status, body, tuple(field for field in headers if field[0] != "date"))


WAYS = {"http1": by_http1, "http2": by_http2}
