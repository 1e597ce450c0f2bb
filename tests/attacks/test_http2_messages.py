"""Malformed requests of HTTP/2 (RFC 9113 §8), and blocks that cannot be unpacked (RFC 7541).

A malformed request is never answered with success; its stream or the connection may end, or it is
told so with a 4xx. A block that cannot be unpacked ends the connection: the tables have parted.
"""

import pytest

from attacks.frames import Headers, Peer, block, get, opening, peer, raw, whole
from harness import Server

PROTOCOL, COMPRESSION = 1, 9
PAGE = get()
Pairs = list[tuple[str, str]]


def pairs(headers: Headers, *more: tuple[str, str]) -> Pairs:
    """Headers one by one, so that one can be there twice."""
    return [*headers.items(), *more]


def without(name: str) -> Pairs:
    """The headers of a request but for one."""
    return [(known, value) for known, value in PAGE.items() if known != name]


MALFORMED: dict[str, Pairs] = {
    "8.2.1 upper case": pairs(PAGE, ("X-Upper", "y")),
    "8.2.1 a name with a space": pairs(PAGE, ("x y", "z")),
    "8.2.1 a name with a colon": pairs(PAGE, ("x:y", "z")),
    "8.2.1 a name that is no ASCII": pairs(PAGE, ("x\x80", "z")),
    "8.2.1 a name of nothing": pairs(PAGE, ("", "z")),
    "8.2.1 a NUL in a value": pairs(PAGE, ("x", "y\x00z")),
    "8.2.1 a line break in a value": pairs(PAGE, ("x", "y\r\nz: 1")),
    "8.2.1 a bare LF in a value": pairs(PAGE, ("x", "y\nz")),
    "8.2.2 connection": pairs(PAGE, ("connection", "keep-alive")),
    "8.2.2 keep-alive": pairs(PAGE, ("keep-alive", "timeout=5")),
    "8.2.2 proxy-connection": pairs(PAGE, ("proxy-connection", "keep-alive")),
    "8.2.2 transfer-encoding": pairs(PAGE, ("transfer-encoding", "chunked")),
    "8.2.2 upgrade": pairs(PAGE, ("upgrade", "h2c")),
    "8.2.2 te that is more than trailers": pairs(PAGE, ("te", "trailers, deflate")),
    "8.3 a pseudo header after others": [("x", "y"), *PAGE.items()],
    "8.3 one of no kind": pairs({":test": "x"} | PAGE),
    "8.3 one of answers": pairs({":status": "200"} | PAGE),
    "8.3.1 no method": without(":method"),
    "8.3.1 no scheme": without(":scheme"),
    "8.3.1 no path": without(":path"),
    "8.3.1 an empty path": pairs(PAGE | {":path": ""}),
    "8.3.1 a path without a slash": pairs(PAGE | {":path": "health"}),
    "8.3.1 a path with a space": pairs(PAGE | {":path": "/hea lth"}),
    "8.3.1 a path with a line break": pairs(PAGE | {":path": "/health HTTP/1.1\r\nx: y"}),
    "8.3.1 a method with a space": pairs(PAGE | {":method": "GET /x"}),
    "8.3 two methods": [(":method", "GET"), *PAGE.items()],
    "8.3 two schemes": [(":scheme", "http"), *PAGE.items()],
    "8.3 two paths": [(":path", "/health"), *PAGE.items()],
    "8.3 two authorities": [(":authority", "elsewhere"), *PAGE.items()],
    "8.3.1 another host": pairs(PAGE, ("host", "elsewhere")),
    "8.3.1 a user in the authority": pairs(PAGE | {":authority": "user@localhost"}),
    "8.5 CONNECT with a path": pairs(PAGE | {":method": "CONNECT"}),
    "8.5 CONNECT": [(":method", "CONNECT"), (":authority", "localhost:80")],
    "RFC 8441, 4 a protocol without CONNECT": pairs({":protocol": "websocket"} | PAGE),
    "RFC 8441, 4 a protocol without a path": [
        (":method", "CONNECT"),
        (":protocol", "websocket"),
        (":scheme", "http"),
        (":authority", "localhost"),
    ],
}

