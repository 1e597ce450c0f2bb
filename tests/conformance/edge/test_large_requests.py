"""A request about many elements leaves the one data thread to others again and again."""

import json
import select
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from conformance.edge.http1 import Http1, http1, request
from harness import Server

ELEMENTS = 100_000
NAMES = [f"element {at:06}" for at in range(ELEMENTS)]
MEANWHILE = 10
"""How many requests of another client are answered at least while a large one is served."""

SORTED_SET = {"elements": [{"value": name, "score": at} for at, name in enumerate(NAMES)]}
UNION = {"sources": [{"key": "sorted"}] * 5}
ITEMS = {"items": [{"key": name, "value": "v"} for name in NAMES]}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with one data thread, and a sorted set, a set and a list in it."""
    with Server("--threads", "1") as server:
        with connected(server) as owner:
            for path, body in (
                ("sorted-set?key=sorted&ttl_seconds=600", SORTED_SET),
                ("set?key=set&ttl_seconds=600", {"elements": NAMES}),
                ("list/push-back?key=list&ttl_seconds=600", {"values": NAMES}),
            ):
                owner.say(asked(server, f"POST /cache/default-cache/{path}", body))
                assert owner.reply().status in (200, 204)
        yield server


@contextmanager
def connected(server: Server) -> Iterator[Http1]:
    with http1(server.http_address) as client:
        yield client


def asked(server: Server, line: str, body: object = None) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    length = b"Content-Length: %d" % len(content)
    kind = b"Content-Type: application/json"
    token = b"Authorization: " + server.api_key.encode()
    return request(line, token, kind, length, body=content)


@pytest.mark.parametrize(
    ("line", "body"),
    [
        ("POST /cache/default-cache/sorted-set/union?key=union&ttl_seconds=600", UNION),
        ("GET /cache/default-cache/sorted-set?key=sorted", None),
        ("GET /cache/default-cache/set?key=set", None),
        ("GET /cache/default-cache/list?key=list&encoding=base64", None),
        ("POST /cache/default-cache/get", {"keys": NAMES}),
        ("POST /cache/default-cache/exists", {"keys": NAMES}),
        ("POST /cache/default-cache/put?ttl_seconds=600", ITEMS),
    ],
    ids=lambda case: case.partition("?")[0] if isinstance(case, str) else "",
)
def test_others_are_answered_while_a_large_request_is_served(
    server: Server, line: str, body: object
) -> None:
    with connected(server) as large, connected(server) as other:
        large.say(asked(server, line, body))
        answered = 0
        while not select.select([large.socket], [], [], 0)[0]:
            other.say(asked(server, "GET /cache/default-cache/nothing"))
            assert other.reply().status == 404
            answered += 1

        assert large.reply().status in (200, 204)
        assert answered >= MEANWHILE
