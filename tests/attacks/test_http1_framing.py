"""HTTP/1.1 requests whose end can be understood in two ways.

Whoever stands before us may understand it in the other one, and what is a body to one is a request
to the other (request smuggling). So they are refused, and the connection ends (RFC 9112 §6.3).
"""

import pytest

from attacks.refusals import BAD, TOO_LARGE, UNKNOWN_CODING, owner, put, refused, served
from conformance.edge.http1 import LAST, chunked, http1, request
from harness import Server

HELLO = b"5\r\nhello\r\n0\r\n\r\n"
SMUGGLED = request("GET /health")

TWO_LENGTHS = {
    "a length, then chunks": (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
    "chunks, then a length": (b"Transfer-Encoding: chunked", b"Content-Length: 5"),
    "a length of nothing, then chunks": (b"Content-Length: 0", b"Transfer-Encoding: chunked"),
    "two lengths": (b"Content-Length: 5", b"Content-Length: 15"),
    "two lengths, the other way": (b"Content-Length: 15", b"Content-Length: 5"),
    "two lengths in one line": (b"Content-Length: 5, 15",),
}

LENGTHS = {
    "nothing": b"",
    "a sign": b"+5",
    "less than nothing": b"-5",
    "a comma": b"5,",
    "a space inside": b"1 5",
    "hexadecimal": b"0x5",
    "hexadecimal digits": b"f",
    "a fraction": b"5.0",
    "an exponent": b"5e0",
    "an underscore": b"1_5",
    "a semicolon": b"5;a=b",
    "quoted": b'"5"',
    "digits of another script": "\N{ARABIC-INDIC DIGIT FIVE}".encode(),
    "2^64 and 5": b"18446744073709551621",
    "2^32 and 5, with a sign": b"+4294967301",
    "very many digits": b"5" * 1000,
    "a vertical tab": b"\x0b5",
}

CODINGS = {
    "unknown": (b"Transfer-Encoding: xchunked",),
    "gzip before": (b"Transfer-Encoding: gzip, chunked",),
    "gzip behind": (b"Transfer-Encoding: chunked, gzip",),
    "gzip alone": (b"Transfer-Encoding: gzip",),
    "identity": (b"Transfer-Encoding: identity",),
    "chunked, then identity": (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity"),
    "identity, then chunked": (b"Transfer-Encoding: identity, chunked",),
    "twice": (b"Transfer-Encoding: chunked, chunked",),
    "twice, in two lines": (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
    "nothing": (b"Transfer-Encoding:",),
    "quoted": (b'Transfer-Encoding: "chunked"',),
    "a parameter": (b"Transfer-Encoding: chunked;a=b",),
    "a vertical tab before": (b"Transfer-Encoding: \x0bchunked",),
    "a form feed behind": (b"Transfer-Encoding: chunked\x0c",),
    "a byte that is no ASCII": (b"Transfer-Encoding: chunked\xa0",),
}

NAMES = {
    "a space before the colon": b"Transfer-Encoding : chunked",
    "a tab before the colon": b"Transfer-Encoding\t: chunked",
    "a space before the length's colon": b"Content-Length : 5",
    "a space before the name": b" Transfer-Encoding: chunked",
    "a line that goes on": b"Transfer-Encoding:\r\n chunked",
    "a line that goes on with a tab": b"X: y\r\n\tz",
    "a length that goes on": b"Content-Length: 1\r\n 5",
    "a bare CR behind the value": b"Transfer-Encoding: chunked\r",
    "a bare CR inside": b"X: y\rTransfer-Encoding: chunked",
    "a bare LF behind the line": b"X: y\nTransfer-Encoding: chunked",
    "a NUL in the value": b"Transfer-Encoding: chunked\x00",
    "a NUL in the name": b"Transfer-\x00Encoding: chunked",
    "no colon": b"Transfer-Encoding chunked",
    "no name": b": chunked",
    "a name with a space": b"Transfer Encoding: chunked",
}

CHUNKS = {
    "no size": b"\r\nhello\r\n0\r\n\r\n",
    "no digit": b"g\r\nhello\r\n0\r\n\r\n",
    "a digit that is none": b"5g\r\nhello\r\n0\r\n\r\n",
    "a sign": b"+5\r\nhello\r\n0\r\n\r\n",
    "less than nothing": b"-5\r\nhello\r\n0\r\n\r\n",
    "a prefix": b"0x5\r\nhello\r\n0\r\n\r\n",
    "an underscore": b"0_5\r\nhello\r\n0\r\n\r\n",
    "a space before": b" 5\r\nhello\r\n0\r\n\r\n",
    "a comma": b"5,\r\nhello\r\n0\r\n\r\n",
    "only an extension": b";a=b\r\nhello\r\n0\r\n\r\n",
    "2^64 and 5": b"10000000000000005\r\nhello\r\n0\r\n\r\n",
    "2^64 - 1": b"ffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "very many noughts": b"0" * 10_000 + b"5\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind the size": b"5\nhello\r\n0\r\n\r\n",
    "a bare CR behind the size": b"5\rhello\r\n0\r\n\r\n",
    "a bare LF in an extension": b"5;a\nhello\r\n0\r\n\r\n",
    "a bare CR in an extension": b"5;a\rb\r\nhello\r\n0\r\n\r\n",
    "a NUL in an extension": b"5;a\x00\r\nhello\r\n0\r\n\r\n",
    "a bare LF behind the data": b"5\r\nhello\n0\r\n\r\n",
    "nothing behind the data": b"5\r\nhello0\r\n\r\n",
    "more data than said": b"5\r\nhello there\r\n0\r\n\r\n",
    "two other bytes behind the data": b"5\r\nhelloXX0\r\n\r\n",
    "a bare LF behind the last size": b"5\r\nhello\r\n0\n\r\n",
    "no end": b"5\r\nhello\r\n0\r\nX",
    "a trailer without a colon": b"5\r\nhello\r\n0\r\ntrailer\r\n\r\n",
    "a trailer with a bare LF": b"5\r\nhello\r\n0\r\na: b\nc: d\r\n\r\n",
    "a trailer with a NUL": b"5\r\nhello\r\n0\r\na: \x00\r\n\r\n",
    "a trailer that goes on": b"5\r\nhello\r\n0\r\na: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("name", TWO_LENGTHS)
def test_two_lengths_are_one_too_many(server: Server, name: str) -> None:
    assert refused(server, put(server, *TWO_LENGTHS[name], body=HELLO)).status in BAD


@pytest.mark.parametrize("name", TWO_LENGTHS)
def test_two_lengths_are_refused_before_the_control_plane(server: Server, name: str) -> None:
    post = request("POST /roles", owner(server), *TWO_LENGTHS[name], body=HELLO)

    assert refused(server, post).status in BAD


@pytest.mark.parametrize("headers", [(b"Content-Length: 5",) * 2, (b"Content-Length: 5, 5",)])
def test_a_length_said_twice_is_one_length_or_none(
    server: Server, headers: tuple[bytes, ...]
) -> None:
    """Both are allowed (RFC 9110 §8.6), but nothing else is."""
    with http1(server.http_address) as client:
        client.say(put(server, *headers, body=b"hello") + LAST)
        statuses = [reply.status for reply in client.replies()]

    assert statuses in ([204, 200], [400])


@pytest.mark.parametrize("name", LENGTHS)
def test_a_length_is_digits(server: Server, name: str) -> None:
    length = b"Content-Length: " + LENGTHS[name]

    assert refused(server, put(server, length, body=b"hello")).status in BAD | TOO_LARGE


@pytest.mark.parametrize("name", CODINGS)
def test_chunked_is_the_only_coding_and_said_once(server: Server, name: str) -> None:
    reply = refused(server, put(server, *CODINGS[name], body=HELLO))

    assert reply.status in UNKNOWN_CODING


@pytest.mark.parametrize("name", NAMES)
def test_a_header_stands_on_one_line_of_its_own(server: Server, name: str) -> None:
    assert refused(server, put(server, NAMES[name], body=HELLO)).status in BAD


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_are_measured_exactly(server: Server, name: str) -> None:
    key = f"chunks-{list(CHUNKS).index(name)}"
    data = put(server, b"Transfer-Encoding: chunked", body=CHUNKS[name], key=key)

    assert refused(server, data).status in BAD | TOO_LARGE
    gone = request(f"GET /cache/default-cache?key={key}", owner(server))
    assert [reply.status for reply in served(server, gone)] == [404]


def test_http_1_0_has_no_chunks(server: Server) -> None:
    """A proxy of that age would not have known them (RFC 9112 §6.1)."""
    data = put(server, b"Connection: keep-alive", b"Transfer-Encoding: chunked", body=HELLO)

    assert refused(server, data.replace(b"HTTP/1.1", b"HTTP/1.0", 1)).status in BAD


def test_a_request_in_a_body_stays_in_it(server: Server) -> None:
    for coded in (
        put(server, b"Content-Length: %d" % len(SMUGGLED), body=SMUGGLED),
        put(server, b"Transfer-Encoding: chunked", body=chunked(SMUGGLED)),
        put(
            server,
            b"X-Note: Content-Length: 0",
            b"Transfer-Encoding: chunked",
            body=chunked(SMUGGLED),
        ),
    ):
        assert [reply.status for reply in served(server, coded)] == [204]


def test_trailers_cannot_say_who_asks(server: Server) -> None:
    body = b"5\r\nhello\r\n0\r\n" + owner(server) + b"\r\n\r\n"
    line = "PUT /cache/default-cache?key=k&ttl_seconds=60"
    stranger = request(line, b"Transfer-Encoding: chunked", body=body)

    with http1(server.http_address) as client:
        client.say(stranger + LAST)
        assert client.replies()[0].status == 401


@pytest.mark.parametrize(
    "hidden", [b"Authorization", b"Attimo-Account", b"Attimo-Key", b"Attimo-Peer", b"Host"]
)
def test_a_header_that_ends_here_cannot_take_ours_with_it(server: Server, hidden: bytes) -> None:
    """`Connection` names headers of one hop; ours are not the client's to name."""
    listed = request("GET /caches", owner(server), b"Connection: " + hidden)

    assert [reply.status for reply in served(server, listed)] == [200]


def test_nobody_says_for_himself_who_he_is(server: Server) -> None:
    forged = request(
        "GET /caches", b"Attimo-Account: 1", b"Attimo-Key: local", b"Attimo_Key: local"
    )

    assert [reply.status for reply in served(server, forged)] == [401]
