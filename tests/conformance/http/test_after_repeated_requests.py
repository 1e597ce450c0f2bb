"""Requests that come after many that are alike are read and answered as on a new connection."""

import pytest

from conformance.edge.http1 import Http1, http1, request
from conformance.http.items import Items
from conformance.http.repeating import MANY, WAYS, Fields
from harness import Server

LIMIT = 32_768
"""The most bytes that the head of a request may have."""

HEADERS: list[Fields] = [
    (),
    (("authorization", "another"),),
    (("x-free-remaining-bytes", "1"),),
    (("origin", "https://page.example"),),
    (("origin", "https://page.example"), ("sec-fetch-site", "cross-site")),
    (("cookie", "a=1"),),
    (("content-type", "application/grpc-web+proto"),),
    (("content-length", "0"),),
    (("content-length", "1"), ("content-length", "2")),
    (("range", "bytes=0-0"),),
]
BELOW = ["?key=" + "a" * 2_000, "?key=b", "?key=a%2", "?key=a&token=t", "?key", "?key=", "/", "/a"]
BELOW += ["/a?x=1", "/a%2Fb", "/keys", "/keys?prefix=", "/list?key=a", "/dictionary?key=a"]


@pytest.mark.parametrize("version", WAYS)
@pytest.mark.parametrize("known", ["?key=a", "/a"])
def test_other_headers_urls_and_methods_are_answered_as_on_a_new_connection(
    items: Items, server: Server, version: str, known: str
) -> None:
    items.put("a", b"value")
    path = f"/cache/{items.cache}"
    cases = [("GET", path + known, more) for more in HEADERS]
    cases += [("GET", path + below, ()) for below in BELOW]
    cases += [(method, path + known, ()) for method in ("HEAD", "OPTIONS", "PATCH", "POST")]

    way = WAYS[version]
    for method, url, more in cases:
        with way(server.http_address) as new, way(server.http_address) as used:
            for _ in range(MANY):
                assert used(path + known, server.api_key).body == b"value"
            expected = new(url, server.api_key, method, more)
            assert used(url, server.api_key, method, more) == expected, (method, url, more)


def test_a_head_that_must_be_refused_is_refused_behind_many_that_are_alike(
    items: Items, server: Server
) -> None:
    items.put("a", b"value")
    path = f"/cache/{items.cache}?key="
    good = request(f"GET {path}a", f"Authorization: {server.api_key}".encode())
    line, rest = good.split(b"\r\n", 1)
    key = b"a" * LIMIT
    bad = {
        "the URL is too long": good.replace(b"key=a", b"key=" + key),
        "the headers are too large": good[:-2] + b"X: " + key + b"\r\n\r\n",
        "two hosts": good[:-2] + b"Host: other\r\n\r\n",
        "two lengths": good[:-2] + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "length and coding": good[:-2]
        + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "a blank before the colon": good[:-2] + b"X : 1\r\n\r\n",
        "a lone line feed": line + b"\n" + rest,
        "a blank in the URL": good.replace(b"key=a", b"key=a b"),
        "a tab in the URL": good.replace(b"key=a", b"key=a\tb"),
        "a byte that is not ASCII": good.replace(b"key=a", b"key=\xe9"),
        "another version": good.replace(b"HTTP/1.1", b"HTTP/2.0"),
        "no method": good.replace(b"GET", b"get"),
    }
    for what, head in bad.items():
        with http1(server.http_address) as new, http1(server.http_address) as used:
            _repeat(used, good)
            new.say(head)
            expected = new.reply()
            # Together with a good one, as whoever smuggles a request sends it.
            used.say(good + head + good)
            assert used.reply().body == b"value", what
            found = used.reply()
            assert (found.status, found.body) == (expected.status, expected.body), what
            assert 400 <= found.status < 600, what
            assert found.closes, what
            assert used.replies() == [], what


def test_requests_that_come_at_once_or_in_pieces_are_answered_each_and_in_order(
    items: Items, server: Server
) -> None:
    for name in "abc":
        items.put(name, name.encode())
    path = f"/cache/{items.cache}?key="
    head = f"Authorization: {server.api_key}".encode()
    heads = [request(f"GET {path}{name}", head) for name in "abc" * MANY]
    asked = b"".join(heads)
    with http1(server.http_address) as used:
        _repeat(used, heads[0])
        used.say(asked)
        assert b"".join(used.reply().body for _ in heads) == b"abc" * MANY

        for at in range(1, len(heads[0])):
            used.say(heads[0][:at])
            used.say(heads[0][at:] + heads[1])
            assert (used.reply().body, used.reply().body) == (b"a", b"b"), at


def _repeat(client: Http1, head: bytes) -> None:
    """Ask until the server knows the head."""
    for _ in range(MANY):
        client.say(head)
        assert client.reply().status == 200