BODIES: dict[str, tuple[Headers, bytes]] = {
    "8.1.1 less than its length": ({"content-length": "5"}, raw(0, 1, 1, b"abc")),
    "8.1.1 more than its length": ({"content-length": "2"}, raw(0, 1, 1, b"abc")),
    "8.1.1 less in two frames": ({"content-length": "9"}, raw(0, 0, 1, b"a") + raw(0, 1, 1, b"b")),
    "8.1.1 a length that is none": ({"content-length": "+3"}, raw(0, 1, 1, b"abc")),
    "8.1 trailers that do not end": ({}, opening(1, block({"x": "y"})) + raw(0, 1, 1, b"")),
}

BLOCKS: dict[str, bytes] = {
    "2.3.3 an index beyond the tables": b"\xff\x80\x01",
    "2.3.3 a name beyond the tables": b"\x7f\x80\x01\x01y",
    "4.2 a new size behind a header": block(PAGE) + b"\x20",
    "5.1 a number without end": b"\xff" + b"\x80" * 30 + b"\x01",
    "5.1 a number that is too large": b"\xff" + b"\xff" * 9 + b"\x7f",
    "5.2 a text that is cut off": b"\x00\x01x\x7f",
    "5.2 padding of more than seven bits": b"\x00\x01x\x82\x1f\xff",
    "5.2 padding of noughts": b"\x00\x01x\x81\x18",
    "5.2 the sign that ends": b"\x00\x01x\x84\xff\xff\xff\xff",
    "6.1 index 0": b"\x80",
    "6.3 a size beyond the limit": b"\x3f\xe2\x3f" + block(PAGE),
}


def is_answered(connection: Peer) -> bool:
    """Something was decided of the first stream."""
    return connection.hear(lambda: connection.answered(1)) or connection.closed


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_request_is_not_served(server: Server, name: str) -> None:
    with peer(server.http_address) as connection:
        connection.say(whole(1, block(MALFORMED[name])))

        assert is_answered(connection)
    assert connection.status(1) is None or 400 <= (connection.status(1) or 0) < 500


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_does_not_fit_is_not_written(server: Server, name: str) -> None:
    more, body = BODIES[name]
    path = f"/cache/default-cache?key=fits-{list(BODIES).index(name)}"
    headers = get(path + "&ttl_seconds=60", authorization=server.api_key) | {":method": "PUT"}
    with peer(server.http_address) as connection:
        connection.say(opening(1, block(headers | more)), body)

        assert is_answered(connection)
    assert connection.status(1) is None or 400 <= (connection.status(1) or 0) < 500
    with peer(server.http_address) as connection:
        connection.say(whole(1, block(get(path, authorization=server.api_key))))

        assert is_answered(connection)
    assert connection.status(1) == 404


def test_a_length_without_a_body_is_not_served(server: Server) -> None:
    with peer(server.http_address) as connection:
        connection.say(whole(1, block(get(content_length="5"))))

        assert is_answered(connection)
    assert connection.status(1) is None or 400 <= (connection.status(1) or 0) < 500


@pytest.mark.parametrize(
    "trailers",
    [{":method": "GET"}, {"connection": "close"}, {"X-Upper": "y"}],
    ids=["a pseudo header", "connection", "upper case"],
)
def test_trailers_that_may_not_be_end_the_stream(server: Server, trailers: Headers) -> None:
    """§8.1; and nothing is written."""
    path = "/cache/default-cache?key=trailers&ttl_seconds=60"
    headers = get(path, authorization=server.api_key) | {":method": "PUT"}
    with peer(server.http_address) as connection:
        connection.say(opening(1, block(headers)), whole(1, block(trailers)))

        assert is_answered(connection)
        assert connection.resets.get(1) == PROTOCOL
        connection.say(whole(3, block(get(path, authorization=server.api_key))))
        assert connection.hear(lambda: connection.answered(3))
    assert connection.status(3) == 404


