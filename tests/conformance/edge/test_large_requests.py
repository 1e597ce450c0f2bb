"""A request about many elements leaves the one data thread to others again and again."""

import json
import select
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest
from momento_wire_types import cacheclient_pb2 as pb

from conformance.edge.connection import connect, framed
from conformance.edge.http1 import Http1, http1, request
from conformance.wire import MINUTE
from harness import Server

ELEMENTS = 100_000
NAMES = [f"element {at:06}" for at in range(ELEMENTS)]
MEANWHILE = 10
"""How many requests of another client are answered at least while a large one is served."""

SORTED_SET = {"elements": [{"value": name, "score": at} for at, name in enumerate(NAMES)]}
UNION = {"sources": [{"key": "sorted"}] * 5}
SERVED = 'attimo_requests_total{protocol="grpc",api="SortedSetUnionStore"'
IN_FLIGHT = 'attimo_memory_bytes{part="in_flight"'
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
    """More than once if need be: on a busy machine, the other client may have to wait for a CPU."""
    with connected(server) as large, connected(server) as other:
        assert any(
            answered_meanwhile(server, large, other, asked(server, line, body)) >= MEANWHILE
            for _ in range(5)
        )


def answered_meanwhile(server: Server, large: Http1, other: Http1, whole: bytes) -> int:
    """How many requests of one client are answered while a large one of another is served."""
    large.say(whole)
    answered = 0
    while not select.select([large.socket], [], [], 0)[0]:
        other.say(asked(server, "GET /cache/default-cache/nothing"))
        assert other.reply().status == 404
        answered += 1
    assert large.reply().status in (200, 204)
    return answered


def metric(server: Server, name: str) -> float:
    return value_of(name, httpx.get(f"{server.http}/metrics", trust_env=False).text)


def value_of(name: str, page: str) -> float:
    """The sum of the metrics whose names, with their labels, start so."""
    lines = page.splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def test_large_requests_that_are_cancelled_before_they_begin_are_not_served(server: Server) -> None:
    """A client may cancel and ask again for ever: what it left must not pile up."""
    source = pb._SortedSetUnionStoreRequest._Source(set_name=b"sorted", weight=1)
    union = pb._SortedSetUnionStoreRequest(
        set_name=b"union", sources=[source], ttl_milliseconds=MINUTE
    )
    path, body = "/cache_client.Scs/SortedSetUnionStore", framed(union.SerializeToString())
    before = metric(server, SERVED)
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        streams = [connection.open(connection.headers_for(path)) for _ in range(100)]
        for stream in streams:
            connection.send(stream, body)
        connection.ping()
        for stream in streams:
            if not connection.answers[stream].ended:
                connection.reset(stream)

        assert connection.call(path, body).grpc_status == 0
    assert 1 <= metric(server, SERVED) - before <= len(streams) / 2


def test_a_body_counts_in_memory_until_its_request_is_done(server: Server) -> None:
    whole = asked(server, "POST /cache/default-cache/put?ttl_seconds=600", ITEMS)
    held: list[float] = []
    # More than once if need be: on a busy machine, the other client may have to wait for a CPU.
    while len(held) < MEANWHILE:
        held = held_meanwhile(server, whole)
    # The last answer may have come after that of the large request.
    assert min(held[-4:-1]) > len(whole) / 2


def held_meanwhile(server: Server, whole: bytes) -> list[float]:
    """The memory of what is in flight, again and again until a large request is answered."""
    held = []
    with connected(server) as large, connected(server) as other:
        large.say(whole)
        while not select.select([large.socket], [], [], 0)[0]:
            other.say(asked(server, "GET /metrics"))
            held.append(value_of(IN_FLIGHT, other.reply().body.decode()))
        assert large.reply().status in (200, 204)
    return held
