"""HTTP/1.1 requests that are none: the request line, the host, the headers, and their sizes."""

import pytest

from attacks.refusals import BAD, TOO_LARGE, TOO_LONG, VERSION, is_well, owner, put, refused, served
from attacks.watching import MB, watched
from conformance.edge.http1 import LAST, chunked, http1, request
from harness import Server

HOST = b"\r\nHost: localhost\r\n\r\n"
PIPELINE = 1000

LINES = {
    "no version": b"GET /health",
    "no path": b"GET HTTP/1.1",
    "only a method": b"GET",
    "two spaces": b"GET  /health HTTP/1.1",
    "two spaces before the version": b"GET /health  HTTP/1.1",
    "a tab": b"GET\t/health HTTP/1.1",
    "a space before": b" GET /health HTTP/1.1",
    "a space behind": b"GET /health HTTP/1.1 ",
    "something behind": b"GET /health HTTP/1.1 x",
    "a space in the path": b"GET /hea lth HTTP/1.1",
    "a NUL in the path": b"GET /health\x00 HTTP/1.1",
    "a bare CR in the path": b"GET /hea\rlth HTTP/1.1",
    "a bare LF behind the line": b"GET /health HTTP/1.1\nX: y",
    "a bell in the path": b"GET /hea\x07lth HTTP/1.1",
    "DEL in the path": b"GET /hea\x7flth HTTP/1.1",
    "a path without a slash": b"GET health HTTP/1.1",
    "no method": b" /health HTTP/1.1",
    "a method with a colon": b"GE:T /health HTTP/1.1",
    "a method with a NUL": b"GE\x00T /health HTTP/1.1",
    "a method with quotes": b'"GET" /health HTTP/1.1',
    "lower case": b"GET /health http/1.1",
    "another protocol": b"GET /health HTTPS/1.1",
    "no minor version": b"GET /health HTTP/1",
    "no point": b"GET /health HTTP/11",
    "two digits": b"GET /health HTTP/1.10",
    "digits before": b"GET /health HTTP/01.1",
    "a letter": b"GET /health HTTP/1.x",
    "no number": b"GET /health HTTP/",
}

VERSIONS = [b"HTTP/0.9", b"HTTP/2.0", b"HTTP/3.0", b"HTTP/9.9"]

HOSTS = {
    "none": b"X: y",
    "two": b"Host: localhost\r\nHost: localhost",
    "two that differ": b"Host: localhost\r\nHost: elsewhere",
    "two in one line": b"Host: localhost, elsewhere",
    "a space inside": b"Host: local host",
    "a user": b"Host: user@localhost",
    "a path": b"Host: localhost/path",
    "a query": b"Host: localhost?x",
    "a port that is none": b"Host: localhost:port",
    "a whole URL": b"Host: http://localhost",
    "a backslash": b"Host: localhost\\x",
    "a byte that is no ASCII": b"Host: local\xffhost",
}

HEADERS = {
    "a NUL": b"X: a\x00b",
    "a bell": b"X: a\x07b",
    "DEL": b"X: a\x7fb",
    "an escape": b"X: \x1b[31m",
    "a name with parentheses": b"X(1): y",
    "a name with a slash": b"X/1: y",
    "a name with an at sign": b"X@1: y",
    "a name that is no ASCII": b"X\xe9: y",
    "a name in quotes": b'"X": y',
    "only a colon": b":",
    "only a space": b" ",
    "a bare CR before the end": b"X: y\r\r",
}

TOO_LONG_HEADS = {
    "a path": request("GET /" + "a" * 100_000),
    "a query": request("GET /health?" + "a" * 1_000_000),
    "a method": b"A" * 100_000 + b" /health HTTP/1.1" + HOST,
    "a version": b"GET /health HTTP/1.1" + b"1" * 100_000 + HOST,
    "a value": request("GET /health", b"X: " + b"a" * 100_000),
    "a name": request("GET /health", b"X" * 100_000 + b": y"),
    "many headers": request("GET /health", *[b"x-%d: y" % number for number in range(10_000)]),
    "many of one name": request("GET /health", *[b"x: y"] * 100_000),
    "a value of spaces": request("GET /health", b"X: " + b" " * 100_000 + b"y"),
    "empty lines": b"\r\n" * 500_000,
}

CHUNKS = {
    "an extension": b"5;" + b"a" * 100_000 + b"\r\nhello\r\n0\r\n\r\n",
    "extensions": (b"1;" + b"a" * 1000 + b"\r\nx\r\n") * 1000 + b"0\r\n\r\n",
    "a trailer": b"0\r\nx: " + b"a" * 100_000 + b"\r\n\r\n",
    "trailers": b"0\r\n" + b"x: y\r\n" * 100_000 + b"\r\n",
}

NOT_FOR_US = [
    "BREW /health",
    "TRACE /health",
    "PATCH /cache/default-cache?key=k",
    "PROPFIND /caches",
    "CONNECT localhost:80",
    "OPTIONS *",
    "GET *",
    "GET /%",
    "GET /%zz",
    "GET /%00",
    "GET /caches/%ff%fe",
    "GET /cache/%ff%fe?key=k",
    "GET /cache/default-cache?key=%",
    "GET /cache/default-cache?key_base64=%00",
    "GET /cache/",
    "GET //caches",
    "GET /../caches",
    "GET /cache/..%2f..%2fhealth?key=k",
    "GET ftp://localhost/health",
    "GET http:///health",
    "GET http://user:password@localhost/health",
]


@pytest.mark.parametrize("name", LINES)
def test_a_request_line_is_three_words(server: Server, name: str) -> None:
    assert refused(server, LINES[name] + HOST).status in BAD | VERSION


