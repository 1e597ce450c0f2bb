"""Calls of gRPC that are made to cost much, or that leave out what every client sends."""

import gzip

import pytest

from attacks.frames import block, grpc, peer, raw
from attacks.watching import MB, watched
from conformance.edge.connection import connect, framed
from conformance.edge.scs import GET, MISS, SET, get, works
from harness import Server

UNIMPLEMENTED, INTERNAL, EXHAUSTED = 12, 13, 8
FRAME = 16_384
BOMB = gzip.compress(bytes(200 * MB))


def test_a_compressed_message_is_not_unpacked(server: Server) -> None:
    """200 KB that would be 200 MB."""
    with (
        connect(server.http_address, server.api_key, "default-cache") as connection,
        watched(server) as cost,
    ):
        answer = connection.call(SET, framed(BOMB, flag=1), grpc_encoding="gzip")

        assert answer.grpc_status in (UNIMPLEMENTED, INTERNAL)
        assert works(connection)
    assert cost.peak_growth <= 10 * MB


@pytest.mark.parametrize("flag", [2, 7, 128, 255])
def test_a_flag_that_means_nothing_is_refused(server: Server, flag: int) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        answer = connection.call(GET, framed(get()[5:], flag=flag))

        assert answer.grpc_status in (UNIMPLEMENTED, INTERNAL)
        assert works(connection)


@pytest.mark.parametrize(
    "timeout", ["0n", "0S", "0H", "1n", "00000001S", "99999999H", "123456789S"]
)
def test_a_deadline_of_nothing_harms_nobody(server: Server, timeout: str) -> None:
    """It may be over before the call is read, or be no deadline at all."""
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        answer = connection.call(GET, get(), grpc_timeout=timeout)

        assert answer.grpc_status in (0, 3, 4, INTERNAL)
        assert works(connection)


@pytest.mark.parametrize("left_out", ["te", "content-type"])
def test_a_call_without_what_every_client_sends_is_answered(server: Server, left_out: str) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        headers = [pair for pair in connection.headers_for(GET) if pair[0] != left_out]
        stream = connection.open(headers)
        connection.send(stream, get())
        answer = connection.answer(stream)

        assert (
            answer.body == MISS if answer.grpc_status == 0 else answer.headers[":status"] != "500"
        )
        assert works(connection)


@pytest.mark.parametrize("size", [40_000, 60_000])
def test_metadata_that_is_too_long_is_refused_alone(server: Server, size: int) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        stream = connection.open(connection.headers_for(GET, x_long="y" * size))
        connection.send(stream, get())
        answer = connection.answer(stream)

        assert answer.body == b""
        assert answer.grpc_status == EXHAUSTED or answer.headers.get(":status") == "431"
        assert works(connection)


def test_a_megabyte_of_metadata_is_not_kept(server: Server) -> None:
    """The connection may end: whoever sends that goes on with it."""
    headers = block(grpc(GET, server.api_key, x_long="y" * MB))
    parts = [headers[at : at + FRAME] for at in range(0, len(headers), FRAME)]
    with watched(server) as cost, peer(server.http_address) as connection:
        connection.say(raw(1, 0, 1, parts[0]))
        connection.say(*[raw(9, 0, 1, part) for part in parts[1:]], raw(9, 4, 1))
        connection.settle()

        assert connection.received[1] == 0
    assert cost.peak_growth <= 10 * MB


@pytest.mark.parametrize("name", ["cache", "authorization"])
def test_metadata_that_is_no_text_is_no_name(server: Server, name: str) -> None:
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        answer = connection.call(GET, get(), **{name: "\x80\xff\u20ac"})

        assert answer.grpc_status in (3, 5, 16)
        assert works(connection)
