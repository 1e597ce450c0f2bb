"""How much may be open at once on HTTP/2, and what only looks like an attack."""

import pytest
from hyperframe.frame import DataFrame, PingFrame, RstStreamFrame, WindowUpdateFrame

from attacks.frames import Peer, block, get, grpc, opening, peer, streams
from attacks.watching import MB, watched
from conformance.edge.connection import connect
from conformance.edge.scs import GET, SET, put, works
from conformance.edge.scs import get as get_message
from harness import Server

MAX_CONCURRENT_STREAMS = 3
MOST_STREAMS = 250
MOST_OF_A_STRANGER = 16
CANCEL = 8
FRAME = 16_384
OPENED = 2000


def pending(connection: Peer, headers: bytes) -> int:
    """Open very many requests whose bodies never come; return how many the server keeps."""
    connection.say(*[opening(stream, headers) for stream in streams(OPENED)])
    if not connection.settle() or connection.goaway is not None:
        # A connection that is told to go is hung up on, and nothing of it is kept.
        assert connection.hear(lambda: connection.closed)
        return 0
    return sum(not connection.answered(stream) for stream in streams(OPENED))


def test_so_many_streams_may_be_open_and_no_more(server: Server) -> None:
    headers = block(grpc(SET, server.api_key))
    with watched(server) as cost, peer(server.http_address) as connection:
        kept = pending(connection, headers)
        announced = connection.settings[MAX_CONCURRENT_STREAMS]

    assert 100 <= announced <= MOST_STREAMS
    assert kept <= announced
    assert cost.peak_growth <= 10 * MB


STRANGERS = {
    "a call with a token that is none": lambda: block(grpc(SET, "x.y.z")),
    "a call without a token": lambda: block([h for h in grpc(SET, "").items() if h[1]]),
    "a control call": lambda: block(grpc("/control_client.ScsControl/ListCaches", "x.y.z")),
    "an item": lambda: block(get("/cache/default-cache?key=k&ttl_seconds=9") | {":method": "PUT"}),
    "a page": lambda: block(get("/session") | {":method": "POST"}),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_a_stranger_has_few_streams(server: Server, kind: str) -> None:
    """Further ones are refused, or answered with who is not known, at once."""
    with watched(server) as cost, peer(server.http_address) as connection:
        assert pending(connection, STRANGERS[kind]()) <= MOST_OF_A_STRANGER
    assert cost.peak_growth <= 10 * MB


def test_a_stranger_cannot_make_the_server_keep_bodies(server: Server) -> None:
    """Each of his streams sends as much as its window allows."""
    headers = STRANGERS["a page"]()
    with watched(server) as cost, peer(server.http_address) as connection:
        for stream in streams(250):
            body = DataFrame(stream, data=bytes(FRAME)).serialize() * 4
            connection.say(opening(stream, headers), body)
            if not connection.settle():
                break
    assert cost.peak_growth <= 10 * MB


def test_a_hundred_calls_that_took_too_long_are_no_attack(server: Server) -> None:
    """Clients give up what is past its deadline, all of it at once."""
    headers = block(grpc(GET, server.api_key))
    with peer(server.http_address) as connection:
        for first in (1, 201):
            numbers = streams(100, first)
            connection.say(*[opening(stream, headers) for stream in numbers])
            assert connection.settle()
            connection.say(*[RstStreamFrame(s, error_code=CANCEL).serialize() for s in numbers])
            assert connection.settle()


def test_calls_that_are_given_up_as_soon_as_they_are_made_are_no_attack(server: Server) -> None:
    """Their deadlines are that short; they cost no more than others, for they are answered."""
    headers = block(grpc(GET, server.api_key))
    with peer(server.http_address) as connection:
        calls = [
            opening(stream, headers)
            + DataFrame(stream, data=get_message(), flags=["END_STREAM"]).serialize()
            + RstStreamFrame(stream, error_code=CANCEL).serialize()
            for stream in streams(200)
        ]
        connection.say(b"".join(calls))
        assert connection.settle()


def test_a_ping_and_a_window_with_every_call_are_no_attack(server: Server) -> None:
    """Clients of gRPC measure the path so, as long as there are calls."""
    headers, body = block(grpc(GET, server.api_key)), get_message()
    with peer(server.http_address) as connection:
        for stream in streams(3000):
            connection.say(
                opening(stream, headers),
                DataFrame(stream, data=body, flags=["END_STREAM"]).serialize(),
                PingFrame(0, opaque_data=b"how long").serialize(),
                WindowUpdateFrame(0, window_increment=100).serialize(),
            )
            assert connection.hear(lambda stream=stream: connection.answered(stream))  # type: ignore[misc]
            assert connection.grpc_status(stream) == 0


@pytest.mark.parametrize("size", [FRAME, 4096], ids=["a frame", "4 KiB, as Go does"])
def test_a_window_for_every_part_of_a_large_answer_is_no_attack(server: Server, size: int) -> None:
    value = bytes(4_800_000)
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        assert connection.call(SET, put(value)).grpc_status == 0
    headers, body = block(grpc(GET, server.api_key)), get_message(b"key")
    with peer(server.http_address) as connection:
        for stream in streams(10):
            connection.say(
                opening(stream, headers),
                DataFrame(stream, data=body, flags=["END_STREAM"]).serialize(),
            )
            take_in(connection, stream, size)
            assert connection.received[stream] > len(value)


def take_in(connection: Peer, stream: int, part: int) -> None:
    """Read an answer, and give back the room of each part of it, on the stream and beside it."""
    given = 0
    while not connection.answered(stream):
        arrived = connection.received
        assert connection.hear(lambda: arrived[stream] > given or connection.answered(stream))  # noqa: B023
        while given < arrived[stream]:
            size = min(part, arrived[stream] - given)
            given += size
            connection.say(
                WindowUpdateFrame(stream, window_increment=size).serialize(),
                WindowUpdateFrame(0, window_increment=size).serialize(),
            )


def test_a_call_that_is_refused_may_be_made_again(server: Server) -> None:
    """On the same connection, as soon as others have ended: nothing was done."""
    headers = block(grpc(GET, server.api_key))
    with peer(server.http_address) as connection:
        limit_known = connection.settle()
        assert limit_known
        limit = connection.settings[MAX_CONCURRENT_STREAMS]
        connection.say(*[opening(stream, headers) for stream in streams(limit + 10)])
        assert connection.settle()
        assert set(connection.resets.values()) <= {7}
        body = DataFrame(1, data=get_message(), flags=["END_STREAM"])
        connection.say(body.serialize())
        assert connection.hear(lambda: connection.answered(1))
        again = 2 * (limit + 10) + 1
        body = DataFrame(again, data=get_message(), flags=["END_STREAM"])
        connection.say(opening(again, headers), body.serialize())
        assert connection.hear(lambda: connection.answered(again))
        assert connection.grpc_status(again) == 0


def test_others_are_served_beside_a_full_connection(server: Server) -> None:
    headers = block(grpc(SET, server.api_key))
    with peer(server.http_address) as connection:
        pending(connection, headers)
        with connect(server.http_address, server.api_key, "default-cache") as other:
            assert works(other)
