"""Topics as streams of server-sent events, as `EventSource` reads them."""

import base64
import socket
import time
from collections.abc import Callable, Iterator

import httpx
import pytest

from conformance.event_stream import EventStream, events
from conformance.http.items import Maker
from conformance.teams import Team
from conformance.wire import Wire
from faults.watching import eventually
from harness import Server
from ports import free_port

TOPIC = "news"
PROMPTLY_SECONDS = 3

Publish = Callable[..., None]


@pytest.fixture
def path(cache: str) -> str:
    """Of a topic in a cache of its own."""
    return f"/topics/{cache}/{TOPIC}"


@pytest.fixture
def owned(every_web: httpx.Client, server: Server) -> Iterator[httpx.Client]:
    """Every way to the server, with the owner's key."""
    every_web.headers["authorization"] = server.api_key
    yield every_web
    del every_web.headers["authorization"]


@pytest.fixture
def mine(web: httpx.Client, server: Server) -> Iterator[httpx.Client]:
    """HTTP/1.1, with the owner's key."""
    web.headers["authorization"] = server.api_key
    yield web
    del web.headers["authorization"]


@pytest.fixture
def publish(server: Server, web: httpx.Client, cache: str) -> Publish:
    """Publishes to a topic of the cache."""
    headers = {"authorization": server.api_key}

    def send(*texts: str, topic: str = TOPIC) -> None:
        for text in texts:
            url = f"/topics/{cache}/{topic}"
            web.post(url, content=text, headers=headers).raise_for_status()

    return send


def test_a_stream_says_how_to_come_back_then_what_is_published(
    owned: httpx.Client, path: str, publish: Publish
) -> None:
    publish("newest")
    with events(owned, path) as stream:
        assert stream.answer.headers["content-type"] == "text/event-stream"
        assert stream.answer.headers["cache-control"] == "no-store, no-transform"
        assert stream.answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in stream.answer.headers
        first = stream.next()
        assert 1_000 <= stream.retry < 2_000
        assert first.kind == "message"
        item = first.data["item"]
        assert first.data == {
            "item": {
                "topic": TOPIC,
                "topic_sequence_number": 1,
                "sequence_page": item["sequence_page"],
                "value": {"text": "newest"},
            }
        }
        assert first.id == f"{item['sequence_page']}-1"
        publish("a\nb\r\nc", "", "x" * 50_000, "snow ☃")
        assert stream.texts(4) == ["a\nb\r\nc", "", "x" * 50_000, "snow ☃"]


def test_bytes_come_in_base64_and_the_publisher_is_the_name_in_its_token(
    server: Server, mine: httpx.Client, path: str
) -> None:
    rule = {"type": "topic", "permissions": ["write"], "caches": "*", "topics": "*"}
    asked = {"permissions": {"rules": [rule]}, "valid_for_seconds": 600, "token_id": "ann"}
    token = mine.post("/tokens", json=asked).json()["token"]
    with events(mine, path) as stream:
        for content in (b"\xff\x00", b"\xff" * 100_000):
            httpx.post(f"{server.http}{path}", content=content, headers={"authorization": token})
            item = stream.next().data["item"]
            assert item["value"] == {"binary": base64.b64encode(content).decode()}
            assert item["publisher_id"] == "ann"


def test_who_comes_back_goes_on_after_the_last_event(
    owned: httpx.Client, path: str, publish: Publish
) -> None:
    with events(owned, path) as stream:
        publish("a")
        assert stream.texts(1) == ["a"]
    publish("b", "c")
    with events(owned, path, stream.last_id) as again:
        assert again.texts(2) == ["b", "c"]
    # A page that was loaded again has the id in its URL, until its browser knows a newer one.
    with events(owned, path, last_event_id=stream.last_id) as reloaded:
        assert reloaded.texts(1) == ["b"]
    with events(owned, path, again.last_id, last_event_id=stream.last_id) as later:
        publish("d")
        assert later.texts(1) == ["d"]


def test_who_has_seen_nothing_yet_misses_nothing(
    mine: httpx.Client, server: Server, path: str, publish: Publish
) -> None:
    """The first event has no message: browsers take an id only from an event with data."""
    with events(mine, path) as stream:
        lines = stream.answer.iter_lines()
        assert next(lines).startswith("retry: ")
        assert next(lines) == "event: begin"
        last_id = next(lines).removeprefix("id: ")
        assert (next(lines), next(lines)) == ("data: {}", "")
    publish("a", "b")
    with events(mine, path, last_id) as again:
        assert again.texts(2) == ["a", "b"]
    with events(mine, path, "", last_event_id=last_id) as loaded:
        assert loaded.texts(2) == ["a", "b"]
    empty = {"accept": "text/event-stream", "last-event-id": ""}
    with mine.stream("GET", path, params={"last_event_id": last_id}, headers=empty) as answer:
        assert EventStream(answer).texts(2) == ["a", "b"], "an empty header is none"


