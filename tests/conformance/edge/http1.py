"""HTTP/1.1 by hand: requests as bytes, answers read as strictly as the RFC lets us."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BufferedReader

PATIENCE_SECONDS = 20
STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9]) [\t\x20-\x7e]*\r\n")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t\x20-\x7e]*?)[ \t]*\r\n")

LAST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
"""A good request that asks the server to hang up, so that nobody has to wait for it."""


@dataclass(frozen=True)
class Reply:
    """One answer. Header names are in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""

    def header(self, name: str) -> str | None:
        """The value of a header that there is at most once."""
        values = [value for known, value in self.headers if known == name]
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    @property
    def closes(self) -> bool:
        """Whether it says that the server hangs up after it."""
        return (self.header("connection") or "").lower() == "close"


class Http1:
    """One connection on which anything may be said."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._stream: BufferedReader = connection.makefile("rb")

    def say(self, data: bytes) -> None:
        """Send; a server that has hung up hears no more, which is for `reply` to find out."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return

    def finish(self) -> None:
        """Say that no more will be said."""
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def reply(self, head: bool = False) -> Reply:
        """The next answer, whole; `head` if it is one to HEAD, which has no body.

        Raises:
            ConnectionError: The server hung up instead.
            TimeoutError: It says nothing.
        """
        status_line = self._line()
        found = STATUS_LINE.fullmatch(status_line)
        assert found, f"no status line: {status_line!r}"
        status = int(found[1])
        headers = tuple(self._headers())
        bare = Reply(status, headers)
        length, coding = bare.header("content-length"), bare.header("transfer-encoding")
        assert length is None or coding is None, "two ways to tell the length"
        if status < 200 or status == 204:
            assert length is None, f"a {status} has no length"
            assert coding is None, f"a {status} has no coding"
            return bare
        if head or status == 304:
            return bare
        if coding is not None:
            assert coding == "chunked"
            return Reply(status, headers, b"".join(self._chunks()))
        assert length is not None, "nothing tells the length"
        return Reply(status, headers, self._exactly(int(length)))

    def replies(self) -> list[Reply]:
        """All answers until the server hangs up."""
        found = []
        while self._stream_goes_on():
            found.append(self.reply())
        return found

    def _stream_goes_on(self) -> bool:
        try:
            return self._stream.peek(1) != b""
        except ConnectionResetError:
            return False

    def _headers(self) -> Iterator[tuple[str, str]]:
        while (line := self._line()) != b"\r\n":
            found = HEADER_LINE.fullmatch(line)
            assert found, f"no header line: {line!r}"
            yield found[1].decode().lower(), found[2].decode()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self._line(), 16):
            yield self._exactly(size)
            assert self._line() == b"\r\n"
        assert self._line() == b"\r\n"

    def _line(self) -> bytes:
        line = self._stream.readline(1 << 16)
        if not line.endswith(b"\n"):
            raise ConnectionError(f"the server has hung up after {line!r}")
        return line

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size)
        if len(data) != size:
            raise ConnectionError(f"the server has hung up after {len(data)} bytes of {size}")
        return data


@contextmanager
def http1(address: tuple[str, int]) -> Iterator[Http1]:
    """A new connection, hung up at the end."""
    with socket.create_connection(address, PATIENCE_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client = Http1(connection)
        with client._stream:
            yield client


def request(line: str, *headers: bytes, body: bytes = b"") -> bytes:
    """A request of HTTP/1.1 with a host, these headers as they are, and this body as it is."""
    lines = [f"{line} HTTP/1.1".encode(), b"Host: localhost", *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def chunked(*parts: bytes) -> bytes:
    """A body in these chunks."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
