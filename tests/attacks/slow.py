"""Clients that say or take too little, each on a connection of its own, all waiting side by side.

A case says what comes first, what drips after it once a second, and by when the server must have
hung up. The first of them costs a minute, so all of them share it.
"""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event

from hyperframe.frame import HeadersFrame, PingFrame, SettingsFrame
from momento_wire_types import cachepubsub_pb2 as pb

from attacks.frames import PREFACE, Peer, block, get, grpc, opening, raw, streams, whole
from conformance.edge.connection import framed
from conformance.edge.http1 import chunked, http1, request
from conformance.edge.scs import GET, SET
from conformance.edge.scs import get as get_message
from conformance.pubsub import SERVICE
from harness import Server

HANDSHAKE, HEADERS, READ = 10, 10, 60
LONGER = 15
"""How long what may stay is watched."""
SLACK = 4.0
VALUE = bytes(4_800_000)
MANY = 20
HELLO = PREFACE + SettingsFrame(0).serialize()
STRANGER = b"Authorization: x.y.z"
PING = PingFrame(0, opaque_data=b"are you?").serialize()


@dataclass(frozen=True)
class Slow:
    """A client; within how many seconds the server must hang up, or None if it must not."""

    limit: int | None
    first: bytes = b""
    drip: bytes = b""
    tls: bool | None = None
    """Whether it speaks TLS; None is the plaintext port, and False plaintext where TLS is."""


@dataclass(frozen=True)
class Held:
    """After how many seconds the server hung up; None if it had not when nobody looked any more."""

    seconds: float | None


