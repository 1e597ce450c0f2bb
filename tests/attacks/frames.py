"""HTTP/2 frame by frame (`hyperframe`, `hpack`): nothing keeps this client from doing wrong."""

import select
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from hpack import Decoder, Encoder, NeverIndexedHeaderTuple
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
PATIENCE_SECONDS = 20.0
PROTOCOL_ERROR, ENHANCE_YOUR_CALM = 1, 11
REFUSED_STREAM = 7

Headers = dict[str, str]


class Peer:
    """One connection on which any frames may be sent; what comes back is kept."""

    def __init__(
        self, address: tuple[str, int], settings: dict[int, int] | None = None, first: bytes = b""
    ) -> None:
        self.closed = False
        self.goaway: int | None = None
        self.last_streams: list[int] = []
        """What each GOAWAY has said."""
        self.pongs = 0
        self.settings: dict[int, int] = {}
        self.acknowledged = 0
        self.resets: dict[int, int] = {}
        self.headers: dict[int, list[Headers]] = {}
        self.ended: set[int] = set()
        self.received: defaultdict[int, int] = defaultdict(int)
        self._decoder = Decoder()
        self._blocks: dict[int, bytes] = {}
        self._buffer = b""
        self._answers = b""
        self.socket = socket.create_connection(address, PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.say(first or PREFACE + SettingsFrame(0, settings=settings or {}).serialize())

    def say(self, *parts: bytes) -> None:
        """Send, taking in what comes meanwhile; a server that has hung up hears no more."""
        self.pour(parts)

    def pour(self, parts: Iterable[bytes], seconds: float = PATIENCE_SECONDS) -> int:
        """Send part by part until the server hangs up or the time is over; return how many went."""
        deadline = time.monotonic() + seconds
        sent = 0
        for part in parts:
            rest = memoryview(part)
            while rest and not self.closed:
                if time.monotonic() > deadline:
                    return sent
                rest = rest[self._push(rest) :]
            if self.closed:
                return sent
            sent += 1
        return sent

    def hear(self, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        """Take in what comes until something holds or the server hangs up; tell which."""
        deadline = time.monotonic() + seconds
        while not self.closed and not holds():
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"nothing for {seconds} s: {self}")
            if select.select([self.socket], [], [], left)[0]:
                self._pull()
                self._answer()
        return holds()

    def settle(self) -> bool:
        """Wait until the server has seen all that was sent; false if it hung up on that."""
        wanted = self.pongs + 1
        self.say(PingFrame(0, opaque_data=b"settled?").serialize())
        return self.hear(lambda: self.pongs >= wanted) and not self.closed

    def answered(self, stream: int) -> bool:
        """Whether nothing more will come on a stream."""
        return stream in self.ended or stream in self.resets

    def status(self, stream: int) -> int | None:
        """The status of HTTP, if there is an answer."""
        blocks = self.headers.get(stream)
        return int(blocks[0][":status"]) if blocks else None

    def goes_on(self, stream: int) -> bool:
        """Whether the server has asked for the body."""
        blocks = self.headers.get(stream)
        return blocks is not None and blocks[0][":status"] == "100"

    def grpc_status(self, stream: int) -> int | None:
        """The status of gRPC, wherever it stands."""
        found = [
            block["grpc-status"] for block in self.headers.get(stream, []) if "grpc-status" in block
        ]
        return int(found[0]) if found else None

    def close(self) -> None:
        """Hang up."""
        self.socket.close()

    def __repr__(self) -> str:
        answers = f"{len(self.headers)} answers, {len(self.resets)} resets"
        return f"<closed {self.closed}, GOAWAY {self.goaway}, {answers}>"

    def _push(self, rest: memoryview) -> int:
        readable, writable, _ = select.select([self.socket], [self.socket], [], 0.1)
        if readable:
            self._pull()
        if not writable or self.closed:
            return 0
        try:
            return self.socket.send(rest)
        except BlockingIOError:
            return 0
        except (BrokenPipeError, ConnectionResetError):
            self._pull()
            self.closed = True
            return 0

    def _answer(self) -> None:
        """Answer settings and pings, as even this client does."""
        waiting, self._answers = self._answers, b""
        if waiting and not self.closed:
            self.say(waiting)

    def _pull(self) -> None:
        try:
            data = self.socket.recv(1 << 16)
        except BlockingIOError:
            return
        except (ConnectionResetError, BrokenPipeError):
            data = b""
        if not data:
            self.closed = True
        self._buffer += data
        while len(self._buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(self._buffer[:9]))
            if len(self._buffer) < 9 + length:
                return
            frame.parse_body(memoryview(self._buffer[9 : 9 + length]))
            self._buffer = self._buffer[9 + length :]
            self._take(frame)

    def _take(self, frame: Frame) -> None:
        match frame:
            case SettingsFrame() if "ACK" in frame.flags:
                self.acknowledged += 1
            case SettingsFrame():
                self.settings |= frame.settings
                self._answers += SettingsFrame(0, flags=["ACK"]).serialize()
            case PingFrame() if "ACK" in frame.flags:
                self.pongs += 1
            case PingFrame():
                self._answers += PingFrame(
                    0, opaque_data=frame.opaque_data, flags=["ACK"]
                ).serialize()
            case GoAwayFrame():
                self.goaway = frame.error_code
                self.last_streams.append(frame.last_stream_id)
            case RstStreamFrame():
                self.resets[frame.stream_id] = frame.error_code
            case HeadersFrame() | ContinuationFrame():
                self._take_headers(frame)
            case DataFrame():
                self.received[frame.stream_id] += len(frame.data)
        if "END_STREAM" in frame.flags:
            self.ended.add(frame.stream_id)

    def _take_headers(self, frame: HeadersFrame | ContinuationFrame) -> None:
        block = self._blocks.pop(frame.stream_id, b"") + frame.data
        if "END_HEADERS" not in frame.flags:
            self._blocks[frame.stream_id] = block
            return
        pairs = self._decoder.decode(block)
        self.headers.setdefault(frame.stream_id, []).append({str(k): str(v) for k, v in pairs})


@contextmanager
def peer(
    address: tuple[str, int], settings: dict[int, int] | None = None, first: bytes = b""
) -> Iterator[Peer]:
    """A new connection, hung up at the end."""
    connection = Peer(address, settings, first)
    try:
        yield connection
    finally:
        connection.close()


def block(headers: Headers | list[tuple[str, str]]) -> bytes:
    """Headers as a block that leaves no trace in the table, so that it can be sent again."""
    pairs = list(headers.items()) if isinstance(headers, dict) else headers
    tuples = [NeverIndexedHeaderTuple(name, value) for name, value in pairs]
    return Encoder().encode(tuples, huffman=False)


def get(path: str = "/health", **more: str) -> Headers:
    """What a client of plain HTTP sends; a header that is given again replaces it."""
    headers = {":method": "GET", ":scheme": "http", ":path": path, ":authority": "localhost"}
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


def grpc(path: str, token: str, **more: str) -> Headers:
    """What a client of gRPC sends."""
    headers = {":method": "POST", ":scheme": "http", ":path": path, ":authority": "localhost"}
    headers |= {"te": "trailers", "content-type": "application/grpc", "authorization": token}
    headers |= {"cache": "default-cache"}
    return headers | {name.replace("_", "-"): value for name, value in more.items()}


def opening(stream: int, headers: bytes, *flags: str, **fields: object) -> bytes:
    """A HEADERS frame with END_HEADERS and these flags."""
    return HeadersFrame(
        stream,
        data=headers,
        flags=["END_HEADERS", *flags],
        **fields,
    ).serialize()


def whole(stream: int, headers: bytes) -> bytes:
    """A request without a body."""
    return opening(stream, headers, "END_STREAM")


def raw(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Any frame at all."""
    return len(payload).to_bytes(3) + bytes([kind, flags]) + stream.to_bytes(4) + payload


def streams(count: int, first: int = 1) -> range:
    """The next numbers that a client may give."""
    return range(first, first + 2 * count, 2)
