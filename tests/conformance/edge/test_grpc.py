"""Requests that are not quite gRPC: each is refused by itself, and the connection goes on."""

import pytest

from attimo.api.services import METHODS
from conformance.calls import CONTROLS, DATA, Call
from conformance.edge.connection import Connection, framed
from conformance.edge.scs import GET, SET, get, put, works

OK, INVALID_ARGUMENT, EXHAUSTED, UNIMPLEMENTED, INTERNAL = 0, 3, 8, 12, 13


def path(call: Call) -> str:
    """Where a method is."""
    return f"/{call.service}/{call.method}"


def test_a_message_over_the_limit_is_refused_and_the_connection_kept(
    connection: Connection,
) -> None:
    answer = connection.call(SET, put(bytes(5_300_000)))

    assert answer.grpc_status == EXHAUSTED
    assert answer.trailer("err") == "request_size_limit_exceeded"
    assert "request limit" in (answer.trailer("grpc-message") or "").replace("%20", " ").lower()
    assert works(connection)


@pytest.mark.parametrize("length", [5_243_001, 2**31, 2**32 - 1])
def test_a_message_that_says_it_is_over_the_limit_is_believed(
    connection: Connection, length: int
) -> None:
    answer = connection.call(SET, framed(b"only these bytes", length=length))

    assert answer.grpc_status == EXHAUSTED
    assert works(connection)


def test_a_stranger_is_refused_before_his_message(connection: Connection) -> None:
    stream = connection.open(connection.headers_for(SET, authorization="not.a.token"))

    connection.send(stream, put(bytes(100_000)))

    assert connection.answer(stream).grpc_status == 16
    assert works(connection)


@pytest.mark.parametrize(
    "unknown",
    [
        "/cache_client.Scs/NoSuchMethod",
        "/cache_client.Scs/",
        "/cache_client.Scs/get",
        "/cache_client.Scs/Get/",
        "/cache_client.Ping/Pong",
        "/control_client.ScsControl/NoSuchMethod",
        "/no.such.Service/Method",
        "/",
    ],
)
def test_what_is_unknown_is_unimplemented(connection: Connection, unknown: str) -> None:
    answer = connection.call(unknown, get())

    assert answer.headers[":status"] == "200"
    assert answer.grpc_status == UNIMPLEMENTED
    assert works(connection)


@pytest.mark.parametrize(
    "unknown",
    [
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/cache_client.Scs/NoSuchMethod",
        "/leaderboard.Leaderboard/NoSuchMethod",
        "/cache_client.Ping/Pong",
    ],
)
@pytest.mark.parametrize("token", [{}, {"authorization": "not.a.token"}], ids=["known", "unknown"])
def test_what_is_unknown_is_unimplemented_before_the_client_has_said_all(
    connection: Connection, unknown: str, token: dict[str, str]
) -> None:
    """As tools do that ask which methods there are, and say no more until they hear."""
    stream = connection.open(connection.headers_for(unknown, **token))

    connection.send(stream, framed(b"\x3a\x00"), end=False)

    assert connection.answer(stream).grpc_status == UNIMPLEMENTED
    assert works(connection)


def test_every_method_waits_for_its_message(connection: Connection) -> None:
    wrong = []
    for known in [*map(path, DATA), *METHODS]:
        stream = connection.open(connection.headers_for(known))
        connection.ping()
        connection.send(stream, framed(b""))
        if connection.answer(stream).grpc_status == UNIMPLEMENTED:
            wrong.append(known)

    assert wrong == []


@pytest.mark.parametrize("encoding", [{}, {"grpc_encoding": "gzip"}, {"grpc_encoding": "no-such"}])
def test_a_compressed_message_is_refused(connection: Connection, encoding: dict[str, str]) -> None:
    """We announce no compression, so none may be used."""
    answer = connection.call(GET, framed(b"\x1f\x8b\x08", flag=1), **encoding)

    assert answer.grpc_status in (UNIMPLEMENTED, INTERNAL)
    assert works(connection)


def test_what_is_no_protobuf_is_refused_alike(connection: Connection) -> None:
    """A length that runs over the end, a field that never ends, and a group that none opened."""
    codes = {
        path(call): {
            connection.call(path(call), framed(bytes_)).grpc_status
            for bytes_ in (b"\x0a\x7f", b"\xff" * 11, b"\x0c")
        }
        for call in [*DATA, *CONTROLS]
    }

    assert {
        method: found
        for method, found in codes.items()
        if len(found) != 1 or not found <= {INVALID_ARGUMENT, INTERNAL}
    } == {}
    assert works(connection)


def test_all_methods_call_it_the_same(connection: Connection) -> None:
    codes = {
        connection.call(path(call), framed(b"\x0a\x7f")).grpc_status for call in [*DATA, *CONTROLS]
    }

    assert len(codes) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"\x00", b"\x00\x00\x00\x00", framed(b"\x0a\x01k", length=100), get()[:-1]],
    ids=["nothing", "one byte", "no whole length", "less than promised", "cut off"],
)
def test_half_a_message_is_refused(connection: Connection, body: bytes) -> None:
    answer = connection.call(GET, body)

    assert answer.grpc_status in (INVALID_ARGUMENT, INTERNAL)
    assert works(connection)


def test_a_request_without_a_body_is_refused(connection: Connection) -> None:
    stream = connection.open(connection.headers_for(GET), end=True)

    assert connection.answer(stream).grpc_status in (INVALID_ARGUMENT, INTERNAL)
    assert works(connection)


def test_two_messages_are_one_too_many(connection: Connection) -> None:
    answer = connection.call(GET, get(b"first") + get(b"second"))

    assert answer.grpc_status in (INVALID_ARGUMENT, UNIMPLEMENTED, INTERNAL)
    assert works(connection)


@pytest.mark.parametrize("timeout", ["99999999H", "1S", "100m", "banana", "", "-1S", "1" * 50])
def test_no_deadline_upsets_the_server(connection: Connection, timeout: str) -> None:
    answer = connection.call(GET, get(), grpc_timeout=timeout)

    assert answer.grpc_status in (OK, INVALID_ARGUMENT, INTERNAL)
    assert works(connection)


@pytest.mark.parametrize(
    "kind", ["application/grpc", "application/grpc+proto", "application/grpc;charset=utf-8"]
)
def test_every_name_of_grpc_is_understood(connection: Connection, kind: str) -> None:
    assert connection.call(GET, get(), content_type=kind).grpc_status == OK


@pytest.mark.parametrize("kind", ["application/json", "text/plain"])
def test_what_is_not_grpc_is_not_served_as_grpc(connection: Connection, kind: str) -> None:
    answer = connection.call(GET, get(), content_type=kind)

    assert answer.headers[":status"] in ("400", "404", "405", "415")
    assert works(connection)


def test_a_get_request_on_a_method_is_not_served(connection: Connection) -> None:
    headers = dict(connection.headers_for(GET)) | {":method": "GET"}
    stream = connection.open(list(headers.items()), end=True)

    answer = connection.answer(stream)

    assert answer.headers[":status"] != "200" or answer.grpc_status != OK
    assert works(connection)


@pytest.mark.parametrize("call", [call for call in DATA if call.streams], ids=path)
def test_a_refused_stream_is_refused_in_its_headers(connection: Connection, call: Call) -> None:
    """Some clients only look there."""
    body = framed(call.request.SerializeToString())

    answer = connection.call(path(call), body, cache="no-such-cache")

    assert answer.headers["grpc-status"] == "5"
    assert answer.body == b""