def half_hello() -> bytes:
    """What a client of TLS says first."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        client.do_handshake()
    return outgoing.read()


def cases(api_key: str) -> dict[str, Slow]:
    """All of them that are bytes only."""
    owner = b"Authorization: " + api_key.encode()
    line = "PUT /cache/default-cache?key=slow&ttl_seconds=60"
    begun = HeadersFrame(1, data=block(get())).serialize()
    health = request("GET /health")
    cut_settings = SettingsFrame(0, settings={3: 100}).serialize()[:-2]
    chunks = b"Transfer-Encoding: chunked"
    return {
        "nothing at all": Slow(HANDSHAKE),
        "nothing at all where TLS is": Slow(HANDSHAKE, tls=False),
        "half a hello of TLS": Slow(HANDSHAKE, half_hello()[:100], tls=False),
        "a hello of TLS that never ends": Slow(HANDSHAKE, half_hello()[:100], b"\0", tls=False),
        "a letter": Slow(HEADERS, b"P"),
        "half a preface": Slow(HANDSHAKE, PREFACE[:12]),
        "a preface byte by byte": Slow(HANDSHAKE, b"PRI", b" "),
        "a preface and nothing else": Slow(HANDSHAKE, PREFACE),
        "a preface inside TLS": Slow(HANDSHAKE, PREFACE, tls=True),
        "half of the first settings": Slow(HANDSHAKE, PREFACE + cut_settings),
        "TLS and nothing else": Slow(HEADERS, tls=True),
        "half a request line": Slow(HEADERS, b"GET /hea"),
        "a request line that never ends": Slow(HEADERS, b"GET /", b"a"),
        "empty lines that never end": Slow(HEADERS, b"\r\n", b"\r\n"),
        "half a header": Slow(HEADERS, b"GET /health HTTP/1.1\r\nHo"),
        "headers that never end": Slow(HEADERS, b"GET /health HTTP/1.1\r\n", b"x: y\r\n"),
        "headers that never end, inside TLS": Slow(
            HEADERS, b"GET / HTTP/1.1\r\n", b"x: y\r\n", True
        ),
        "headers that never end, later": Slow(HEADERS, health + b"GET / HTTP/1.1\r\n", b"x: y\r\n"),
        "half of the headers of HTTP/2": Slow(HEADERS, HELLO + begun),
        "headers of HTTP/2 that never end": Slow(HEADERS, HELLO + begun, raw(9, 0, 1, b"\x88")),
        "half a frame": Slow(HEADERS, HELLO + whole(1, block(get()))[:20]),
        "a frame byte by byte": Slow(HEADERS, HELLO + raw(1, 5, 1, bytes(60))[:9], b"\x88"),
        "a stranger's body": Slow(HEADERS, request(line, STRANGER, b"Content-Length: 99"), b"a"),
        "a stranger's chunks": Slow(HEADERS, request(line, STRANGER, chunks), chunked(b"a")[:-5]),
        "a stranger's sign-in": Slow(
            HEADERS, request("POST /session", b"Content-Length: 99"), b"a"
        ),
        "the owner's body": Slow(None, request(line, owner, b"Content-Length: 99"), b"a"),
        "the owner's chunks": Slow(None, request(line, owner, chunks), chunked(b"a")[:-5]),
        "the owner's call": Slow(None, HELLO + opening(1, block(grpc(SET, api_key)))),
        "kept": Slow(None, health),
        "kept inside TLS": Slow(None, health, tls=True),
        "HTTP/2 that has nothing to ask": Slow(None, HELLO),
        "HTTP/2 that has asked": Slow(None, HELLO + whole(1, block(get()))),
        "HTTP/2 that pings": Slow(None, HELLO, PING),
    }


def hold(server: Server, case: Slow, ending: Event) -> Held:
    """Be that client until the server hangs up, or long enough."""
    enough = LONGER if case.limit is None else case.limit + SLACK
    with dialled(server, case.first, case.tls) as connection:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            connection.sendall(case.first)
            while time.monotonic() - began < enough and not ending.is_set():
                if hangs_up(connection):
                    break
                connection.sendall(case.drip)
            else:
                return Held(None)
        return Held(time.monotonic() - began)


@contextmanager
def dialled(server: Server, first: bytes, tls: bool | None) -> Iterator[socket.socket]:
    """A new connection, with TLS for the protocol that comes first if that is wanted."""
    address = server.http_address if tls is None else server.https_address
    with socket.create_connection(address, 20) as plain:
        if not tls:
            yield plain
            return
        context = ssl.create_default_context(cafile=server.ca)
        context.set_alpn_protocols(["h2"] if first.startswith(b"PRI") else ["http/1.1"])
        with context.wrap_socket(plain, server_hostname="localhost") as connection:
            yield connection


def hangs_up(connection: socket.socket) -> bool:
    """Whether the server hangs up within a second in which it may say anything."""
    until = time.monotonic() + 1
    with contextlib.suppress(TimeoutError):
        while (left := until - time.monotonic()) > 0:
            connection.settimeout(left)
            if connection.recv(1 << 16) == b"":
                return True
    return False


def stranger_on_http2(server: Server, ending: Event) -> Held:
    """A call whose message never comes, by somebody unknown: the stream must end."""
    return ended(server, ending, {}, [opening(1, block(grpc(SET, "x.y.z")))], HEADERS)


def zero_window(server: Server, ending: Event) -> Held:
    """A client that lets nothing be sent, on any stream."""
    return ended(server, ending, {4: 0}, asking(server), READ)


def zero_window_with_pings(server: Server, ending: Event) -> Held:
    """One that also shows every second that it is there."""
    return ended(server, ending, {4: 0}, asking(server), READ, PING)


def zero_window_for_little(server: Server, ending: Event) -> Held:
    """One that asks for little, and does not take even that."""
    asked = [whole(stream, block(get())) for stream in streams(MANY)]
    return ended(server, ending, {4: 0}, asked, READ)


def zero_window_for_messages(server: Server, ending: Event) -> Held:
    """A client that subscribes and does not even take the first heartbeat."""
    call = block(grpc(f"/{SERVICE}/Subscribe", server.api_key))
    message = pb._SubscriptionRequest(cache_name="default-cache", topic="slow").SerializeToString()
    subscribed = [opening(it, call) + raw(0, 1, it, framed(message)) for it in streams(MANY)]
    return ended(server, ending, {4: 0}, subscribed, READ)


def small_connection_window(server: Server, ending: Event) -> Held:
    """A client that would take much on each stream, but nothing more on all of them."""
    return ended(server, ending, {4: 1 << 30}, asking(server), READ)


def asking(server: Server) -> list[bytes]:
    """Many large items over HTTP/2, by both kinds of request."""
    by_path = block(get("/cache/default-cache?key=key", authorization=server.api_key))
    call = block(grpc(GET, server.api_key))
    message = get_message(b"key")
    return [whole(stream, by_path) for stream in streams(MANY)] + [
        opening(stream, call) + raw(0, 1, stream, message) for stream in streams(MANY, 2 * MANY + 1)
    ]


def ended(
    server: Server,
    ending: Event,
    settings: dict[int, int],
    requests: list[bytes],
    limit: int,
    drip: bytes = b"",
) -> Held:
    """Ask and take no more than the windows allow; wait until every stream is over."""
    connection = Peer(server.http_address, settings)
    began = time.monotonic()
    connection.say(*requests)
    numbers = streams(len(requests))
    with contextlib.closing(connection):
        while time.monotonic() - began < limit + SLACK * 2 and not ending.is_set():
            connection.say(drip)
            with contextlib.suppress(TimeoutError):
                connection.hear(lambda: False, 1)
            if connection.closed or all(connection.answered(number) for number in numbers):
                return Held(time.monotonic() - began)
    return Held(None)


def unread(server: Server, ending: Event, tls: bool | None) -> Held:
    """A client of HTTP/1.1 that asks much and reads nothing; what comes when it does tells.

    A server that has hung up has left no more than what the kernel holds for the two sides.
    """
    owner = b"Authorization: " + server.api_key.encode()
    asked = request("GET /cache/default-cache?key=key", owner) * MANY
    with dialled(server, asked, tls) as connection:
        began = time.monotonic()
        connection.sendall(asked)
        ending.wait(READ + SLACK)
        taken = 0
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            while data := connection.recv(1 << 20):
                taken += len(data)
                if taken >= MANY * len(VALUE):
                    return Held(None)
        return Held(time.monotonic() - began)


def set_value(server: Server) -> None:
    """Set the large item that is asked for, for longer than anybody waits here."""
    line = "PUT /cache/default-cache?key=key&ttl_seconds=3600"
    owner = b"Authorization: " + server.api_key.encode()
    with http1(server.http_address) as client:
        client.say(request(line, owner, b"Content-Length: %d" % len(VALUE), body=VALUE))
        assert client.reply().status == 204


STREAMS: dict[str, tuple[Callable[[Server, Event], Held], int]] = {
    "a stranger's call": (stranger_on_http2, HEADERS),
    "windows of nothing": (zero_window, READ),
    "windows of nothing, and pings": (zero_window_with_pings, READ),
    "windows of nothing, for short answers": (zero_window_for_little, READ),
    "windows of nothing, for messages of a topic": (zero_window_for_messages, READ),
    "a window for all that is used up": (small_connection_window, READ),
    "answers that nobody reads": (lambda server, ending: unread(server, ending, None), READ),
    "answers inside TLS that nobody reads": (
        lambda server, ending: unread(server, ending, True),
        READ,
    ),
}
"""Those that have to look at what comes back, and by when they must be over."""


class SlowClients:
    """All cases, begun at once."""

    def __init__(self, server: Server) -> None:
        set_value(server)
        self.cases = cases(server.api_key)
        self.server = server
        self._ending = Event()
        self._pool = ThreadPoolExecutor(len(self.cases) + len(STREAMS))
        self._held: dict[str, Future[Held]] = {
            name: self._pool.submit(hold, server, case, self._ending)
            for name, case in self.cases.items()
        } | {
            name: self._pool.submit(client, server, self._ending)
            for name, (client, _) in STREAMS.items()
        }

    def held(self, name: str) -> Held:
        """How long the server bore with one of them; waits for it."""
        return self._held[name].result()

    def is_well(self) -> bool:
        """The server goes on for others."""
        with http1(self.server.http_address) as client:
            client.say(request("GET /health"))
            return client.reply().status == 200

    def end(self) -> None:
        """Let go of all of them."""
        self._ending.set()
        self._pool.shutdown()
