"""Topics through Momento's own clients: publish, subscribe, resume, permissions."""

import asyncio
from collections.abc import Iterator

import httpx
import pytest
from momento.auth import CredentialProvider
from momento.errors import MomentoErrorCode
from momento.responses import TopicPublish, TopicSubscribe

from conformance.python.clients import Kind, error_of, with_token
from conformance.python.topic_clients import Topics, connect
from conformance.wire import Wire
from harness import Server

TOPIC = "news"


@pytest.fixture(scope="module", params=Kind, ids=str)
def kind(request: pytest.FixtureRequest) -> Kind:
    """Which of the clients."""
    kind: Kind = request.param
    return kind


@pytest.fixture(scope="module")
def topics(server: Server, runner: asyncio.Runner, kind: Kind) -> Iterator[Topics]:
    """A client with the owner's key."""
    provider = with_token(server.http_address, server.api_key)
    with connect(kind, provider, runner) as topics:
        yield topics


def disposable(server: Server, verbs: list[str], topics: object, cache: str) -> CredentialProvider:
    """The credentials of a disposable token that permits something with topics."""
    rule = {"type": "topic", "permissions": verbs, "caches": {"name": cache}, "topics": topics}
    asked = {"permissions": {"rules": [rule]}, "valid_for_seconds": 600, "token_id": "ann"}
    headers = {"authorization": server.api_key}
    answer = httpx.post(f"{server.http}/tokens", headers=headers, json=asked)
    assert answer.is_success, answer.text
    return with_token(server.http_address, answer.json()["token"])


def test_text_and_bytes_arrive_as_they_were_published_and_in_order(
    topics: Topics, cache: str
) -> None:
    values: list[str | bytes] = ["", "text ☃", b"", b"\x00\xff", "x" * 5_000, b"y" * 70_000]
    # A subscription begins with the newest message, so that one is not missed in between.
    topics.publish(cache, TOPIC, "first")
    subscription = topics.subscribe(cache, TOPIC)
    for value in values:
        topics.publish(cache, TOPIC, value)

    assert [subscription.take() for _ in range(len(values) + 1)] == ["first", *values]
    assert subscription.number == len(values) + 1
    subscription.end()


def test_many_messages_come_in_their_order(topics: Topics, cache: str) -> None:
    subscription = topics.subscribe(cache, TOPIC)
    for number in range(500):
        topics.publish(cache, TOPIC, str(number))

    assert [subscription.take() for _ in range(500)] == [str(number) for number in range(500)]
    assert subscription.number == 500
    subscription.end()


def test_whoever_publishes_without_subscribers_succeeds_and_the_newest_is_delivered(
    topics: Topics, cache: str
) -> None:
    for number in range(5):
        topics.publish(cache, TOPIC, str(number))

    subscription = topics.subscribe(cache, TOPIC)
    assert subscription.take() == "4"
    subscription.end()


def test_a_subscription_resumes_at_a_number(topics: Topics, cache: str) -> None:
    first = topics.subscribe(cache, TOPIC)
    for number in range(10):
        topics.publish(cache, TOPIC, str(number))
    for _ in range(4):
        first.take()
    first.end()

    second = topics.subscribe(cache, TOPIC, first.number + 1, first.page)
    assert [second.take() for _ in range(6)] == [str(number) for number in range(4, 10)]
    assert (second.number, second.page) == (10, first.page)
    second.end()


def test_an_unknown_number_and_page_get_what_there_is(topics: Topics, cache: str) -> None:
    topics.publish(cache, TOPIC, "a")
    topics.publish(cache, TOPIC, "b")

    subscription = topics.subscribe(cache, TOPIC, 300, 5_435_435)
    assert [subscription.take(), subscription.take()] == ["a", "b"]
    subscription.end()


def test_topics_and_caches_are_apart(topics: Topics, cache: str, other_cache: str) -> None:
    wanted = topics.subscribe(cache, TOPIC)
    topics.publish(other_cache, TOPIC, "of another cache")
    topics.publish(cache, "another", "of another topic")
    topics.publish(cache, TOPIC, "own")

    assert wanted.take() == "own"
    wanted.end()


def test_a_cache_that_does_not_exist_is_not_found(topics: Topics) -> None:
    for answer in (
        topics.try_publish("no-such-cache", TOPIC, "a"),
        topics.try_subscribe("no-such-cache", TOPIC),
    ):
        assert error_of(answer) is MomentoErrorCode.NOT_FOUND_ERROR


def test_a_hundred_subscriptions_of_one_client_get_each_message(
    server: Server, runner: asyncio.Runner, kind: Kind, cache: str
) -> None:
    with connect(kind, with_token(server.http_address, server.api_key), runner) as topics:
        subscriptions = [topics.subscribe(cache, TOPIC) for _ in range(100)]
        topics.publish(cache, TOPIC, "to all")

        assert {subscription.take() for subscription in subscriptions} == {"to all"}
        for subscription in subscriptions:
            subscription.end()


def test_a_place_is_free_once_a_subscription_has_ended(
    server: Server, runner: asyncio.Runner, kind: Kind, cache: str
) -> None:
    with connect(kind, with_token(server.http_address, server.api_key), runner) as topics:
        for _ in range(150):
            topics.subscribe(cache, TOPIC).end()


def test_a_token_may_publish_or_subscribe_or_both_by_name_and_prefix(
    server: Server, runner: asyncio.Runner, kind: Kind, cache: str, owner: Wire
) -> None:
    both = ["read", "write"]
    wrong = {}
    for verbs, selected, name, may in (
        (["write"], "*", "room-1", (True, False)),
        (["read"], "*", "room-1", (False, True)),
        (both, "*", "room-1", (True, True)),
        (both, {"name": "room-1"}, "room-1", (True, True)),
        (both, {"name": "room"}, "room-1", (False, False)),
        (both, {"prefix": "room-"}, "room-1", (True, True)),
        (["write"], {"prefix": "room-"}, "lobby", (False, False)),
    ):
        with connect(kind, disposable(server, verbs, selected, cache), runner) as topics:
            published = topics.try_publish(cache, name, "a")
            subscribed = topics.try_subscribe(cache, name)
        done = (
            isinstance(published, TopicPublish.Success),
            isinstance(subscribed, TopicSubscribe.SubscriptionBase),
        )
        refused = [each for each, ok in zip((published, subscribed), done, strict=True) if not ok]
        codes = {error_of(each) for each in refused}
        if done != may or not codes <= {MomentoErrorCode.PERMISSION_ERROR}:
            wrong[str(verbs), str(selected), name] = (done, codes)

    assert wrong == {}


def test_grants_about_items_give_no_right_to_topics(
    server: Server, runner: asyncio.Runner, kind: Kind, cache: str
) -> None:
    rule = {"type": "cache", "permissions": ["read", "write"], "caches": "*", "items": "*"}
    asked = {"permissions": {"rules": [rule]}, "valid_for_seconds": 600}
    headers = {"authorization": server.api_key}
    token = httpx.post(f"{server.http}/tokens", headers=headers, json=asked).json()["token"]
    with connect(kind, with_token(server.http_address, token), runner) as topics:
        refused = [topics.try_publish(cache, TOPIC, "a"), topics.try_subscribe(cache, TOPIC)]

    assert {error_of(each) for each in refused} == {MomentoErrorCode.PERMISSION_ERROR}
