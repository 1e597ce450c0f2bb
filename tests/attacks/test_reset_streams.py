"""Streams of topics, opened and reset in a loop: nothing is left, and others do not feel them."""

import socket
import struct
from collections.abc import Callable, Iterable, Iterator

import pytest
from hyperframe.frame import RstStreamFrame

from attacks.frames import block, get, grpc, opening, peer, raw, streams, whole
from attacks.test_topic_floods import CACHE, SUBSCRIBE, begun, open_subscriptions, subscription
from attacks.watching import MB, neighbour, settled, watched
from conformance.edge.http1 import request
from conformance.teams import Team, new_team
from faults.watching import eventually
from harness import Server

MOST_GROWTH = 4 * MB
BATCH = 40
"""Streams that are open at once: fewer than a connection may cancel in a second."""
PLACES = 8
"""Subscriptions that an account may have, in a test of its own."""
CANCEL = 8
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="
SUBSCRIBES = b'{"id":1,"subscribe":{"topic":"news"}}'

Round = Callable[[Server], None]
"""Opens streams, waits until they have begun, and resets them."""


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server with little memory, of which nobody else takes some."""
    with Server("--memory", "64MB") as server:
        yield server


def reset_connections(server: Server, asked: bytes, begins: bytes) -> None:
    """A stream on each of some connections, which are reset when it has begun."""
    for _ in range(BATCH // 4):
        with socket.create_connection(server.http_address, 20) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(asked)
            heard = b""
            while begins not in heard:
                part = client.recv(1 << 16)
                assert part, heard
                heard += part


def events(server: Server) -> None:
    owner = b"Authorization: " + server.api_key.encode()
    asked = request(f"GET /topics/{CACHE}/news", owner, b"Accept: text/event-stream")
    reset_connections(server, asked, b"event: begin")


def web_sockets(server: Server) -> None:
    upgrade = (b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13", KEY)
    asked = request(f"GET /topics/{CACHE}?token={server.api_key}", *upgrade)
    # A frame of text, masked with zeros, which leave it as it is.
    frame = bytes((0x81, 0x80 | len(SUBSCRIBES))) + bytes(4) + SUBSCRIBES
    reset_connections(server, asked + frame, b'"ack"')


def resets(numbers: Iterable[int]) -> bytes:
    return b"".join(RstStreamFrame(each, error_code=CANCEL).serialize() for each in numbers)


def reset_streams(server: Server, open_one: Callable[[int], bytes]) -> None:
    """Streams on one connection, which are reset one by one."""
    with peer(server.http_address) as connection:
        numbers = list(streams(BATCH))
        connection.say(b"".join(map(open_one, numbers)))
        assert begun(connection, BATCH)
        connection.say(resets(numbers))
        assert connection.settle()


def call(token: str) -> Callable[[int], bytes]:
    """Opens a stream of messages over gRPC."""
    headers, body = block(grpc(SUBSCRIBE, token)), subscription("news")
    return lambda number: opening(number, headers) + raw(0, 1, number, body)


def event_stream(token: str) -> Callable[[int], bytes]:
    """Opens a stream of events."""
    fields = {"authorization": token, "accept": "text/event-stream"}
    headers = block(get(f"/topics/{CACHE}/news", **fields))
    return lambda number: whole(number, headers)


def calls(server: Server) -> None:
    reset_streams(server, call(server.api_key))


def events_on_one_connection(server: Server) -> None:
    reset_streams(server, event_stream(server.api_key))


ROUNDS: dict[str, Round] = {
    "events": events,
    "events over HTTP/2": events_on_one_connection,
    "a web socket": web_sockets,
    "calls": calls,
}


@pytest.mark.parametrize("kind", ROUNDS)
def test_streams_that_are_reset_in_a_loop_leave_nothing_and_others_do_not_feel_them(
    small: Server, kind: str
) -> None:
    """The best of five rounds: whatever else the machine does can only make one worse."""
    ROUNDS[kind](small)  # what only the first ones need
    settled(small)
    with watched(small) as cost:
        assert any(is_calm_beside(small, ROUNDS[kind]) for _ in range(5))
    eventually(lambda: open_subscriptions(small) == 0, "all are gone")
    assert cost.peak_growth <= MOST_GROWTH, f"{cost.peak_growth / MB:.1f} MB"


def is_calm_beside(server: Server, flood: Round) -> bool:
    """Whether a neighbour waits no longer beside a flood of resets than without one."""
    with neighbour(server) as quiet:
        quiet.ending.wait(1)
    with neighbour(server) as beside:
        while len(beside.taken) < len(quiet.taken) * 2 // 3:
            flood(server)
    return beside.p99 <= 2 * quiet.p99 + 0.002


@pytest.fixture
def team(small: Server) -> Iterator[Team]:
    with new_team(small) as team:
        yield team


@pytest.mark.parametrize("opens", [call, event_stream], ids=["calls", "events"])
def test_the_place_of_a_stream_that_is_reset_is_free_for_the_next_one(
    small: Server, team: Team, opens: Callable[[str], Callable[[int], bytes]]
) -> None:
    """The next ones come with the resets, and the account has no place more."""
    team.limit(subscriptions=PLACES)
    open_one = opens(team.key)
    with peer(small.http_address) as connection:
        last: range = streams(0)
        for turn in range(BATCH // PLACES):
            numbers = streams(PLACES, 1 + 2 * PLACES * turn)
            connection.say(resets(last) + b"".join(map(open_one, numbers)))
            assert connection.hear(lambda: all(connection.received[n] for n in numbers))  # noqa: B023
            assert connection.settle()
            assert not any(map(connection.answered, numbers)), f"refused in turn {turn}"
            last = numbers
        beyond = numbers[-1] + 2
        connection.say(open_one(beyond))
        assert connection.hear(lambda: connection.answered(beyond)), "there is no place more"
