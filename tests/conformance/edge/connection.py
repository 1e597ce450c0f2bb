"""An HTTP/2 connection by hand: for what no well-behaved client sends."""

import socket
import struct
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events
import h2.exceptions
import h2.settings

PATIENCE_SECONDS = 20
Headers = list[tuple[str, str]]


@dataclass
class Answer:
    """What has come back on one stream so far."""

    headers: dict[str, str] = field(default_factory=dict)
    trailers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def grpc_status(self) -> int | None:
        """The gRPC status, wherever it stands."""
        status = self.trailers.get("grpc-status", self.headers.get("grpc-status"))
        return None if status is None else int(status)

    def trailer(self, name: str) -> str | None:
        """A trailer; those of an answer without a body are its headers."""
        return self.trailers.get(name, self.headers.get(name))


class Connection:
    """One HTTP/2 connection with prior knowledge, one token, one cache."""

    def __init__(self, address: tuple[str, int], token: str, cache: str) -> None:
        self.token = token
        self.cache = cache
        self.answers: defaultdict[int, Answer] = defaultdict(Answer)
        self.pongs = 0
        self.goaway: int | None = None
        self._socket = socket.create_connection(address, PATIENCE_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        self.flush()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def headers_for(self, path: str, **more: str) -> Headers:
        """What a gRPC client sends; a header that is given again replaces it."""
        headers = {
            ":method": "POST",
            ":scheme": "http",
            ":path": path,
            ":authority": "localhost",
            "te": "trailers",
            "content-type": "application/grpc",
            "authorization": self.token,
            "cache": self.cache,
        }
        headers |= {name.replace("_", "-"): value for name, value in more.items()}
        return list(headers.items())

    def open(self, headers: Headers, end: bool = False) -> int:
        """Begin a request, and return its stream."""
        stream = self._h2.get_next_available_stream_id()
        self._h2.send_headers(stream, headers, end_stream=end)
        self.flush()
        return stream

    def send(self, stream: int, data: bytes, end: bool = True) -> None:
        """Send a body as fast as the other side lets us, and stop when it has had enough."""
        while data and not self._is_over(stream):
            room = self._h2.local_flow_control_window(stream)
            size = min(len(data), room, self._h2.max_outbound_frame_size)
            if size == 0:
                self.read()
                continue
            self._h2.send_data(stream, data[:size])
            data = data[size:]
            self.flush()
        if end and not self._is_over(stream):
            self._h2.end_stream(stream)
            self.flush()

    def begin_to_send(self, stream: int, data: bytes) -> None:
        """Send the start of a body in one go, as far as the other side lets us."""
        size = self._h2.max_outbound_frame_size
        for start in range(0, len(data), size):
            self._h2.send_data(stream, data[start : start + size])
        self.flush()

    def call(self, path: str, body: bytes, **more: str) -> Answer:
        """Make one request, and wait for its whole answer."""
        stream = self.open(self.headers_for(path, **more))
        self.send(stream, body)
        return self.answer(stream)

    def answer(self, stream: int) -> Answer:
        """Wait until a stream has ended."""
        while not self._is_over(stream):
            self.read()
        return self.answers[stream]

    def ping(self) -> None:
        """Ask whether the other side is there, and wait until it says so."""
        before = self.pongs
        self._h2.ping(struct.pack(">Q", before))
        self.flush()
        while self.pongs == before:
            self.read()

    def reset(self, stream: int) -> None:
        """Lose interest in a stream."""
        self._h2.reset_stream(stream)
        self.flush()

    def settings(self) -> h2.settings.Settings:
        """What the server has announced."""
        self.ping()
        return self._h2.remote_settings

    def flush(self) -> None:
        """Put on the wire what waits."""
        waiting = self._h2.data_to_send()
        if waiting:
            self._socket.sendall(waiting)

    def read(self) -> None:
        """Take in what has come; the end of the connection is an error."""
        data = self._socket.recv(1 << 16)
        if not data:
            raise ConnectionError(f"the server has hung up (GOAWAY {self.goaway})")
        for event in self._h2.receive_data(data):
            self._take(event)
        self.flush()

    def _take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.ResponseReceived(stream_id=stream, headers=headers):
                self.answers[stream or 0].headers = texts(headers)
            case h2.events.TrailersReceived(stream_id=stream, headers=headers):
                self.answers[stream or 0].trailers = texts(headers)
            case h2.events.DataReceived(stream_id=stream, data=data):
                self.answers[stream or 0].body += data or b""
                self._h2.acknowledge_received_data(event.flow_controlled_length or 0, stream or 0)
            case h2.events.StreamEnded(stream_id=stream):
                self.answers[stream or 0].ended = True
            case h2.events.StreamReset(stream_id=stream, error_code=code):
                self.answers[stream or 0].reset = int(code or 0)
            case h2.events.PingAckReceived():
                self.pongs += 1
            case h2.events.ConnectionTerminated(error_code=code):
                self.goaway = int(code or 0)

    def _is_over(self, stream: int) -> bool:
        answer = self.answers[stream]
        return answer.ended or answer.reset is not None


@contextmanager
def connect(address: tuple[str, int], token: str, cache: str) -> Iterator[Connection]:
    """Open a connection, and hang up at the end."""
    connection = Connection(address, token, cache)
    try:
        yield connection
    finally:
        connection.close()


def framed(message: bytes, flag: int = 0, length: int | None = None) -> bytes:
    """A message with gRPC's five bytes before it; `length` may lie."""
    return struct.pack(">BI", flag, len(message) if length is None else length) + message


def texts(headers: object) -> dict[str, str]:
    """Header pairs as a dictionary."""
    assert isinstance(headers, list)
    return {str(name): str(value) for name, value in headers}
