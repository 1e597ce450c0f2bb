"""Subscriptions as they are on the wire: how they begin, go on and end."""

import base64
import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import grpc
import httpx
import pytest
from momento_wire_types import cachepubsub_pb2 as pb

from conformance.grpc_web import BINARY, TEXT, WAYS, client, framed
from conformance.pubsub import SERVICE, Pubsub, Stream
from conformance.wire import Wire, plaintext, refusal
from harness import Server

TOPIC = "news"
PROMPTLY_SECONDS = 3
"""A subscription ends within a second of its reason, on a machine that does nothing else."""


@pytest.fixture
def pubsub(server: Server, channel: grpc.Channel) -> Pubsub:
    """The owner's calls."""
    return Pubsub(channel, server.api_key)


class Api:
    """The owner's requests to the control plane."""

    def __init__(self, server: Server) -> None:
        self._headers, self._http = {"authorization": server.api_key}, server.http

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Make one, which must succeed."""
        answer = httpx.request(method, f"{self._http}{path}", headers=self._headers, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture
def api(server: Server) -> Api:
    """The control plane."""
    return Api(server)


def rule(verbs: list[str], topics: object = "*") -> dict[str, object]:
    """A rule about the topics of all caches."""
    return {"type": "topic", "permissions": verbs, "caches": "*", "topics": topics}


def ends_with(stream: Stream) -> tuple[grpc.StatusCode, bool]:
    """How a subscription is ended, and whether that was soon."""
    began = time.monotonic()
    return stream.end(), time.monotonic() - began < PROMPTLY_SECONDS


def test_a_heartbeat_comes_first_then_the_newest_message(pubsub: Pubsub, cache: str) -> None:
    pubsub.publish(cache, TOPIC, "a")
    stream = pubsub.subscribe(cache, TOPIC)

    assert stream.next().WhichOneof("kind") == "heartbeat"
    item = stream.next().item
    assert (item.topic_sequence_number, item.value.text, item.publisher_id) == (1, "a", "")
    assert item.sequence_page > 0


def test_heartbeats_go_on_every_ten_seconds_and_more_often_on_a_local_server(
    server: Server, local_server: Server
) -> None:
    with plaintext(local_server.http_address) as channel:
        stream = Pubsub(channel, "").subscribe("default-cache", "quiet").begin()
        began = time.monotonic()
        assert {stream.next().WhichOneof("kind") for _ in range(2)} == {"heartbeat"}
        assert time.monotonic() - began < 10
    with plaintext(server.http_address) as channel:
        streams = [Pubsub(channel, server.api_key).subscribe("default-cache", n) for n in "ab"]
        for stream in streams:
            assert [stream.next().WhichOneof("kind") for _ in range(2)] == ["heartbeat"] * 2


def test_the_publisher_is_the_name_in_its_token(
    server: Server, channel: grpc.Channel, cache: str, api: Api, pubsub: Pubsub
) -> None:
    asked = {"permissions": {"rules": [rule(["write"])]}, "valid_for_seconds": 600}
    token = api.ask("POST", "/tokens", asked | {"token_id": "ann"})["token"]
    stream = pubsub.subscribe(cache, TOPIC).begin()

    Pubsub(channel, token).publish(cache, TOPIC, "a")
    assert next(stream.items()).publisher_id == "ann"


def test_who_has_missed_messages_is_told_which(pubsub: Pubsub, cache: str) -> None:
    for number in range(1_500):
        pubsub.publish(cache, TOPIC, str(number + 1))
    page = next(pubsub.subscribe(cache, TOPIC).items()).sequence_page

    items = pubsub.subscribe(cache, TOPIC, 100, page).items()
    gap, item = next(items), next(items)
    assert (gap.last_topic_sequence, gap.new_sequence_page) == (99, page)
    assert gap.new_topic_sequence + 1 == item.topic_sequence_number
    assert (item.topic_sequence_number, item.value.text) == (501, "501"), "1,000 are kept"


def test_an_error_before_the_stream_comes_without_a_message(
    server: Server, channel: grpc.Channel, pubsub: Pubsub, cache: str
) -> None:
    for stream, code in (
        (pubsub.subscribe("no-such-cache", TOPIC), grpc.StatusCode.NOT_FOUND),
        (Pubsub(channel, "nonsense").subscribe(cache, TOPIC), grpc.StatusCode.UNAUTHENTICATED),
        (pubsub.subscribe(cache, ""), grpc.StatusCode.INVALID_ARGUMENT),
        (pubsub.subscribe(cache, "x" * 1_025), grpc.StatusCode.INVALID_ARGUMENT),
        (pubsub.subscribe("", TOPIC), grpc.StatusCode.INVALID_ARGUMENT),
    ):
        assert refusal(stream.next).code is code
        assert not stream.call.initial_metadata(), "trailers only"


def test_messages_that_cannot_be_published_are_refused(pubsub: Pubsub, cache: str) -> None:
    def sent(value: pb._TopicValue | None, topic: str = TOPIC) -> Callable[[], None]:
        request = pb._PublishRequest(cache_name=cache, topic=topic, value=value)
        return lambda: pubsub.send(request)

    invalid = grpc.StatusCode.INVALID_ARGUMENT
    assert refusal(sent(None)).code is invalid
    assert refusal(sent(pb._TopicValue())).code is invalid
    assert refusal(sent(pb._TopicValue(text="a"), "")).code is invalid
    large = refusal(sent(pb._TopicValue(binary=bytes((1 << 20) + 1))))
    assert large.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert large.err == "request_size_limit_exceeded"
    assert "1048576" in large.message
    sent(pb._TopicValue(binary=bytes(1 << 20)))()


def test_a_deleted_cache_ends_its_subscriptions(pubsub: Pubsub, owner: Wire, new_name: str) -> None:
    owner.create_cache(new_name)
    streams = [pubsub.subscribe(new_name, TOPIC).begin() for _ in range(3)]
    owner.delete_cache(new_name)

    assert [ends_with(stream) for stream in streams] == [(grpc.StatusCode.NOT_FOUND, True)] * 3
    owner.create_cache(new_name)
    pubsub.publish(new_name, TOPIC, "a")
    assert next(pubsub.subscribe(new_name, TOPIC).items()).topic_sequence_number == 1


def test_a_revoked_key_ends_its_subscriptions(
    channel: grpc.Channel, cache: str, api: Api, pubsub: Pubsub
) -> None:
    made = api.ask("POST", "/api-keys", {"role_id": "owner", "description": "d"})
    stream = Pubsub(channel, made["api_key"]).subscribe(cache, TOPIC).begin()
    others = pubsub.subscribe(cache, TOPIC).begin()
    api.ask("DELETE", f"/api-keys/{made['key_info']['key_id']}")

    assert ends_with(stream) == (grpc.StatusCode.UNAUTHENTICATED, True)
    pubsub.publish(cache, TOPIC, "a")
    assert others.texts(1) == ["a"]


def test_an_expired_token_ends_its_subscriptions(
    channel: grpc.Channel, cache: str, api: Api
) -> None:
    asked = {"permissions": {"rules": [rule(["read"])]}, "valid_for_seconds": 2}
    token = api.ask("POST", "/tokens", asked)["token"]
    stream = Pubsub(channel, token).subscribe(cache, TOPIC).begin()

    assert stream.end() is grpc.StatusCode.UNAUTHENTICATED


def test_a_permission_that_is_taken_away_ends_subscriptions(
    channel: grpc.Channel, cache: str, api: Api
) -> None:
    role = {"role_name": f"listener {time.monotonic_ns()}"}
    permitted = role | {"permissions": {"rules": [rule(["read"])]}}
    role_id = api.ask("POST", "/roles", permitted)["role_id"]
    key = api.ask("POST", "/api-keys", {"role_id": role_id, "description": "d"})["api_key"]
    kept, lost = (Pubsub(channel, key).subscribe(cache, name).begin() for name in ("a", "b"))
    narrowed = role | {"permissions": {"rules": [rule(["read", "write"], {"name": "a"})]}}
    api.ask("PUT", f"/roles/{role_id}", narrowed)

    assert ends_with(lost) == (grpc.StatusCode.PERMISSION_DENIED, True)
    Pubsub(channel, key).publish(cache, "a", "still")
    assert kept.texts(1) == ["still"]


def test_one_connection_carries_a_thousand_subscriptions(pubsub: Pubsub, cache: str) -> None:
    streams = [pubsub.subscribe(cache, TOPIC).begin() for _ in range(1_000)]
    pubsub.publish(cache, TOPIC, "to all")

    assert {stream.texts(1)[0] for stream in streams} == {"to all"}
    for stream in streams:
        stream.call.cancel()
    pubsub.subscribe(cache, TOPIC).begin()


def test_a_subscriber_that_does_not_read_delays_nobody_and_is_told_what_it_missed(
    server: Server, channel: grpc.Channel, cache: str
) -> None:
    """Its own channel, whose windows fill; 40 MB are more than its queue and the topic keep.

    It has stopped within a message, which is kept for it alone: so the same stream goes on.
    """
    with plaintext(server.http_address) as other:
        subscriber = Pubsub(other, server.api_key)
        slow = subscriber.subscribe(cache, TOPIC).begin()
        pubsub = Pubsub(channel, server.api_key)
        fast = pubsub.subscribe(cache, TOPIC).begin().items()
        for number in range(800):
            pubsub.publish(cache, TOPIC, f"{number + 1} {'x' * 50_000}")
            assert next(fast).topic_sequence_number == number + 1

        items = slow.items()
        numbers: list[int] = []
        while isinstance(item := next(items), pb._TopicItem):
            assert item.value.text.endswith("x" * 50_000)
            numbers.append(item.topic_sequence_number)
        assert numbers == list(range(1, len(numbers) + 1))
        assert 1 <= len(numbers) < 800

        assert item.last_topic_sequence == len(numbers)
        for number in range(item.new_topic_sequence + 1, 801):
            assert next(items).topic_sequence_number == number


@pytest.fixture
def stopping() -> Iterator[Server]:
    """A server to stop."""
    with Server() as server:
        yield server


def test_a_server_that_stops_ends_subscriptions_so_that_clients_come_back(
    stopping: Server,
) -> None:
    with plaintext(stopping.http_address) as channel:
        pubsub = Pubsub(channel, stopping.api_key)
        streams = [pubsub.subscribe("default-cache", TOPIC).begin() for _ in range(50)]
        for number in range(100):
            pubsub.publish("default-cache", TOPIC, str(number))
        stopping.stop()

        for stream in streams:
            assert stream.texts(100) == [str(number) for number in range(100)]
            assert stream.end() is grpc.StatusCode.UNAVAILABLE
            assert "stops" in stream.call.details(), "by the server itself, in trailers"


class WebStream:
    """The frames of a grpc-web response that goes on."""

    def __init__(self, response: httpx.Response) -> None:
        self._chunks, self._text, self._bytes = response.iter_bytes(), b"", b""
        self._is_text = response.headers["content-type"].startswith(TEXT)

    def next(self) -> tuple[int, bytes] | None:
        """The flag and the content of the next frame; None if the body has ended."""
        while len(self._bytes) < 5 or len(self._bytes) < 5 + self._length():
            chunk = next(self._chunks, None)
            if chunk is None:
                assert self._bytes == b"", "a frame is whole"
                return None
            self._add(chunk)
        frame, end = (self._bytes[0], self._bytes[5 : 5 + self._length()]), 5 + self._length()
        self._bytes = self._bytes[end:]
        return frame

    def _length(self) -> int:
        return int.from_bytes(self._bytes[1:5], "big")

    def _add(self, chunk: bytes) -> None:
        if not self._is_text:
            self._bytes += chunk
            return
        self._text += chunk
        whole = len(self._text) // 4 * 4
        for at in range(0, whole, 4):
            self._bytes += base64.b64decode(self._text[at : at + 4])
        self._text = self._text[whole:]

    def item(self) -> pb._SubscriptionItem:
        """The next message of the stream."""
        frame = self.next()
        assert frame is not None
        assert frame[0] == 0
        return pb._SubscriptionItem.FromString(frame[1])


def begun(opened: ExitStack, web: httpx.Client, body: bytes, kind: str, token: str) -> WebStream:
    """A stream after its first heartbeat."""
    headers = {"content-type": kind, "authorization": token}
    call = web.stream("POST", f"/{SERVICE}/Subscribe", content=body, headers=headers)
    stream = WebStream(opened.enter_context(call))
    assert stream.item().WhichOneof("kind") == "heartbeat"
    return stream


def test_grpc_web_streams_on_every_version_of_http_and_ends_as_its_client_needs(
    stopping: Server,
) -> None:
    request = pb._SubscriptionRequest(cache_name="default-cache", topic=TOPIC)
    short = {"permissions": {"rules": [rule(["read"])]}, "valid_for_seconds": 2}
    for way, kind in itertools.product(WAYS, (BINARY, TEXT)):
        body = framed(request.SerializeToString())
        body = base64.b64encode(body) if kind == TEXT else body
        with ExitStack() as opened, plaintext(stopping.http_address) as channel:
            web = opened.enter_context(client(stopping, way))

            stream = begun(opened, web, body, kind, stopping.api_key)
            for text in ("a", "b" * 100_000):
                Pubsub(channel, stopping.api_key).publish("default-cache", TOPIC, text)
                while stream.item().item.value.text != text:
                    pass
            token = Api(stopping).ask("POST", "/tokens", short)["token"]
            expired = begun(opened, web, body, kind, token)
            while (frame := expired.next()) is not None and frame[0] == 0:
                pass
            assert frame is not None
            assert b"grpc-status:16\r\n" in frame[1], (way, kind)


def test_grpc_web_ends_without_a_status_if_the_server_stops(stopping: Server) -> None:
    """The official client comes back after that."""
    body = framed(
        pb._SubscriptionRequest(cache_name="default-cache", topic=TOPIC).SerializeToString()
    )
    with ExitStack() as opened:
        webs = [opened.enter_context(client(stopping, way)) for way in WAYS]
        streams = [begun(opened, web, body, BINARY, stopping.api_key) for web in webs]
        stopping.stop()
        for stream in streams:
            while (frame := stream.next()) is not None:
                assert frame[0] == 0
