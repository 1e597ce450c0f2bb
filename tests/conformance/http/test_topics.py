"""Topics over plain HTTP: publishing, and subscribing by long polls."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from conformance.pubsub import Pubsub
from conformance.wire import Wire, plaintext
from faults.watching import eventually
from harness import Server

TOPIC = "news"


class Poller:
    """Polls a topic as a client does: each time from where the answer before ended."""

    def __init__(self, web: httpx.Client, path: str, number: int = 0) -> None:
        self._web, self._path = web, path
        self._next = {"sequence_number": number}

    def poll(self) -> list[dict[str, Any]]:
        """The next items."""
        answer = self._web.get(self._path, params=self._next)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        items: list[dict[str, Any]] = answer.json()["items"]
        for each in items:
            if "item" in each:
                number, page = each["item"]["topic_sequence_number"], each["item"]["sequence_page"]
                self._next = {"sequence_number": number + 1, "sequence_page": page}
            else:
                gap = each["discontinuity"]
                self._next = {
                    "sequence_number": gap["new_topic_sequence"],
                    "sequence_page": gap["new_sequence_page"],
                }
        return items

    def values(self, count: int) -> list[dict[str, str]]:
        """The values of the next messages."""
        values: list[dict[str, str]] = []
        while len(values) < count:
            values += [each["item"]["value"] for each in self.poll()]
        return values


@pytest.fixture
def web(server: Server) -> Any:
    """A client with the owner's key."""
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers, timeout=60) as web:
        yield web


@pytest.fixture
def path(cache: str) -> str:
    """Of a topic in a cache of its own."""
    return f"/topics/{cache}/{TOPIC}"


def publish(web: httpx.Client, path: str, body: bytes | str, kind: str | None = None) -> None:
    headers = {"content-type": kind} if kind else {}
    answer = web.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.content) == (204, b""), answer.text


def test_a_message_is_text_or_bytes_as_its_type_says(web: httpx.Client, path: str) -> None:
    poller = Poller(web, path)
    publish(web, path, "first", "text/plain")
    assert poller.values(1) == [{"text": "first"}]
    for body, kind in (
        ("snow ☃".encode(), "text/plain; charset=utf-8"),
        (b"bytes", "application/octet-stream"),
        (b"curl", "application/x-www-form-urlencoded"),
        (b"none", None),
        (b"\xff\x00", None),
        (b"", "text/plain"),
        (b"x" * 50_000, "text/plain"),
    ):
        publish(web, path, body, kind)

    assert poller.values(7) == [
        {"text": "snow ☃"},
        {"binary": base64.b64encode(b"bytes").decode()},
        {"text": "curl"},
        {"text": "none"},
        {"binary": base64.b64encode(b"\xff\x00").decode()},
        {"text": ""},
        {"text": "x" * 50_000},
    ]


def test_a_poll_waits_for_the_next_message(web: httpx.Client, path: str) -> None:
    poller = Poller(web, path)
    with ThreadPoolExecutor() as pool:
        publish(web, path, "a")
        assert poller.values(1) == [{"text": "a"}]
        waiting = pool.submit(poller.poll)
        assert not waiting.done()
        publish(web, path, "b")
        assert [each["item"]["value"] for each in waiting.result()] == [{"text": "b"}]


def test_two_pollers_see_one_order_and_miss_nothing(web: httpx.Client, path: str) -> None:
    with ThreadPoolExecutor() as pool:
        publish(web, path, "0")
        # From the first message on: others may have come before the first poll.
        pollers = [pool.submit(Poller(web, path, 1).values, 300) for _ in range(2)]
        for number in range(1, 300):
            publish(web, path, str(number))

        expected = [{"text": str(number)} for number in range(300)]
        assert [poller.result() for poller in pollers] == [expected] * 2


def test_a_page_of_messages_has_at_most_a_hundred_items_and_goes_on(
    web: httpx.Client, path: str
) -> None:
    for number in range(250):
        publish(web, path, str(number))
    first = web.get(path).json()["items"][0]["item"]
    params = {"sequence_number": 1, "sequence_page": first["sequence_page"]}
    assert len(web.get(path, params=params).json()["items"]) == 100

    poller = Poller(web, path)
    poller._next = params
    assert poller.values(250) == [{"text": str(number)} for number in range(250)]


