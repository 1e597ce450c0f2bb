"""Bursts of connections, and many that do nothing: no limit, and little memory for each."""

import contextlib
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from hyperframe.frame import SettingsFrame

from attacks.crowd import crowd, few_handles, handles
from attacks.frames import PREFACE, block, get, grpc, opening, raw, whole
from attacks.slow import dialled
from attacks.watching import resident
from conformance.edge.http1 import request
from conformance.edge.scs import GET
from conformance.edge.scs import get as get_message
from harness import Server

BURST = 5000
ONE_CALL_IN = 100
IDLE = 2000
IDLE_TLS = 500
LONGEST_SECONDS = 10
KB = 1024
HELLO = PREFACE + SettingsFrame(0).serialize()
VALUE = b"the value that everybody waits for"


@pytest.fixture
def humble() -> Iterator[Server]:
    """A server that was started with few open files, as from a login shell."""
    with contextlib.ExitStack() as stack:
        with few_handles():
            server = stack.enter_context(Server())
        yield server


def test_a_burst_of_connections_is_served(humble: Server) -> None:
    """By HTTP, and by gRPC one in a hundred; all of them are open at the same time."""
    owner = b"Authorization: " + humble.api_key.encode()
    line = "PUT /cache/default-cache?key=k&ttl_seconds=600"
    length = b"Content-Length: %d" % len(VALUE)
    with crowd(humble.http_address, [request(line, owner, length, body=VALUE)], b"204") as one:
        assert one.served == 1
    page = request("GET /cache/default-cache?key=k", owner)
    call = HELLO + opening(1, block(grpc(GET, humble.api_key))) + raw(0, 1, 1, get_message(b"k"))
    with handles(BURST) as count:
        says = [call if number % ONE_CALL_IN == 0 else page for number in range(count)]
        with crowd(humble.http_address, says, VALUE) as all_of_them:
            assert all_of_them.refused == 0
            assert all_of_them.served == count
            assert all_of_them.served_seconds < LONGEST_SECONDS


Dial = Callable[[Server, contextlib.ExitStack], None]


def silent(server: Server, stack: contextlib.ExitStack) -> None:
    """A connection that has said nothing: it lasts for ten seconds only, so they are quick."""
    stack.enter_context(socket.create_connection(server.http_address))


def kept(server: Server, stack: contextlib.ExitStack) -> None:
    """HTTP/1.1 after its first request."""
    answered(stack.enter_context(dialled(server, b"", None)), request("GET /health"))


def kept_by_http2(server: Server, stack: contextlib.ExitStack) -> None:
    """HTTP/2 after its first request."""
    said = HELLO + whole(1, block(get()))
    answered(stack.enter_context(dialled(server, said, None)), said)


def kept_with_many_headers(server: Server, stack: contextlib.ExitStack) -> None:
    """HTTP/2 after a request whose block is short, and stands for very many headers."""
    age = b"\x95" * 800
    said = HELLO + whole(1, block(get()) + age) + whole(3, block(get("/ready")) + age)
    answered(stack.enter_context(dialled(server, said, None)), said)


def kept_inside_tls(server: Server, stack: contextlib.ExitStack) -> None:
    """HTTP/1.1 inside TLS after its first request."""
    answered(stack.enter_context(dialled(server, b"", True)), request("GET /health"))


def answered(connection: socket.socket, said: bytes) -> None:
    """Say something, and wait for the body of the answer."""
    connection.sendall(said)
    heard = b""
    while b'"status":"ok"' not in heard:
        heard += connection.recv(1 << 16)


@pytest.mark.parametrize(
    ("dial", "count", "most"),
    [
        (silent, IDLE, 20 * KB),
        (kept, IDLE, 20 * KB),
        (kept_by_http2, IDLE, 20 * KB),
        (kept_with_many_headers, IDLE_TLS, 20 * KB),
        (kept_inside_tls, IDLE_TLS, 40 * KB),
    ],
    ids=["silent", "HTTP/1.1", "HTTP/2", "many headers", "HTTP/1.1 inside TLS"],
)
def test_a_connection_that_waits_costs_little(dial: Dial, count: int, most: int) -> None:
    with Server() as server, handles(count) as count, contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as first:
            for _ in range(20):
                dial(server, first)
        before = resident(server)
        for _ in range(count):
            dial(server, stack)
        each = (peak(server) - before) / count

    assert each <= most, f"{each / KB:.1f} KB"


def peak(server: Server) -> int:
    """The memory that it has when it asks for no more."""
    last = 0
    while (now := resident(server)) > last:
        last = now
        time.sleep(0.1)
    return last
