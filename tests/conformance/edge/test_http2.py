"""The HTTP/2 that gRPC clients count on."""

from momento_wire_types import cacheclient_pb2 as pb

from conformance.edge.connection import Connection, connect
from conformance.edge.scs import GET, MISS, SET, get, put, works
from harness import Server


def test_as_many_streams_are_open_at_once_as_the_server_says(connection: Connection) -> None:
    """The official clients open 100; much more would only serve who means harm."""
    limit = connection.settings().max_concurrent_streams
    streams = [connection.open(connection.headers_for(GET)) for _ in range(limit)]

    for stream in streams:
        connection.send(stream, get())

    assert 100 <= limit <= 250
    assert {connection.answer(stream).grpc_status for stream in streams} == {0}
    assert works(connection)


def test_pings_without_streams_are_answered(connection: Connection) -> None:
    """Clients send one every five seconds, for as long as they live."""
    for _ in range(200):
        connection.ping()

    assert connection.pongs == 200
    assert works(connection)


def test_pings_between_calls_are_answered(connection: Connection) -> None:
    for _ in range(100):
        connection.ping()
        assert works(connection)


def test_thousands_of_calls_use_one_connection(connection: Connection) -> None:
    for _ in range(3000):
        assert connection.call(GET, get()).grpc_status == 0

    assert works(connection)


def test_the_answer_says_what_it_is(connection: Connection) -> None:
    answer = connection.call(GET, get())

    assert answer.headers[":status"] == "200"
    assert answer.headers["content-type"].startswith("application/grpc")
    assert answer.trailers["grpc-status"] == "0"


def test_a_message_may_come_byte_by_byte(connection: Connection) -> None:
    stream = connection.open(connection.headers_for(GET))

    for byte in get():
        connection.send(stream, bytes([byte]), end=False)
    connection.send(stream, b"", end=True)

    assert connection.answer(stream).body == MISS


def test_a_value_larger_than_every_window_comes_and_goes(connection: Connection) -> None:
    value = bytes(range(256)) * 8192

    assert connection.call(SET, put(value)).grpc_status == 0
    got = connection.call(GET, get(b"key"))

    assert got.grpc_status == 0
    assert pb._GetResponse.FromString(got.body[5:]).cache_body == value


def test_a_stream_that_nobody_wants_any_more_harms_none(connection: Connection) -> None:
    """Few enough of them that no limit against floods is touched."""
    for _ in range(10):
        unsent = connection.open(connection.headers_for(GET))
        connection.reset(unsent)
        half = connection.open(connection.headers_for(SET))
        connection.send(half, put(b"value")[:8], end=False)
        connection.reset(half)

    assert works(connection)


def test_metadata_of_some_kilobytes_is_taken(connection: Connection) -> None:
    answer = connection.call(GET, get(), x_long="a" * 7_000)

    assert answer.grpc_status == 0


def test_endless_metadata_is_not_taken(server: Server, connection: Connection) -> None:
    endless = {f"x_{i}": "a" * 8_000 for i in range(20)}
    with connect(server.http_address, server.api_key, "default-cache") as other:
        assert not is_served(other, endless)

    assert works(connection)


def is_served(connection: Connection, metadata: dict[str, str]) -> bool:
    """Whether a call with this metadata is answered; hanging up is an answer too."""
    try:
        return connection.call(GET, get(), **metadata).grpc_status == 0
    except ConnectionError:
        return False


def test_what_a_stranger_has_begun_to_send_is_refused_before_it_is_all_there(
    server: Server,
) -> None:
    with connect(server.http_address, "not a token", "default-cache") as stranger:
        stranger.settings()
        stream = stranger.open(stranger.headers_for(SET))

        stranger.begin_to_send(stream, put(b"v" * 500_000)[:80_000])

        assert stranger.answer(stream).grpc_status == 16
