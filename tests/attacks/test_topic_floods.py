"""Floods of topics, subscriptions and messages: memory is bounded, others do not feel them."""

import contextlib
import socket
import threading
from collections.abc import Iterator

import httpx
import pytest
from hyperframe.frame import SettingsFrame, WindowUpdateFrame
from momento_wire_types import cachepubsub_pb2 as pb

from attacks.frames import PREFACE, Peer, block, grpc, opening, peer, raw, streams
from attacks.watching import MB, neighbour, settled, watched
from conformance.edge.connection import framed
from conformance.edge.http1 import http1, request
from conformance.pubsub import SERVICE
from conformance.teams import Team, new_team
from faults.watching import eventually
from harness import Server

MEMORY_MB = 64
"""What the server may use: a quarter of it for messages that topics keep."""
CACHE = "default-cache"
KB = 1024
SUBSCRIBE = f"/{SERVICE}/Subscribe"
WINDOW = WindowUpdateFrame(0, window_increment=1 << 30).serialize()


@pytest.fixture(scope="module")
def small() -> Iterator[Server]:
    """A server with little memory, so that little is enough to fill it."""
    with Server("--memory", f"{MEMORY_MB}MB") as server:
        yield server


@pytest.fixture
def team(small: Server) -> Iterator[Team]:
    """Somebody else's account."""
    with new_team(small) as team:
        yield team


def publishing(server: Server, topic: str, text: bytes) -> bytes:
    """A request that publishes."""
    owner = b"Authorization: " + server.api_key.encode()
    length = b"Content-Length: %d" % len(text)
    return request(f"POST /topics/{CACHE}/{topic}", owner, length, body=text)


def publish(connection: socket.socket, requests: list[bytes]) -> None:
    """Send requests at once, and wait until all are answered."""
    connection.sendall(b"".join(requests))
    heard = b""
    while (answered := heard.count(b"HTTP/1.1 204")) < len(requests):
        part = connection.recv(1 << 16)
        assert part, f"the server has hung up after {answered} of {len(requests)}: {heard[-500:]!r}"
        heard += part


def subscription(topic: str) -> bytes:
    """The body of a call that subscribes."""
    message = pb._SubscriptionRequest(cache_name=CACHE, topic=topic)
    return framed(message.SerializeToString())


def begun(connection: Peer, count: int) -> bool:
    """Wait until so many subscriptions of a connection have begun."""
    return connection.hear(lambda: len(connection.headers) == count)


def open_subscriptions(server: Server) -> int:
    """How many there are, as the metrics say."""
    text = httpx.get(f"{server.http}/metrics", trust_env=False).text
    (value,) = (
        line for line in text.splitlines() if line.startswith("attimo_topic_subscriptions ")
    )
    return int(value.split()[1])


def test_very_many_topics_take_a_share_of_the_memory_and_nothing_from_other_accounts(
    small: Server, team: Team
) -> None:
    """40 MB of names, each with a message."""
    for text in ("first", "second", "third"):
        team.web.post(f"/topics/{CACHE}/news", content=text).raise_for_status()
    name = "n" * 1_000
    with watched(small) as cost, http1(small.http_address) as flood:
        for first in range(0, 40_000, 500):
            numbers = range(first, first + 500)
            publish(flood.socket, [publishing(small, f"{n}{name}", b"x") for n in numbers])
    assert cost.peak_growth <= MEMORY_MB * MB // 2, f"{cost.peak_growth / MB:.0f} MB"
    answer = team.web.get(f"/topics/{CACHE}/news", params={"sequence_number": 1}).json()
    texts = [each["item"]["value"]["text"] for each in answer["items"]]
    assert texts == ["first", "second", "third"]


def test_a_flood_of_subscriptions_costs_little_and_leaves_nothing(small: Server) -> None:
    """On ten connections, each to a topic of its own."""
    headers = block(grpc(SUBSCRIBE, small.api_key))
    connections, each = 10, 1_000
    with watched(small) as cost, contextlib.ExitStack() as stack:
        for connection in range(connections):
            flood = stack.enter_context(peer(small.http_address))
            flood.say(WINDOW)
            for number in streams(each):
                body = subscription(f"{connection} {number}")
                flood.say(opening(number, headers) + raw(0, 1, number, body))
                # More than 250 are allowed once the first has begun.
                assert number > 1 or begun(flood, 1)
            assert begun(flood, each)
        assert open_subscriptions(small) == connections * each
    assert cost.peak_growth <= connections * each * 4 * KB, f"{cost.peak_growth / MB:.0f} MB"
    eventually(lambda: open_subscriptions(small) == 0, "all are gone with their connections")


def test_text_that_is_six_times_as_large_in_json_does_not_wait_in_memory(small: Server) -> None:
    """As events, for readers of which one reads and the others do not."""
    owner = b"Authorization: " + small.api_key.encode()
    asked = request(f"GET /topics/{CACHE}/bomb", owner, b"Accept: text/event-stream")
    bomb = publishing(small, "bomb", b"\1" * (MB - 1_000))
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(http1(small.http_address)).socket for _ in range(20)]
        for reader in readers:
            reader.sendall(asked)
            assert reader.recv(1 << 16)
        ending = threading.Event()
        draining = threading.Thread(target=drain, args=(readers[0], ending))
        draining.start()
        with watched(small) as cost, http1(small.http_address) as publisher:
            for _ in range(24):
                publish(publisher.socket, [bomb])
            settled(small)
        ending.set()
        readers[0].shutdown(socket.SHUT_RDWR)
        draining.join()
    assert cost.peak_growth <= MEMORY_MB * MB // 2, f"{cost.peak_growth / MB:.0f} MB"


def drain(reader: socket.socket, ending: threading.Event) -> None:
    """Take everything that comes, without a look at it."""
    buffer = bytearray(1 << 20)
    with contextlib.suppress(OSError):
        while not ending.is_set() and reader.recv_into(buffer):
            pass


def test_others_do_not_feel_messages_to_very_many_subscribers(small: Server) -> None:
    """The best of three rounds: whatever else the machine does can only make one worse."""
    headers = block(grpc(SUBSCRIBE, small.api_key))
    hello = PREFACE + SettingsFrame(0, settings={4: 1 << 30}).serialize() + WINDOW
    calls = b"".join(opening(n, headers) + raw(0, 1, n, subscription("all")) for n in streams(250))
    ending = threading.Event()
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            reader = stack.enter_context(http1(small.http_address)).socket
            reader.sendall(hello + calls)
            draining = threading.Thread(target=drain, args=(reader, ending))
            draining.start()
            stack.callback(draining.join)
            stack.callback(reader.shutdown, socket.SHUT_RDWR)
        stack.callback(ending.set)
        eventually(lambda: open_subscriptions(small) == 1_000, "all have subscribed")
        assert any(is_calm_beside_messages(small) for _ in range(3))


def is_calm_beside_messages(server: Server) -> bool:
    """Whether a neighbour waits no longer beside a flood of messages than without one."""
    message = publishing(server, "all", b"x" * 100)
    with neighbour(server) as quiet:
        quiet.ending.wait(1)
    with neighbour(server) as beside, http1(server.http_address) as publisher:
        while len(beside.taken) < len(quiet.taken) * 2 // 3:
            publish(publisher.socket, [message] * 10)
    return beside.p99 <= 2 * quiet.p99 + 0.002