def test_who_has_missed_messages_is_told_which_in_the_form_of_momento(
    web: httpx.Client, path: str
) -> None:
    for number in range(1_100):
        publish(web, path, str(number + 1))
    page = web.get(path).json()["items"][0]["item"]["sequence_page"]

    items = web.get(path, params={"sequence_number": 50, "sequence_page": page}).json()["items"]
    gap = {"last_topic_sequence": 49, "new_topic_sequence": 101, "new_sequence_page": page}
    assert items[0] == {"discontinuity": gap}
    assert items[1]["item"]["topic_sequence_number"] == 101
    assert items[1]["item"]["value"] == {"text": "101"}


def test_http_and_grpc_share_topics(server: Server, web: httpx.Client, cache: str) -> None:
    with plaintext(server.http_address) as channel:
        pubsub = Pubsub(channel, server.api_key)
        stream = pubsub.subscribe(cache, "a/b c").begin()
        publish(web, f"/topics/{cache}/a%2Fb%20c", "by http")
        assert stream.texts(1) == ["by http"]
        publish(web, f"/topics/{cache}/a/b%20c", "by its path")
        assert stream.texts(1) == ["by its path"]
        pubsub.publish(cache, "a/b c", "by grpc")
        assert web.get(f"/topics/{cache}/a/b%20c").json()["items"][0]["item"]["value"] == {
            "text": "by grpc"
        }


def test_what_is_refused(server: Server, web: httpx.Client, path: str, cache: str) -> None:
    rule = {"type": "topic", "permissions": ["read"], "caches": "*", "topics": {"prefix": "a"}}
    asked = {"permissions": {"rules": [rule]}, "valid_for_seconds": 600}
    token = web.post("/tokens", json=asked).raise_for_status().json()["token"]
    reader = {"authorization": token}
    cases = [
        ("GET", "/topics/no-such-cache/a", {}, 404),
        ("POST", "/topics/no-such-cache/a", {}, 404),
        ("POST", f"/topics/{cache}/abc", reader, 403),
        ("GET", f"/topics/{cache}/b", reader, 403),
        ("GET", path, {"authorization": "nonsense"}, 401),
        ("POST", path, {"authorization": "nonsense"}, 401),
        ("GET", f"{path}?sequence_number=x", {}, 400),
        ("GET", f"{path}?token={token}", {}, 400),
        ("GET", f"/topics/{cache}/{'x' * 1_025}", {}, 400),
        ("POST", f"/topics/{cache}/", {}, 400),
        ("POST", f"/topics/{cache}", {}, 405),
        ("GET", f"/topics/{cache}/%ff", {}, 400),
        ("PUT", path, {}, 405),
        ("DELETE", path, {}, 405),
    ]
    found = {}
    for method, where, headers, status in cases:
        answer = web.request(method, where, headers=headers)
        if answer.status_code != status:
            found[method, where] = (answer.status_code, answer.text)
    assert found == {}
    text = web.post(path, content=b"\xff", headers={"content-type": "text/plain"})
    assert (text.status_code, text.json()["err"]) == (400, "invalid_argument")
    for kind in ("text/plain; charset=utf-16", "text/plain;charset=latin1", "text/html; charset="):
        text = web.post(path, content=b"text", headers={"content-type": kind})
        assert (text.status_code, "must be UTF-8" in text.text) == (415, True), kind
    two = [("content-type", "text/plain"), ("content-type", "application/octet-stream")]
    twice = web.post(path, content=b"text", headers=two)
    assert (twice.status_code, "one `content-type`" in twice.text) == (400, True)
    large = web.post(path, content=bytes((1 << 20) + 1))
    assert (large.status_code, large.json()["err"]) == (413, "request_size_limit_exceeded")
    assert web.put(path).headers["allow"] == "GET, HEAD, POST"


def test_a_poll_ends_with_its_cache(web: httpx.Client, owner: Wire, new_name: str) -> None:
    owner.create_cache(new_name)
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(web.get, f"/topics/{new_name}/{TOPIC}")
        eventually(lambda: subscribers(web, new_name) == 1, "the poll waits")
        owner.delete_cache(new_name)
        assert waiting.result().status_code == 404
    owner.create_cache(new_name)


def subscribers(web: httpx.Client, cache: str) -> int:
    """How many the topics of a cache have."""
    listed = web.get(f"/cache/{cache}/topics", params={"prefix": ""}).raise_for_status().json()
    return sum(each["subscribers"] for each in listed["topics"])
