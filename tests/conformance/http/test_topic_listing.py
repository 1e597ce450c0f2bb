"""The topics of a cache, a page at a time."""

from collections.abc import Iterator
from typing import Any

import grpc
import httpx
import pytest

from conformance.http.items import Maker, refused
from conformance.pubsub import Pubsub
from faults.watching import eventually
from harness import Server


class Listing:
    """The topics of one cache, as a caller sees them."""

    def __init__(self, web: httpx.Client, cache: str, token: str) -> None:
        self._web, self._cache = web, cache
        self._headers = {"authorization": token}

    def ask(self, prefix: str = "", **query: Any) -> httpx.Response:
        """A page."""
        query |= {"prefix": prefix}
        return self._web.get(f"/cache/{self._cache}/topics", params=query, headers=self._headers)

    def pages(self, prefix: str = "", **query: Any) -> Iterator[list[str]]:
        """The names of each page."""
        while True:
            answer = self.ask(prefix, **query)
            assert answer.status_code == 200, answer.text
            yield [each["name"] for each in answer.json()["topics"]]
            if "next_token" not in answer.json():
                return
            query["next_token"] = answer.json()["next_token"]

    def topic(self, name: str) -> dict[str, Any]:
        """One of them."""
        (found,) = self.ask(name).json()["topics"]
        return dict(found)


@pytest.fixture
def listing(web: httpx.Client, server: Server, cache: str) -> Listing:
    """What the owner sees of a cache of its own."""
    return Listing(web, cache, server.api_key)


@pytest.fixture
def pubsub(server: Server, channel: grpc.Channel) -> Pubsub:
    """The owner's topics."""
    return Pubsub(channel, server.api_key)


def test_a_topic_is_listed_with_its_numbers_and_what_it_keeps(
    listing: Listing, pubsub: Pubsub, cache: str
) -> None:
    streams = [pubsub.subscribe(cache, "news").begin() for _ in range(3)]
    assert listing.topic("news") | {"sequence_page": 0} == {
        "name": "news",
        "sequence_page": 0,
        "last_topic_sequence": 0,
        "subscribers": 3,
        "messages": 0,
        "bytes": 0,
    }
    for text in ("one", "three"):
        pubsub.publish(cache, "news", text)
    item = next(streams[0].items())

    topic = listing.topic("news")
    assert topic["sequence_page"] == item.sequence_page
    assert (topic["last_topic_sequence"], topic["messages"]) == (2, 2)
    assert topic["bytes"] == len("onethree") + 2 * 256
    for stream in streams[1:]:
        stream.call.cancel()
    eventually(lambda: listing.topic("news")["subscribers"] == 1, "two have gone")
    streams[0].call.cancel()


def test_topics_are_listed_in_pages_by_name_and_prefix(
    listing: Listing, pubsub: Pubsub, cache: str
) -> None:
    names = sorted(f"{start}/{number}" for start in ("a", "b", "ü") for number in range(70))
    for name in names:
        pubsub.publish(cache, name, "hello")

    assert list(listing.pages(limit=100)) == [names[:100], names[100:200], names[200:]]
    assert list(listing.pages(limit=210)) == [names]
    assert [name for page in listing.pages("b/", limit=7) for name in page] == names[70:140]
    assert list(listing.pages("b/6", limit=1_000)) == [
        sorted(["b/6", *(f"b/6{n}" for n in range(10))])
    ]
    assert list(listing.pages("none")) == [[]]


def test_a_listing_that_cannot_be_is_refused(listing: Listing) -> None:
    for query in ({"limit": 0}, {"limit": 1_001}, {"limit": "x"}, {"next_token": "!"}):
        answer = listing.ask(**query)
        assert refused(answer) == (400, "invalid_argument"), query
        assert next(iter(query)) in answer.text
    missing = Listing(listing._web, "no-such-cache", listing._headers["authorization"])
    assert refused(missing.ask()) == (404, "not_found")


def test_who_may_subscribe_to_all_topics_of_a_prefix_lists_them(
    web: httpx.Client, maker: Maker, pubsub: Pubsub, cache: str
) -> None:
    for name in ("orders/1", "news"):
        pubsub.publish(cache, name, "hello")

    def may(topics: object, *permissions: str) -> Listing:
        rule = {"type": "topic", "permissions": permissions, "caches": "*", "topics": topics}
        return Listing(web, cache, maker.token(rule))

    assert list(may("*", "read").pages()) == [["news", "orders/1"]]
    of_orders = may({"prefix": "orders/"}, "read")
    assert list(of_orders.pages("orders/")) == [["orders/1"]]
    for wrong in (of_orders, may({"name": "news"}, "read"), may("*", "write")):
        answer = wrong.ask("")
        assert refused(answer) == (403, "permission_denied")
        assert "may not ListTopics on" in answer.text
