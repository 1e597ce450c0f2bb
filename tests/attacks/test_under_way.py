"""Many connections that each keep a little: what is under way has one budget for all of them.

A server has a quarter of its memory for bodies that are half here and answers that are half gone.
"""

import contextlib
from collections.abc import Iterator

import httpx
import pytest
from momento_wire_types import cacheclient_pb2 as pb

from attacks.frames import block, get, grpc, opening, peer, raw, streams, whole
from attacks.watching import MB, settled, watched
from conformance.edge.connection import connect, framed
from conformance.edge.http1 import http1, request
from conformance.edge.scs import SET, works
from conformance.wire import MINUTE, Wire, plaintext
from faults.watching import eventually
from harness import Server

MOST_GROWTH = 160 * MB
LARGE = 5_000_000
FRAME = 16_384
WINDOW = 1 << 20
CONNECTIONS = 100
CONNECTIONS_OF_HTTP2 = 40
STREAMS_OF_EACH = 16
ANSWERS_OF_EACH = 250
INITIAL_WINDOW = 4
ROOM = 64 * MB
HEADS = 800
FEW_HEADS = 300
FETCH = "/cache_client.Scs/ListFetch"


@pytest.fixture
def small() -> Iterator[Server]:
    """A server with a list of 60 KB, and little memory for more."""
    with Server("--memory", "256MiB") as server:
        with plaintext(server.http_address) as channel:
            Wire(channel, token=server.api_key, cache="default-cache").ask(
                "ListConcatenateBack",
                list_name=b"list",
                values=[bytes(6_000)] * 10,
                ttl_milliseconds=60 * MINUTE,
                refresh_ttl=True,
            )
        yield server


def others_are_served(server: Server) -> None:
    """Somebody else is answered meanwhile."""
    with connect(server.http_address, server.api_key, "default-cache") as other:
        assert works(other)


def test_bodies_that_are_half_here(small: Server) -> None:
    line = "PUT /cache/default-cache?key=k&ttl_seconds=60"
    owner = b"Authorization: " + small.api_key.encode()
    head = request(line, owner, b"Content-Length: %d" % LARGE)
    with watched(small) as cost, contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS):
            client = stack.enter_context(http1(small.http_address))
            client.say(head + bytes(LARGE - 1))
        settled(small)
        others_are_served(small)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_messages_that_are_half_here(small: Server) -> None:
    headers = block(grpc(SET, small.api_key))
    begun = framed(bytes(WINDOW - 5), length=2 * WINDOW)
    body = [begun[at : at + FRAME] for at in range(0, WINDOW, FRAME)]
    with watched(small) as cost, contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS_OF_HTTP2):
            client = stack.enter_context(peer(small.http_address))
            client.settle()
            for stream in streams(STREAMS_OF_EACH):
                client.say(opening(stream, headers), *[raw(0, 0, stream, part) for part in body])
            client.settle()
        others_are_served(small)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_heads_that_are_half_here(small: Server) -> None:
    """What has come of them is counted; who is not known has a quarter of the room for it."""
    head = b"GET / HTTP/1.1\r\nHost: a\r\n" + b"x-a: %s\r\n" % (b"a" * 1_000) * 30
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(http1(small.http_address)) for _ in range(HEADS)]
        for client in crowd:
            client.say(head)
        eventually(lambda: in_flight(small) > FEW_HEADS * len(head), "heads are counted")
        assert in_flight(small) <= ROOM // 4
        others_are_served(small)
    eventually(lambda: in_flight(small) == 0, "room is given back")


def test_blocks_of_headers_that_are_half_here(small: Server) -> None:
    """The same on HTTP/2, where they may come in pieces."""
    piece = bytes(FRAME)
    with contextlib.ExitStack() as stack:
        crowd = [stack.enter_context(peer(small.http_address)) for _ in range(HEADS)]
        for client in crowd:
            client.say(raw(1, 0, 1, piece), raw(9, 0, 1, piece), raw(9, 0, 1, piece[:-1]))
        eventually(lambda: in_flight(small) > FEW_HEADS * FRAME, "blocks are counted")
        assert in_flight(small) <= ROOM // 4
        others_are_served(small)
    eventually(lambda: in_flight(small) == 0, "room is given back")


def test_short_answers_that_nobody_takes(small: Server) -> None:
    """Each is too short to be looked at, and there are ten thousand of them."""
    fetch = pb._ListFetchRequest(list_name=b"list", unbounded_start={}, unbounded_end={})
    headers, body = block(grpc(FETCH, small.api_key)), framed(fetch.SerializeToString())
    asked = b"".join(
        opening(stream, headers) + raw(0, 1, stream, body) for stream in streams(ANSWERS_OF_EACH)
    )
    with watched(small) as cost, contextlib.ExitStack() as stack:
        for _ in range(CONNECTIONS_OF_HTTP2):
            client = stack.enter_context(peer(small.http_address, {INITIAL_WINDOW: 0}))
            client.say(asked)
            client.settle()
        others_are_served(small)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_room_is_given_back(small: Server) -> None:
    """What is over leaves no trace: the same again, and again, finds the same room."""
    headers = block(grpc(SET, small.api_key))
    begun = framed(bytes(WINDOW - 5), length=2 * WINDOW)
    body = [begun[at : at + FRAME] for at in range(0, WINDOW, FRAME)]
    for _ in range(CONNECTIONS_OF_HTTP2):
        with peer(small.http_address) as client:
            assert client.settle()
            for stream in streams(STREAMS_OF_EACH):
                client.say(opening(stream, headers), *[raw(0, 0, stream, part) for part in body])
            assert client.settle()
            assert not any(client.answered(stream) for stream in streams(STREAMS_OF_EACH))
    assert is_served(small)


def in_flight(server: Server) -> int:
    """What is counted for what is under way, in bytes."""
    page = httpx.get(f"{server.http}/metrics").text
    (line,) = (line for line in page.splitlines() if 'bytes{part="in_flight"}' in line)
    return int(line.split()[1])


def is_served(server: Server) -> bool:
    """A page comes."""
    with peer(server.http_address) as client:
        client.say(whole(1, block(get())))
        return client.hear(lambda: client.answered(1)) and client.status(1) == 200
