"""Readers who ask for much and take nothing: what waits for them is bounded."""

from collections.abc import Callable, Iterator

import pytest
from momento_wire_types import cacheclient_pb2 as pb

from attacks.frames import block, get, grpc, opening, peer, raw, streams, whole
from attacks.slow import dialled, set_value
from attacks.watching import MB, settled, watched
from conformance.edge.connection import connect, framed
from conformance.edge.http1 import request
from conformance.edge.scs import GET, SET, works
from conformance.wire import MINUTE, Wire, plaintext
from harness import Server

MOST_GROWTH = 64 * MB
ASKED = 200
SOME = 8
WIDEST = 2**31 - 1
FETCH = "/cache_client.Scs/ListFetch"
BATCH = "/cache_client.Scs/GetBatch"
INITIAL_WINDOW = 4


Ask = Callable[[int], bytes]
KINDS = ["a page", "an item", "a list", "a batch"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """What is asked for."""
    return str(request.param)


@pytest.fixture(scope="module")
def fresh(kind: str) -> Iterator[Server]:
    """A server that has not yet needed memory for any of this."""
    with Server() as server:
        set_value(server)
        with plaintext(server.http_address) as channel:
            set_list(Wire(channel, token=server.api_key, cache="default-cache"))
        yield server


@pytest.fixture(scope="module")
def ask(fresh: Server, kind: str) -> Ask:
    """A request for megabytes, on a stream of HTTP/2."""
    item = pb._GetRequest(cache_key=b"key")
    fetch = pb._ListFetchRequest(list_name=b"list", unbounded_start={}, unbounded_end={})
    messages = {
        "an item": (GET, item),
        "a list": (FETCH, fetch),
        "a batch": (BATCH, pb._GetBatchRequest(items=[item] * 2)),
    }
    if kind == "a page":
        page = block(get("/cache/default-cache?key=key", authorization=fresh.api_key))
        return lambda stream: whole(stream, page)
    path, message = messages[kind]
    headers, body = block(grpc(path, fresh.api_key)), framed(message.SerializeToString())
    return lambda stream: opening(stream, headers) + raw(0, 1, stream, body)


def set_list(wire: Wire) -> None:
    """Set a list of four megabytes."""
    wire.ask(
        "ListConcatenateBack",
        list_name=b"list",
        values=[bytes(125_000)] * 32,
        ttl_milliseconds=60 * MINUTE,
        refresh_ttl=True,
    )


def test_a_window_of_nothing_keeps_little(fresh: Server, ask: Ask) -> None:
    with watched(fresh) as cost, peer(fresh.http_address, {INITIAL_WINDOW: 0}) as connection:
        connection.say(b"".join(ask(stream) for stream in streams(ASKED)))
        connection.settle()
        others_are_served(fresh)
        settled(fresh)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_a_window_for_one_answer_keeps_little(fresh: Server, ask: Ask) -> None:
    """Each stream has room, but all of them share what is soon used up."""
    with watched(fresh) as cost, peer(fresh.http_address, {INITIAL_WINDOW: 1 << 30}) as connection:
        connection.say(b"".join(ask(stream) for stream in streams(ASKED)))
        connection.settle()
        others_are_served(fresh)
        settled(fresh)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_answers_that_nobody_reads_keep_little(fresh: Server, ask: Ask) -> None:
    """The windows are as wide as can be, and the socket is never read."""
    with watched(fresh) as cost, peer(fresh.http_address, {INITIAL_WINDOW: WIDEST}) as deaf:
        deaf.say(raw(8, 0, 0, (WIDEST - 65_535).to_bytes(4)))
        deaf.socket.setblocking(True)
        deaf.socket.sendall(b"".join(ask(stream) for stream in streams(ASKED)))
        settled(fresh)
        others_are_served(fresh)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def test_what_waited_comes_when_it_may(fresh: Server, ask: Ask) -> None:
    """Bounds are for those who take nothing: who only takes his time gets all of it."""
    with peer(fresh.http_address, {INITIAL_WINDOW: 0}) as connection:
        connection.say(*[ask(stream) for stream in streams(SOME)])
        assert connection.settle()
        for stream in (0, *streams(SOME)):
            connection.say(raw(8, 0, stream, (1 << 30).to_bytes(4)))
        assert connection.hear(lambda: all(connection.answered(s) for s in streams(SOME)))
        assert not connection.resets
        assert all(connection.received[stream] > 4_000_000 for stream in streams(SOME))


def test_a_client_may_send_what_it_may_before_it_reads(fresh: Server, ask: Ask) -> None:
    """All that its windows allow, although more waits for it than its socket takes."""
    owner = block(grpc(SET, fresh.api_key))
    numbers = streams(14, 101)
    with peer(fresh.http_address, {INITIAL_WINDOW: WIDEST}) as deaf:
        deaf.say(raw(8, 0, 0, (WIDEST - 65_535).to_bytes(4)))
        deaf.socket.setblocking(True)
        deaf.socket.settimeout(20)
        deaf.socket.sendall(b"".join(ask(stream) for stream in streams(SOME)))
        deaf.socket.sendall(b"".join(opening(stream, owner) for stream in numbers))
        for _ in range(60):
            deaf.socket.sendall(b"".join(raw(0, 0, stream, bytes(16_384)) for stream in numbers))


@pytest.mark.parametrize("tls", [None, True], ids=["plaintext", "TLS"])
def test_pipelined_answers_that_nobody_reads_keep_little(server: Server, tls: bool | None) -> None:
    set_value(server)
    owner = b"Authorization: " + server.api_key.encode()
    requests = request("GET /cache/default-cache?key=key", owner) * ASKED
    with watched(server) as cost, dialled(server, requests, tls) as connection:
        connection.sendall(requests)
        settled(server)
        others_are_served(server)
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.0f} MB"


def others_are_served(server: Server) -> None:
    """Somebody else is answered meanwhile."""
    with connect(server.http_address, server.api_key, "default-cache") as other:
        assert works(other)