@pytest.mark.parametrize("version", VERSIONS)
def test_another_version_is_refused(server: Server, version: bytes) -> None:
    assert refused(server, b"GET /health " + version + HOST).status in VERSION


def test_the_first_version_of_all_is_not_spoken(server: Server) -> None:
    """It has no status and no headers, so anything could be taken for an answer in it."""
    with http1(server.http_address) as client:
        client.say(b"GET /health\r\n")
        client.finish()

        assert [reply.status for reply in client.replies()] in ([], [400], [505])


@pytest.mark.parametrize("name", HOSTS)
def test_a_request_has_one_host(server: Server, name: str) -> None:
    data = b"GET /health HTTP/1.1\r\n" + HOSTS[name] + b"\r\n\r\n"

    with http1(server.http_address) as client:
        client.say(data + LAST)
        assert client.replies()[0].status == 400


@pytest.mark.parametrize("host", [b"localhost:8080", b"[::1]:80", b"a-b_c.example.", b"%41"])
def test_a_host_may_be_called_anything_that_is_a_host(server: Server, host: bytes) -> None:
    data = b"GET /health HTTP/1.1\r\nHost: " + host + b"\r\n\r\n"

    assert [reply.status for reply in served(server, data)] == [200]


@pytest.mark.parametrize("name", HEADERS)
def test_a_header_is_made_of_what_is_allowed(server: Server, name: str) -> None:
    assert refused(server, request("GET /health", HEADERS[name])).status in BAD


@pytest.mark.parametrize("name", TOO_LONG_HEADS)
def test_what_comes_before_a_body_has_an_end(server: Server, name: str) -> None:
    assert refused(server, TOO_LONG_HEADS[name]).status in TOO_LONG


@pytest.mark.parametrize("name", CHUNKS)
def test_what_stands_between_chunks_has_an_end(server: Server, name: str) -> None:
    data = put(server, b"Transfer-Encoding: chunked", body=CHUNKS[name])

    assert refused(server, data).status in TOO_LONG | TOO_LARGE


@pytest.mark.parametrize("announced", [b"5243001", b"9223372036854775807", b"18446744073709551615"])
def test_a_body_that_says_it_is_too_large_is_believed(server: Server, announced: bytes) -> None:
    """At once: none of it has been sent."""
    reply = refused(server, put(server, b"Content-Length: " + announced))

    assert reply.status in TOO_LARGE | BAD


def test_chunks_that_are_too_much_are_refused_while_they_come(server: Server) -> None:
    with http1(server.http_address) as client:
        client.say(put(server, b"Transfer-Encoding: chunked", body=chunked(bytes(100_000))[:-5]))
        for _ in range(60):
            client.say(chunked(bytes(100_000))[:-5])

        assert [reply.status for reply in client.replies()] == [413]


def test_chunks_of_one_byte_cost_no_more_than_what_is_in_them(server: Server) -> None:
    body = b"1\r\nx\r\n" * 1_000_000 + b"0\r\n\r\n"
    with watched(server) as cost:
        replies = served(server, put(server, b"Transfer-Encoding: chunked", body=body))

    assert [reply.status for reply in replies] == [204]
    assert cost.peak_growth <= 20 * MB


@pytest.mark.parametrize(
    "length", [b"Content-Length: 5000000", b"Transfer-Encoding: chunked"], ids=["length", "chunks"]
)
def test_a_stranger_is_refused_before_his_large_body(server: Server, length: bytes) -> None:
    line = "PUT /cache/default-cache?key=k&ttl_seconds=60"
    with http1(server.http_address) as client:
        client.say(request(line, b"Authorization: x.y.z", length))
        if length.endswith(b"chunked"):
            client.say(b"%x\r\n" % 200_000 + bytes(200_000))

        assert [reply.status for reply in client.replies()] in ([401], [413])


@pytest.mark.parametrize("line", NOT_FOR_US)
def test_what_we_have_not_is_told_and_nobody_hangs(server: Server, line: str) -> None:
    with http1(server.http_address) as client:
        client.say(request(line, owner(server)) + LAST)
        replies = client.replies()

    assert 400 <= replies[0].status < 500 or replies[0].status == 501 or line == "OPTIONS *"
    assert server.api_key.encode() not in replies[0].body


def test_a_thousand_requests_at_once_are_answered_in_order(server: Server) -> None:
    get = request("GET /cache/default-cache?key=none", owner(server))
    data = (request("GET /health") + get) * (PIPELINE // 2)

    statuses = [reply.status for reply in served(server, data)]

    assert statuses == [200, 404] * (PIPELINE // 2)


def test_what_stands_before_a_broken_request_is_answered(server: Server) -> None:
    with http1(server.http_address) as client:
        client.say(request("GET /health") * 3 + b"GET / NONSENSE" + HOST + LAST)
        statuses = [reply.status for reply in client.replies()]

    assert statuses[:3] == [200, 200, 200]
    assert len(statuses) == 4
    assert statuses[3] in BAD | VERSION


@pytest.mark.parametrize(
    "half",
    [
        b"GET",
        b"GET /health HTTP/1.1",
        b"GET /health HTTP/1.1\r\nHost: loc",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\n",
        b"PUT /cache/c?key=k HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhal",
        b"PUT /cache/c?key=k HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhal",
    ],
    ids=range(6),
)
def test_half_a_request_is_never_taken_for_one(server: Server, half: bytes) -> None:
    with http1(server.http_address) as client:
        client.say(half)
        client.finish()

        assert [reply.status for reply in client.replies()] in ([], [400], [401])
    assert is_well(server)
