"""A WebSocket on a stream of HTTP/2 (RFC 8441): `h2`, with the frames of `websockets`."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from h2.config import H2Configuration
from h2.connection import ConnectionInputs, ConnectionState, H2Connection
from h2.events import (
    ConnectionTerminated,
    DataReceived,
    Event,
    RemoteSettingsChanged,
    ResponseReceived,
    StreamEnded,
    StreamReset,
)
from h2.settings import SettingCodes
from websockets.datastructures import Headers
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.http11 import Response
from websockets.protocol import Protocol, Side, State

PATIENCE_SECONDS = 20.0
LARGEST = 16_384
GOING_AWAY = (ConnectionState.CLIENT_OPEN, ConnectionInputs.RECV_GOAWAY)
Pairs = list[tuple[str, str]]


class Streams:
    """An HTTP/2 connection, and what has come on its streams."""

    def __init__(self, url: str, ssl_context: ssl.SSLContext | None = None) -> None:
        self.url = urlsplit(url)
        address = (self.url.hostname or "", self.url.port or 0)
        self.socket = socket.create_connection(address, PATIENCE_SECONDS)
        if ssl_context:
            ssl_context.set_alpn_protocols(["h2"])
            self.socket = ssl_context.wrap_socket(self.socket, server_hostname=address[0])
        # Requests that are wrong must reach the server.
        config = H2Configuration(
            header_encoding="utf-8",
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
        )
        self.h2 = H2Connection(config)
        # A GOAWAY without an error ends no stream, which `h2` does not know.
        goes_on = {GOING_AWAY: (None, ConnectionState.CLIENT_OPEN)}
        machine = self.h2.state_machine
        machine._transitions = machine._transitions | goes_on
        self.statuses: dict[int, int] = {}
        self.headers: dict[int, dict[str, str]] = {}
        self.data: dict[int, bytes] = {}
        self.resets: dict[int, int] = {}
        self.ended: set[int] = set()
        self.reads = True
        """Whether the server gets credit for what it sends."""
        self.is_open = False
        self.allows_connect = False
        self.h2.initiate_connection()
        self.flush()
        self.wait(lambda: self.is_open)

    def flush(self) -> None:
        """Send what is to be sent."""
        self.socket.sendall(self.h2.data_to_send())

    def request(self, headers: Pairs, ends: bool = False) -> int:
        """Open a stream with these headers."""
        stream = self.h2.get_next_available_stream_id()
        self.h2.send_headers(stream, headers, end_stream=ends)
        self.data[stream] = b""
        self.flush()
        return stream

    def connect(self, target: str, *more: tuple[str, str]) -> int:
        """Ask for a WebSocket on a stream."""
        first = [
            (":method", "CONNECT"),
            (":protocol", "websocket"),
            (":scheme", self.url.scheme),
            (":path", target),
            (":authority", self.url.netloc),
        ]
        return self.request([*first, ("sec-websocket-version", "13"), *more])

    def send(self, stream: int, content: bytes, ends: bool = False) -> None:
        """Send content, as much at a time as the server takes."""
        while content:
            room = 0
            while not room:
                room = min(self.h2.local_flow_control_window(stream), LARGEST, len(content))
                if not room:
                    self.take()
            self.h2.send_data(stream, content[:room])
            self.flush()
            content = content[room:]
        if ends:
            self.h2.end_stream(stream)
            self.flush()

    def wait(self, holds: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
        """Take in what comes until something holds."""
        deadline = time.monotonic() + seconds
        while not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self.take(left)

    def status(self, stream: int) -> int:
        """The status of an answer."""
        self.wait(lambda: stream in self.statuses or stream in self.resets)
        return self.statuses[stream]

    def reset(self, stream: int) -> int:
        """The reason for which the server resets a stream."""
        self.wait(lambda: stream in self.resets)
        return self.resets[stream]

    def is_over(self, stream: int) -> bool:
        """Whether nothing more comes on a stream."""
        return stream in self.ended or stream in self.resets

    def take(self, seconds: float = PATIENCE_SECONDS) -> None:
        """Take in what comes next."""
        self.socket.settimeout(seconds)
        received = self.socket.recv(1 << 16)
        if not received:
            raise EOFError
        for event in self.h2.receive_data(received):
            self._note(event)
        self.flush()

    def _note(self, event: Event) -> None:
        if isinstance(event, RemoteSettingsChanged):
            self.is_open = True
            enabled = event.changed_settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL)
            self.allows_connect |= bool(enabled and enabled.new_value == 1)
        elif isinstance(event, ResponseReceived):
            fields = {str(name): str(value) for name, value in event.headers or []}
            self.headers[event.stream_id] = fields
            self.statuses[event.stream_id] = int(fields[":status"])
        elif isinstance(event, DataReceived):
            self.data[event.stream_id] += event.data or b""
            if self.reads:
                self.h2.acknowledge_received_data(
                    event.flow_controlled_length or 0, event.stream_id
                )
        elif isinstance(event, StreamReset):
            self.resets[event.stream_id] = int(event.error_code or 0)
        elif isinstance(event, StreamEnded):
            self.ended.add(event.stream_id)
        elif isinstance(event, ConnectionTerminated) and event.error_code:
            raise EOFError(event.error_code)


class StreamSocket:
    """A WebSocket on a stream, for one thread: with the methods of `websockets`' own connection."""

    def __init__(
        self, url: str, target: str, ssl: ssl.SSLContext | None = None, origin: str = ""
    ) -> None:
        self.streams = Streams(url, ssl)
        assert self.streams.allows_connect
        self.stream = self.streams.connect(target, *([("origin", origin)] if origin else []))
        status = self.streams.status(self.stream)
        if status != 200:
            self._refuse(status)
        self.protocol = Protocol(Side.CLIENT, state=State.OPEN, max_size=None)
        self._frames: list[Frame] = []
        self._message = b""

    def _refuse(self, status: int) -> None:
        streams, stream = self.streams, self.stream
        streams.wait(lambda: stream in streams.ended)
        streams.socket.close()
        headers = Headers(streams.headers[stream])
        raise InvalidStatus(Response(status, "", headers, streams.data[stream]))

    @property
    def close_code(self) -> int | None:
        """The code with which it was closed."""
        return self.protocol.close_code

    @property
    def close_reason(self) -> str | None:
        """The reason for which it was closed."""
        return self.protocol.close_reason

    def send(self, text: str | Iterable[str]) -> None:
        """Send a message, in parts if there are several."""
        if isinstance(text, str):
            self.protocol.send_text(text.encode())
        else:
            first, *others = text
            self.protocol.send_text(first.encode(), fin=not others)
            for number, other in enumerate(others, 1):
                self.protocol.send_continuation(other.encode(), fin=number == len(others))
        self._flush()

    def ping(self) -> threading.Event:
        """Send a ping, and wait for its answer."""
        self.protocol.send_ping(b"ping")
        self._flush()
        while self._frame(PATIENCE_SECONDS).opcode is not Opcode.PONG:
            pass
        answered = threading.Event()
        answered.set()
        return answered

    def recv(self, timeout: float) -> str:
        """The next message of the server."""
        while True:
            frame = self._frame(timeout)
            if frame.opcode in (Opcode.TEXT, Opcode.CONT):
                self._message += frame.data
                if frame.fin:
                    whole, self._message = self._message, b""
                    return whole.decode()

    def close(self) -> None:
        """Close it in good order, and the connection."""
        if self.protocol.state is State.OPEN:
            self.protocol.send_close(1000)
            self._flush()
        self.streams.socket.close()

    def _frame(self, timeout: float) -> Frame:
        while True:
            self._frames += [e for e in self.protocol.events_received() if isinstance(e, Frame)]
            if self._frames:
                return self._frames.pop(0)
            if self.protocol.state is State.CLOSED:
                raise self.protocol.close_exc
            self._take(timeout)

    def _take(self, timeout: float) -> None:
        streams, stream = self.streams, self.stream
        streams.wait(lambda: streams.data[stream] or streams.is_over(stream), timeout)
        received, streams.data[stream] = streams.data[stream], b""
        if received:
            self.protocol.receive_data(received)
        else:
            self.protocol.receive_eof()
        self._flush()

    def _flush(self) -> None:
        for part in self.protocol.data_to_send():
            if part and self.stream not in self.streams.resets:
                self.streams.send(self.stream, part)
