"""Subscribers that take nothing: a message waits for all of them once, and they end like others."""

import contextlib
import time
from collections.abc import Iterator
from threading import Thread

import grpc as grpc_client
import pytest
from hyperframe.frame import WindowUpdateFrame
from momento_wire_types import cachepubsub_pb2 as pb

from attacks.frames import (
    REFUSED_STREAM,
    Peer,
    block,
    get,
    grpc,
    opening,
    peer,
    raw,
    streams,
    whole,
)
from attacks.watching import MB, settled, watched
from conformance.edge.connection import framed
from conformance.edge.http1 import http1, request
from conformance.pubsub import SERVICE, Pubsub
from conformance.wire import Wire, plaintext
from harness import Server

INITIAL_WINDOW = 4
HEARTBEAT = 7
"""What each stream begins with, in bytes of content."""
CONNECTION_WINDOW = WindowUpdateFrame(0, window_increment=1 << 30).serialize()
MANY = 200
LARGE = 300_000
NOT_FOUND, UNAVAILABLE = 5, 14
PROMPTLY_SECONDS = 5
CACHE, TOPIC = "default-cache", "news"
DELETED = "deleted"


@pytest.fixture
def pubsub(server: Server) -> Iterator[Pubsub]:
    """The owner's calls, on a connection of their own."""
    with plaintext(server.http_address) as channel:
        yield Pubsub(channel, server.api_key)


def subscribed(connection: Peer, server: Server, numbers: range, cache: str = CACHE) -> None:
    """Subscribe on each of these streams, and wait until the server has answered."""
    headers = block(grpc(f"/{SERVICE}/Subscribe", server.api_key))
    message = pb._SubscriptionRequest(cache_name=cache, topic=TOPIC)
    body = framed(message.SerializeToString())
    connection.say(CONNECTION_WINDOW)
    for number in numbers:
        connection.say(opening(number, headers) + raw(0, 1, number, body))
    assert connection.hear(lambda: all(number in connection.headers for number in numbers))


def all_answered(connection: Peer, count: int) -> bool:
    """Whether nothing more will come on the first streams."""
    return all(map(connection.answered, streams(count)))


def test_a_large_message_waits_for_many_once_and_others_on_the_connection_are_served(
    server: Server, pubsub: Pubsub
) -> None:
    """Each stream begins to write the message; together they would wait for 60 MB."""
    with watched(server) as cost, peer(server.http_address, {INITIAL_WINDOW: 1_000}) as deaf:
        numbers = streams(MANY)
        subscribed(deaf, server, numbers)
        pubsub.publish(CACHE, TOPIC, "x" * LARGE)
        assert deaf.hear(lambda: all(deaf.received[number] == 1_000 for number in numbers))
        settled(server)

        other = numbers[-1] + 2
        deaf.say(whole(other, block(get())))
        assert deaf.hear(lambda: deaf.answered(other)), "its request does not wait for them"
        assert deaf.status(other) == 200
        for number in numbers:
            deaf.say(WindowUpdateFrame(number, window_increment=1 << 20).serialize())
        assert deaf.hear(lambda: all(deaf.received[number] > LARGE for number in numbers))
        assert not deaf.resets, "who reads in the end misses nothing"
    assert cost.peak_growth <= 16 * MB, f"{cost.peak_growth / MB:.0f} MB"


def test_a_deleted_cache_ends_subscriptions_whose_clients_take_nothing(
    server: Server, pubsub: Pubsub
) -> None:
    """With trailers, which need no window, unless a message is written in part."""
    with plaintext(server.http_address) as channel:
        owner = Wire(channel, token=server.api_key)
        owner.create_cache(DELETED)
        with (
            peer(server.http_address, {INITIAL_WINDOW: HEARTBEAT}) as waiting,
            peer(server.http_address, {INITIAL_WINDOW: 1_000}) as inside,
        ):
            for connection in (waiting, inside):
                subscribed(connection, server, streams(3), DELETED)
            pubsub.publish(DELETED, TOPIC, "x" * LARGE)
            assert inside.hear(lambda: all(inside.received[s] == 1_000 for s in streams(3)))
            owner.delete_cache(DELETED)

            assert waiting.hear(lambda: all_answered(waiting, 3), PROMPTLY_SECONDS)
            assert inside.hear(lambda: all_answered(inside, 3), PROMPTLY_SECONDS)
            assert [waiting.grpc_status(s) for s in streams(3)] == [NOT_FOUND] * 3
            assert inside.resets == dict.fromkeys(streams(3), REFUSED_STREAM)


def test_a_deleted_cache_ends_a_subscription_over_http1_whose_client_reads_nothing(
    server: Server, pubsub: Pubsub
) -> None:
    with plaintext(server.http_address) as channel, http1(server.http_address) as client:
        owner = Wire(channel, token=server.api_key)
        owner.create_cache(DELETED)
        message = pb._SubscriptionRequest(cache_name=DELETED, topic=TOPIC)
        body = framed(message.SerializeToString())
        client.say(
            request(
                f"POST /{SERVICE}/Subscribe",
                b"Authorization: " + server.api_key.encode(),
                b"Content-Type: application/grpc-web+proto",
                b"Content-Length: %d" % len(body),
                body=body,
            )
        )
        assert client.socket.recv(1) == b"H"
        for _ in range(16):
            pubsub.publish(DELETED, TOPIC, "x" * (MB - 100))
        owner.delete_cache(DELETED)
        others = pubsub.subscribe(DELETED, TOPIC)
        assert others.end() is grpc_client.StatusCode.NOT_FOUND

        taken, began = 0, time.monotonic()
        time.sleep(1.5)
        with contextlib.suppress(ConnectionError):
            while data := client.socket.recv(MB):
                taken += len(data)
        assert taken < 16 * MB, "only what the kernel had"
        assert time.monotonic() - began < PROMPTLY_SECONDS


def test_a_stopping_server_waits_a_moment_for_windows() -> None:
    with (
        Server() as stopping,
        peer(stopping.http_address, {INITIAL_WINDOW: 1_000}) as slow,
        plaintext(stopping.http_address) as channel,
    ):
        subscribed(slow, stopping, streams(2))
        Pubsub(channel, stopping.api_key).publish(CACHE, TOPIC, "x" * LARGE)
        assert slow.hear(lambda: all(slow.received[number] == 1_000 for number in streams(2)))
        stop = Thread(target=stopping.stop)
        stop.start()
        assert slow.hear(lambda: slow.goaway is not None)
        slow.say(WindowUpdateFrame(1, window_increment=1 << 20).serialize())

        assert slow.hear(lambda: all_answered(slow, 2))
        assert slow.received[1] > LARGE
        assert slow.grpc_status(1) == UNAVAILABLE
        assert slow.resets == {3: REFUSED_STREAM}, "who reads nothing is cut"
        stop.join()