def test_one_stream_carries_several_topics_and_its_id_resumes_them_all(
    owned: httpx.Client, cache: str, publish: Publish
) -> None:
    def received(count: int, last_id: str = "") -> tuple[set[tuple[str, str]], str]:
        with events(owned, f"/topics/{cache}", last_id, topic=["a", "b/c", "d"]) as stream:
            items = [stream.next().data["item"] for _ in range(count)]
        return {(item["topic"], item["value"]["text"]) for item in items}, stream.last_id

    publish("a1", topic="a")
    publish("b1", topic="b/c")
    found, last_id = received(2)
    assert found == {("a", "a1"), ("b/c", "b1")}
    publish("a2", topic="a")
    publish("d1", topic="d")
    publish("b2", "b3", topic="b/c")
    assert received(4, last_id)[0] == {("a", "a2"), ("b/c", "b2"), ("b/c", "b3"), ("d", "d1")}


def test_who_has_missed_messages_is_told_which(
    mine: httpx.Client, path: str, publish: Publish
) -> None:
    """Numbers of a topic that has begun again are other ones."""
    publish("a", "b")
    with events(mine, path) as stream:
        page = stream.next().data["item"]["sequence_page"]
    with events(mine, path, f"{page - 1}-10") as stream:
        gap = stream.next()
        assert (gap.kind, gap.id) == ("discontinuity", f"{page}-0")
        assert gap.data["discontinuity"] == {
            "topic": TOPIC,
            "last_topic_sequence": 10,
            "new_topic_sequence": 1,
            "new_sequence_page": page,
        }
        assert stream.texts(2) == ["a", "b"]


def test_a_page_sends_its_token_in_the_url_and_may_read_the_stream(
    server: Server, web: httpx.Client, path: str, publish: Publish
) -> None:
    publish("a")
    origin = {"origin": "https://app.example", "accept": "text/event-stream"}
    url = f"{path}?token={server.api_key}"
    with web.stream("GET", url, headers=origin) as answer:
        assert answer.headers["access-control-allow-origin"] == "*"
        assert next(answer.iter_lines()).startswith("retry: ")


def test_head_has_the_headers_alone(mine: httpx.Client, path: str) -> None:
    answer = mine.head(path, headers={"accept": "text/event-stream"})

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "text/event-stream"
    assert mine.get("/health").status_code == 200, "the connection goes on"


def test_who_accepts_no_stream_gets_an_answer(mine: httpx.Client, path: str) -> None:
    """A weight of 0 means "not acceptable" (RFC 9110 §12.4.2)."""
    for accepts, kind in (
        ("text/event-stream;q=0, application/json", "application/json"),
        ("text/event-stream ; Q=0.000", "application/json"),
        ("text/*, */*", "application/json"),
        ("application/json, text/event-stream;q=0.001", "text/event-stream"),
        ("Text/Event-Stream;q=1.0", "text/event-stream"),
    ):
        answer = mine.head(path, headers={"accept": accepts})
        assert answer.headers["content-type"] == kind, accepts


def test_heartbeats_are_comments(local_server: Server) -> None:
    with (
        httpx.Client(base_url=local_server.http) as web,
        events(web, "/topics/default-cache/beats") as stream,
    ):
        began = time.monotonic()
        beats = (line for line in stream.answer.iter_lines() if line.startswith(":"))
        assert [next(beats), next(beats)] == [":", ":"]
        assert time.monotonic() - began < 10


def test_what_stays_refused_has_a_status_after_which_a_browser_does_not_come_back(
    mine: httpx.Client, web: httpx.Client, cache: str, path: str, maker: Maker
) -> None:
    several = f"/topics/{cache}"
    rule = {"type": "topic", "permissions": ["read"], "caches": "*", "topics": {"name": "a"}}
    reader = maker.token(rule)
    found = {}
    for where, headers, status in (
        ("/topics/no-such-cache/a", {}, 404),
        ("/topics/no-such-cache?topic=a", {}, 404),
        (path, {"authorization": "nonsense"}, 401),
        (f"{several}?topic=a&topic=b", {"authorization": reader}, 403),
        (f"{several}?topic=", {}, 400),
        (f"{several}?topic=a&topic=b&topic=a", {}, 400),
        (several, {}, 400),
        (several + "?" + "&".join(f"topic={name}" for name in range(33)), {}, 400),
        (path, {"last-event-id": "x"}, 400),
        (path, {"last-event-id": "1-1,1-1"}, 400),
    ):
        answer = mine.get(where, headers={"accept": "text/event-stream"} | headers)
        if answer.status_code != status:
            found[where] = (answer.status_code, answer.text)
    assert found == {}
    refused = mine.post(several)
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")