def test_trailers_say_nothing(server: Server) -> None:
    """Whoever is let in is so by the headers of his request."""
    item = get("/cache/default-cache?key=k&ttl_seconds=9") | {":method": "PUT"}
    trailers = block({"authorization": server.api_key})
    with peer(server.http_address) as connection:
        connection.say(opening(1, block(item)), whole(1, trailers))

        assert is_answered(connection)
    assert connection.status(1) == 401


def test_who_waits_for_a_word_gets_it(server: Server) -> None:
    """RFC 9110 §10.1.1; a stranger gets the refusal instead, and need not send anything."""
    path = "/cache/default-cache?key=word&ttl_seconds=60"
    item = get(path, expect="100-continue") | {":method": "PUT"}
    with peer(server.http_address) as connection:
        connection.say(opening(1, block(item | {"authorization": server.api_key})))
        assert connection.hear(lambda: connection.goes_on(1))
        connection.say(raw(0, 1, 1, b"abc"))
        assert is_answered(connection)
        assert connection.headers[1][1][":status"] == "204"
        connection.say(opening(3, block(item)))
        assert connection.hear(lambda: connection.answered(3))
    assert connection.status(3) == 401


def test_a_request_may_have_trailers(server: Server) -> None:
    path = "/cache/default-cache?key=has-trailers&ttl_seconds=60"
    headers = get(path, authorization=server.api_key) | {":method": "PUT"}
    with peer(server.http_address) as connection:
        connection.say(opening(1, block(headers)), raw(0, 0, 1, b"abc"))
        connection.say(whole(1, block({"x-checksum": "1"})))
        assert is_answered(connection)
        assert connection.status(1) == 204
        connection.say(whole(3, block(get(path, authorization=server.api_key))))
        assert connection.hear(lambda: connection.answered(3))
    assert (connection.status(3), connection.received[3]) == (200, 3)


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_that_cannot_be_unpacked_ends_the_connection(server: Server, name: str) -> None:
    with peer(server.http_address) as connection:
        connection.say(whole(1, BLOCKS[name]))

        assert connection.hear(lambda: connection.closed)
    assert connection.goaway == COMPRESSION


@pytest.mark.parametrize(
    "headers",
    [
        get(host="localhost"),
        get(te="trailers"),
        get(x="") | {"y": "\xe9"},
        get(cookie="a=b"),
        get("/health?" + "x" * 8000),
        get() | {f"x-{number}": "y" * 100 for number in range(60)},
        {name: value for name, value in get(host="localhost").items() if name != ":authority"},
    ],
    ids=["host", "te", "odd values", "cookie", "a long path", "many headers", "host alone"],
)
def test_a_request_that_is_only_unusual_is_served(server: Server, headers: Headers) -> None:
    with peer(server.http_address) as connection:
        connection.say(whole(1, block(headers)))

        assert is_answered(connection)
    assert connection.status(1) == 200


def test_the_table_of_headers_is_kept_and_changed_as_told(server: Server) -> None:
    """RFC 7541 §4.2 and §6.3: headers are put into it, evicted from it, and it is made smaller."""
    new = b"\x40\x01x\x01y"
    with peer(server.http_address) as connection:
        connection.say(whole(1, block(PAGE) + new), whole(3, block(PAGE) + b"\xbe"))
        connection.say(whole(5, b"\x20\x3f\xe1\x1f" + block(PAGE) + new + b"\xbe"))
        connection.say(whole(7, b"\x20" + block(PAGE)))

        assert connection.hear(lambda: all(connection.answered(s) for s in (1, 3, 5, 7)))
    assert {connection.status(stream) for stream in (1, 3, 5, 7)} == {200}
