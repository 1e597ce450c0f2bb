"""What fills a server: writes over pipelined HTTP/1.1, each answer looked at, and clients that
leave things half done."""

import contextlib
import itertools
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import httpx
from momento_wire_types import cacheclient_pb2 as pb

from conformance.wire import MINUTE, Wire, plaintext
from harness import Server

KB = 1_000
BATCH_BYTES = 256 * KB
BATCH = 500  # requests: their answers fit into the buffers of a socket that nobody reads yet
NOISE = random.Random(7).randbytes(5_000 * KB)  # noqa: S311  (a load, not a secret)
LARGE = 4_800 * KB
MESSAGE = 1_000 * KB
ANSWER_SECONDS = 60
CACHE = "default-cache"

_fresh = itertools.count()


@dataclass
class Writer:
    """A client that writes as fast as it can and wants each write to be done; without a key of its
    own, it is the owner of the server."""

    server: Server
    written: int = 0
    api_key: str = ""
    _socket: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._socket = socket.create_connection(self.server.http_address, ANSWER_SECONDS)
        self._key = self.api_key or self.server.api_key

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()

    def write(self, sizes: Iterable[int], keys: Iterator[int] = _fresh) -> None:
        """Set an item of each size; every one must be answered with 204."""
        parts: list[bytes] = []
        count = waiting = 0
        for size in sizes:
            parts += (self._head(next(keys), size), NOISE[:size])
            count, waiting = count + 1, waiting + size
            if waiting >= BATCH_BYTES or count == BATCH:
                self._ask(parts, count)
                parts, count, waiting = [], 0, 0
        self._ask(parts, count)

    def fill(self, total_bytes: int, size: int) -> None:
        """Set items of one size until they come to a total."""
        self.write(itertools.repeat(size, max(1, total_bytes // size)))

    def _head(self, key: int, size: int) -> bytes:
        return (
            f"PUT /cache/{CACHE}?key={key}&ttl_seconds=3600 HTTP/1.1\r\nHost: a\r\n"
            f"Authorization: {self._key}\r\nContent-Length: {size}\r\n\r\n"
        ).encode()

    def _ask(self, parts: list[bytes], count: int) -> None:
        self._socket.sendall(b"".join(parts))
        answers = b""
        while answers.count(b"\r\n\r\n") < count:
            more = self._socket.recv(1 << 20)
            assert more, f"the connection was closed after {answers[-500:]!r}"
            answers += more
            assert answers.count(b"HTTP/1.1 ") == answers.count(b"HTTP/1.1 204"), answers[-500:]
        self.written += count


def mixed(total_bytes: int) -> Iterator[int]:
    """Sizes from 10 bytes to 500 KB, small ones more often, until they come to a total."""
    chance = random.Random(11)  # noqa: S311
    while total_bytes > 0:
        size = int(10 * 50_000 ** (chance.random() ** 2))
        total_bytes -= size + 60
        yield size


@contextlib.contextmanager
def over_grpc(server: Server) -> Iterator[Wire]:
    """Somebody who speaks gRPC."""
    with plaintext(server.http_address) as channel:
        yield Wire(channel, token=server.api_key, cache=CACHE)


def collections(server: Server, total_bytes: int) -> None:
    """Let sorted sets, dictionaries, sets and lists grow to a total, and shrink again."""
    elements = 2_000
    rounds = max(8, total_bytes // (elements * 100))
    with over_grpc(server) as wire:
        for number in range(rounds):
            name = b"collection-%d" % (number // 8 % 64)
            _grow(wire, number, name, elements)
            if number % 16 > 11:
                _shrink(wire, b"collection-%d" % ((number // 8 + 32) % 64))


def set_over_grpc(wire: Wire, size: int) -> None:
    """Set an item of this size, which must be done."""
    key = b"%d" % next(_fresh)
    answer = wire.ask("Set", cache_key=key, cache_body=NOISE[:size], ttl_milliseconds=60 * MINUTE)
    assert answer.result == pb.Ok


def sign_in(server: Server, times: int) -> None:
    """Try to sign in as somebody who is not there: it takes as much as if they were."""
    wrong = {"email": "nobody@example.com", "password": "a password that is wrong"}
    for _ in range(times):
        answer = httpx.post(f"{server.http}/session", json=wrong, timeout=ANSWER_SECONDS)
        assert answer.status_code in {401, 429}, answer  # who tries too often has to wait


def _grow(wire: Wire, number: int, name: bytes, elements: int) -> None:
    fresh = [b"%d-%d" % (number, each) for each in range(elements)]
    kept = {"ttl_milliseconds": 60 * MINUTE, "refresh_ttl": True}
    match number % 4:
        case 0:
            scored = [{"value": each, "score": hash(each) % 9973} for each in fresh]
            wire.ask("SortedSetPut", set_name=b"z" + name, elements=scored, **kept)
        case 1:
            items = [{"field": each, "value": NOISE[:40]} for each in fresh]
            wire.ask("DictionarySet", dictionary_name=b"d" + name, items=items, **kept)
        case 2:
            wire.ask("SetUnion", set_name=b"s" + name, elements=fresh, **kept)
        case _:
            wire.ask("ListConcatenateBack", list_name=b"l" + name, values=fresh, **kept)


def _shrink(wire: Wire, name: bytes) -> None:
    everything: dict[str, Any] = {"unbounded_start": {}, "unbounded_end": {}}
    wire.ask("SortedSetFetch", set_name=b"z" + name, by_index=everything, with_scores=True)
    kept: dict[str, Any] = {"ttl_milliseconds": 60 * MINUTE, "refresh_ttl": True}
    wire.ask("ListRetain", list_name=b"l" + name, unbounded_start={}, exclusive_end=100, **kept)
    wire.ask("Delete", cache_key=b"d" + name)


@contextlib.contextmanager
def half_sent(server: Server, clients: int) -> Iterator[None]:
    """Hold bodies of 5 MB of which the last byte is missing; some are refused, which is right."""
    head = _request(server, f"PUT /cache/{CACHE}?key=half&ttl_seconds=60", LARGE)
    with _many(server, clients) as sockets:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda one: _say(one, head + NOISE[: LARGE - 1]), sockets))
        yield


@contextlib.contextmanager
def half_read(server: Server, clients: int) -> Iterator[None]:
    """Hold answers of 5 MB of which little was read; some are refused, which is right."""
    with Writer(server) as writer:
        writer.write([LARGE])
    key = next(_fresh) - 1
    ask = _request(server, f"GET /cache/{CACHE}?key={key}", 0)
    with _many(server, clients, receive_bytes=4_096) as sockets:
        for one in sockets:
            _say(one, ask * 3)
        yield


@contextlib.contextmanager
def unread_streams(server: Server, clients: int, topics: int) -> Iterator[None]:
    """Hold streams of events of which nobody reads anything."""
    with _many(server, clients, receive_bytes=4_096) as sockets:
        for number, one in enumerate(sockets):
            accept = "Accept: text/event-stream"
            _say(one, _request(server, f"GET /topics/{CACHE}/t{number % topics}", 0, accept))
        yield


@contextlib.contextmanager
def half_published(server: Server, clients: int) -> Iterator[None]:
    """Hold messages of which the last byte is missing; some are refused, which is right."""
    head = _request(server, f"POST /topics/{CACHE}/half", MESSAGE)
    with _many(server, clients) as sockets:
        for one in sockets:
            _say(one, head + NOISE[: MESSAGE - 1])
        yield


def publish(server: Server, count: int, size: int, topics: int) -> None:
    """Publish messages of a size; every one must be answered with 204."""
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers, timeout=ANSWER_SECONDS) as web:
        for number in range(count):
            answer = web.post(f"/topics/{CACHE}/t{number % topics}", content=NOISE[:size])
            assert answer.status_code == 204, answer.text


@contextlib.contextmanager
def over_tls(server: Server, clients: int) -> Iterator[None]:
    """Hold connections with TLS, each of which has asked for something."""
    context = ssl.create_default_context(cafile=str(server.ca))
    health = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n"
    lock, stack = threading.Lock(), contextlib.ExitStack()

    def connect(_: int) -> None:
        plain = socket.create_connection(server.https_address, ANSWER_SECONDS)
        client = context.wrap_socket(plain, server_hostname="localhost")
        with lock:
            stack.push(client)
        client.sendall(health)
        assert client.recv(12) == b"HTTP/1.1 200"

    with stack:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(connect, range(clients)))
        yield


@contextlib.contextmanager
def _many(server: Server, count: int, receive_bytes: int = 0) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            if receive_bytes:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
            one.settimeout(ANSWER_SECONDS)
            one.connect(server.http_address)
        yield sockets


def _request(server: Server, line: str, length: int, header: str = "Accept: */*") -> bytes:
    return (
        f"{line} HTTP/1.1\r\nHost: a\r\nAuthorization: {server.api_key}\r\n{header}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def _say(client: socket.socket, words: bytes) -> None:
    with contextlib.suppress(OSError):  # who is refused is hung up on
        client.sendall(words)


def together(*loads: Callable[[], object]) -> None:
    """Run loads at once; whatever fails in one is raised."""
    with ThreadPoolExecutor(len(loads)) as pool:
        for done in [pool.submit(load) for load in loads]:
            done.result()
