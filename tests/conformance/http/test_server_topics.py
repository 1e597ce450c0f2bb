"""Who subscribes to the topic of events is told them, and nobody but the server publishes there."""

import json
import threading
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import grpc
import httpx
import pytest

from conformance.event_stream import events
from conformance.http.items import Maker
from conformance.http.items import refused as told
from conformance.pubsub import Pubsub
from conformance.web_socket import web_socket
from conformance.wire import Wire
from faults.watching import eventually
from harness import Server

EVENTS = "$attimo.events"
WHY = "only the server publishes to topics whose names begin with `$attimo.`"


@pytest.fixture
def path(cache: str) -> str:
    """Of the topic of events, in a cache of its own."""
    return f"/topics/{cache}/{quote(EVENTS)}"


@pytest.fixture
def mine(web: httpx.Client, server: Server) -> Iterator[httpx.Client]:
    """HTTP/1.1, with the owner's key."""
    web.headers["authorization"] = server.api_key
    yield web
    del web.headers["authorization"]


def read(text: str) -> tuple[str, str]:
    """The type and the subject of an event."""
    event: dict[str, Any] = json.loads(text)
    assert event["specversion"] == "1.0"
    assert event["source"].startswith("/accounts/")
    return event["type"], event["subject"]


def test_a_subscriber_is_told_events_by_whatever_protocol(
    server: Server, channel: grpc.Channel, mine: httpx.Client, owner: Wire, cache: str, path: str
) -> None:
    """A cache is created and deleted; that it is deleted is an event."""
    gone = f"gone-{uuid.uuid4().hex}"
    expected = ("attimo.cache.deleted", gone)
    polled: list[httpx.Response] = []
    poll = threading.Thread(target=lambda: polled.append(mine.get(path, timeout=60)))
    with (
        httpx.Client(base_url=server.http, headers=mine.headers, timeout=60) as other,
        web_socket(server.http, cache, server.api_key) as talk,
        events(other, path) as stream,
    ):
        assert "ack" in talk.ask(id=1, subscribe={"topic": EVENTS})
        call = Pubsub(channel, server.api_key).subscribe(cache, EVENTS).begin()
        poll.start()
        eventually(lambda: subscribers(server, cache) == 4, "the poll has begun")
        owner.create_cache(gone)
        owner.delete_cache(gone)

        assert read(next(call.items()).value.text) == expected
        assert read(stream.next().data["item"]["value"]["text"]) == expected
        assert read(talk.hear()["item"]["value"]["text"]) == expected
        poll.join()
        (item,) = polled[0].json()["items"]
        assert read(item["item"]["value"]["text"]) == expected
        call.call.cancel()


def subscribers(server: Server, cache: str) -> int:
    """Of the topic of events."""
    query, headers = {"prefix": EVENTS}, {"authorization": server.api_key}
    answer = httpx.get(f"{server.http}/cache/{cache}/topics", params=query, headers=headers)
    (topic,) = answer.json()["topics"]
    return int(topic["subscribers"])


def test_an_event_that_happened_since_is_told_to_who_comes_back(
    server: Server, channel: grpc.Channel, owner: Wire, cache: str
) -> None:
    pubsub = Pubsub(channel, server.api_key)
    pubsub.subscribe(cache, EVENTS).begin().call.cancel()
    eventually(lambda: subscribers(server, cache) == 0, "it is gone")
    gone = f"gone-{uuid.uuid4().hex}"
    owner.create_cache(gone)
    owner.delete_cache(gone)

    stream = pubsub.subscribe(cache, EVENTS, number=1).begin()
    assert read(next(stream.items()).value.text) == ("attimo.cache.deleted", gone)
    stream.call.cancel()


def test_nobody_publishes_to_a_topic_of_the_server(
    server: Server, channel: grpc.Channel, mine: httpx.Client, cache: str, path: str
) -> None:
    for topic in (EVENTS, "$attimo.", "$attimo.news"):
        answer = mine.post(f"/topics/{cache}/{quote(topic)}", content="forged")
        assert told(answer) == (403, "permission_denied")
        assert WHY in answer.text
        with pytest.raises(grpc.RpcError) as caught:
            Pubsub(channel, server.api_key).publish(cache, topic, "forged")
        assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert WHY in str(caught.value.details())
        with web_socket(server.http, cache, server.api_key) as talk:
            answered = talk.ask(id=1, publish={"topic": topic, "value": {"text": "forged"}})
            assert answered["error"]["status"] == 403
            assert WHY in json.dumps(answered)

    mine.post(f"/topics/{cache}/$attimo", content="fine").raise_for_status()


def test_who_may_subscribe_to_the_topic_is_decided_as_for_other_topics(
    mine: httpx.Client, maker: Maker, path: str
) -> None:
    def rule(topics: object) -> dict[str, object]:
        return {"type": "topic", "permissions": ["read"], "caches": "*", "topics": topics}

    for topics, status in (("*", 200), ({"name": EVENTS}, 200), ({"name": "news"}, 403)):
        headers = {"authorization": maker.token(rule(topics)), "accept": "text/event-stream"}
        with mine.stream("GET", path, headers=headers) as answer:
            assert answer.status_code == status, topics