def test_a_limit_that_is_met_is_told_in_a_stream_so_that_a_browser_comes_back(team: Team) -> None:
    team.limit(subscriptions=2)
    path = "/topics/default-cache"
    with events(team.web, path, topic=["a", "b"]), events(team.web, path, topic=["a"]) as refused:
        end = refused.end()
        assert (end["status"], end["err"]) == (429, "topic_subscriptions_limit_exceeded")
        assert 1_000 <= refused.retry < 2_000
        with events(team.web, path, "7-3", topic=["a"]) as again:
            again.end()
        assert again.last_id == "7-3", "where it was"
        assert team.web.get(f"{path}/a").status_code == 429, "a poll has the status itself"


def test_a_stream_is_admitted_with_all_its_topics_or_with_none(team: Team) -> None:
    team.limit(subscriptions=3)
    path = "/topics/default-cache"
    with events(team.web, path, topic=["a", "b"]):
        with events(team.web, path, topic=["c", "d"]) as refused:
            assert refused.end()["err"] == "topic_subscriptions_limit_exceeded"
        with events(team.web, path, topic=["c"]) as last:
            assert last.answer.status_code == 200
        with events(team.web, path, topic=["c", "d", "e", "f"]) as never:
            assert never.answer.status_code == 400, "a browser does not come back for ever"
            detail = never.answer.json()["detail"]
            assert "pass at most 3 topics" in detail
            assert "(subscriptions: 3)" in detail


def test_head_of_a_poll_waits_for_nothing_and_takes_nothing(
    owned: httpx.Client, path: str, publish: Publish
) -> None:
    assert owned.head(path).status_code == 200
    publish("a")
    assert owned.head(path, params={"sequence_number": 1}).content == b""


def test_a_stream_frees_its_place_when_its_client_is_gone(server: Server, team: Team) -> None:
    team.limit(subscriptions=1)
    path = "/topics/default-cache/a"
    with events(team.web, path):
        assert team.web.get(path).status_code == 429
    head = f"GET {path} HTTP/1.1\r\nhost: a\r\nauthorization: {team.key}\r\n"

    def is_free() -> bool:
        with socket.create_connection(server.http_address, timeout=10) as connection:
            connection.sendall(f"{head}accept: text/event-stream\r\n\r\n".encode())
            return b"event: end" not in connection.recv(4_096)

    eventually(is_free, "another stream begins")


def test_a_deleted_cache_ends_its_streams_and_the_next_ones_are_refused(
    owned: httpx.Client, owner: Wire, new_name: str
) -> None:
    owner.create_cache(new_name)
    with events(owned, f"/topics/{new_name}", topic=["a", "b"]) as stream:
        began = time.monotonic()
        owner.delete_cache(new_name)
        end = stream.end()
        assert time.monotonic() - began < PROMPTLY_SECONDS
        assert (end["status"], end["err"]) == (404, "cache_not_found")
    with events(owned, f"/topics/{new_name}", topic=["a", "b"]) as again:
        assert again.answer.status_code == 404
    owner.create_cache(new_name)


@pytest.fixture
def port() -> int:
    """A free port, so that the server can come back to it."""
    return free_port()


def test_a_stream_survives_a_restart_of_the_server_and_misses_nothing(port: int) -> None:
    path = f"/topics/default-cache/{TOPIC}"
    with (
        Server(ports=("--http", f"127.0.0.1:{port}")) as server,
        httpx.Client(base_url=server.http, headers={"authorization": server.api_key}) as web,
    ):
        with events(web, path) as stream:
            web.post(path, content="before").raise_for_status()
            assert stream.texts(1) == ["before"]
            server.stop()
            assert stream.end()["err"] == "server_stopping"
        server.start()
        web.post(path, content="after").raise_for_status()
        with events(web, path, stream.last_id) as again:
            assert again.next().kind == "discontinuity", "the topic has begun again"
            assert again.texts(1) == ["after"]
