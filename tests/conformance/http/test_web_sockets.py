"""Topics on a WebSocket: subscribe, publish, and how it ends."""

import base64
import json
import re
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any, Protocol

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from conformance.event_stream import events
from conformance.http.items import Maker
from conformance.web_socket import Talk, web_socket
from conformance.wire import Wire
from harness import Server

TOPIC = "news"
PROMPTLY_SECONDS = 4
MANY = 50
MOST_SUBSCRIPTIONS = 1_024
NUMBER, PAGE = "subscribe.sequence_number", "subscribe.sequence_page"
RULE = {"type": "topic", "permissions": ["read", "write"], "caches": "*", "topics": "*"}


class Talker(Protocol):
    """Opens WebSockets."""

    def __call__(
        self, server: Server, cache: str, token: str | None = None, **options: Any
    ) -> AbstractContextManager[Talk]:
        """Open one as the owner, unless with another token."""


@pytest.fixture(params=[False, True], ids=["connection", "stream"])
def talk(request: pytest.FixtureRequest) -> Talker:
    """WebSockets that are connections, and those that are streams of HTTP/2 connections."""

    @contextmanager
    def opened(
        server: Server, cache: str, token: str | None = None, **options: Any
    ) -> Iterator[Talk]:
        token = server.api_key if token is None else token
        with web_socket(server.http, cache, token, request.param, **options) as opened:
            yield opened

    return opened


def test_what_is_published_is_acknowledged_and_comes_to_all_subscribers(
    server: Server, cache: str, talk: Talker
) -> None:
    with talk(server, cache) as ann, talk(server, cache) as ben:
        assert ann.connection.protocol.extensions == [], "none, though the client offers one"
        subscribed = ann.ask(id=7, subscribe={"topic": TOPIC})["ack"]
        assert (subscribed["id"], subscribed["topic_sequence_number"]) == (7, 0)
        assert ben.ask(id=1, subscribe={"topic": TOPIC})["ack"]["id"] == 1
        acks = [ben_publishes(ben, id=number, text=f"m{number}") for number in range(2, 5)]
        assert [ack["topic_sequence_number"] for ack in acks] == [1, 2, 3]
        item = ann.hear()["item"]
        assert item == {
            "topic": TOPIC,
            "topic_sequence_number": 1,
            "sequence_page": acks[0]["sequence_page"],
            "value": {"text": "m2"},
        }
        assert subscribed["sequence_page"] == item["sequence_page"]
        assert ann.texts(2) == ["m3", "m4"]


def ben_publishes(ben: Talk, id: int, text: str) -> dict[str, Any]:
    """Publish to a topic that is also subscribed to: its acknowledgement, whatever comes before."""
    ben.say(id=id, publish={"topic": TOPIC, "value": {"text": text}})
    while "ack" not in (heard := ben.hear()):
        assert "item" in heard
    ack: dict[str, Any] = heard["ack"]
    assert ack["id"] == id
    return ack


def test_it_shares_topics_and_the_form_of_items_with_streams_of_events(
    server: Server, cache: str, maker: Maker, talk: Talker
) -> None:
    binary = base64.b64encode(b"\xff\x00").decode()
    headers = {"authorization": server.api_key}
    with (
        httpx.Client(base_url=server.http, headers=headers) as web,
        events(web, f"/topics/{cache}/{TOPIC}") as stream,
        talk(server, cache, maker.token(RULE)) as ann,
    ):
        ann.say(subscribe={"topic": TOPIC})
        for value in ({"text": "a\n\u2028☃"}, {"binary": binary}, {"text": "x" * 300_000}):
            ann.say(publish={"topic": TOPIC, "value": value})
            item = ann.hear()
            assert item["item"]["value"] == value, "without an id, there is no acknowledgement"
            assert stream.next().data == item
        web.post(f"/topics/{cache}/{TOPIC}", content="by HTTP")
        assert ann.texts(1) == ["by HTTP"]


def test_who_comes_back_misses_nothing_and_who_unsubscribes_gets_nothing(
    server: Server, cache: str, talk: Talker
) -> None:
    with talk(server, cache) as ann:
        page = ann.ask(id=1, subscribe={"topic": TOPIC})["ack"]["sequence_page"]
        for text in "abc":
            ann.say(publish={"topic": TOPIC, "value": {"text": text}})
        assert ann.texts(3) == ["a", "b", "c"]
        assert ann.ask(id=2, unsubscribe={"topic": TOPIC}) == {"ack": {"id": 2}}
        ann.say(publish={"topic": TOPIC, "value": {"text": "d"}})
        missed = {"topic": "other", "sequence_number": 9, "sequence_page": 1}
        assert ann.ask(id=3, subscribe=missed) == {"ack": {"id": 3}}, "d did not come"
        gap = ann.hear()["discontinuity"]
        assert (gap["topic"], gap["last_topic_sequence"], gap["new_topic_sequence"]) == (
            "other",
            8,
            1,
        )
    with talk(server, cache) as ann:
        ann.ask(id=1, subscribe={"topic": TOPIC, "sequence_number": 3, "sequence_page": page})
        assert ann.texts(2) == ["c", "d"]


def test_a_request_that_is_refused_says_why_and_the_others_go_on(
    server: Server, cache: str, maker: Maker, talk: Talker
) -> None:
    rule = {"type": "topic", "permissions": ["read"], "caches": "*", "topics": {"name": "a"}}
    with talk(server, cache, maker.token(rule)) as ann:
        ann.ask(id=1, subscribe={"topic": "a"})
        found = {}
        for request, status in (
            ({"publish": {"topic": "a", "value": {"text": ""}}}, 403),
            ({"subscribe": {"topic": "b"}}, 403),
            ({"subscribe": {"topic": "a"}}, 400),
            ({"unsubscribe": {"topic": "b"}}, 400),
            ({}, 400),
            ({"subscribe": {"topic": "b"}, "unsubscribe": {"topic": "a"}}, 400),
        ):
            error = ann.ask(id=2, **request)["error"]
            if (error["id"], error["status"]) != (2, status):
                found[str(request)] = error
        for text in ("", "x", "[]", '{"id": "x"}', '{"unknown": 1}', '{"publish": {"topic": "a"}}'):
            ann.connection.send(text)
            error = ann.hear()["error"]
            if (error["id"], error["status"], error["err"]) != (None, 400, "invalid_argument"):
                found[text] = error
        for text, id in (
            ('{"id": 7, "unknown": 1}', 7),
            ('{"publish": {"topic": "a"}, "id": 7}', 7),
            ('{"id": 7, "subscribe": {"topic": 1}}', 7),
            ('{"id": 7, "id": 8}', None),
            ('{"id": 7', None),
        ):
            ann.connection.send(text)
            if (error := ann.hear()["error"])["id"] != id:
                found[text] = error
        assert found == {}
        whole = "must be a whole number from 0 to 18446744073709551615"
        for text, words in (
            ('{"id": "x"}', f"id: {whole}, not a string"),
            ('{"id": -1}', f"id: {whole}, not -1"),
            (
                '{"subscribe": {"topic": "b", "sequence_number": 1.5}}',
                f"{NUMBER}: {whole}, not 1.5",
            ),
            (
                '{"subscribe": {"topic": "b", "sequence_page": []}}',
                f"{PAGE}: {whole}, not an array",
            ),
        ):
            ann.connection.send(text)
            assert ann.hear()["error"]["message"] == words
    with talk(server, cache) as owner:
        for value in ({}, {"text": "", "binary": ""}, {"binary": "!"}):
            assert owner.ask(publish={"topic": "a", "value": value})["error"]["status"] == 400
        long = owner.ask(publish={"topic": "a", "value": {"text": "x" * ((1 << 20) + 1)}})
        assert long["error"]["err"] == "request_size_limit_exceeded"
        assert owner.ask(id=1, subscribe={"topic": "x" * 1_025})["error"]["status"] == 400


def test_who_may_not_use_the_cache_is_refused_before_the_upgrade(
    server: Server, cache: str, talk: Talker
) -> None:
    for name, token, status, err in (
        (cache, "nonsense", 401, "invalid_token"),
        (cache, "", 401, "missing_token"),
        ("no-such-cache", None, 404, "cache_not_found"),
    ):
        with pytest.raises(InvalidStatus) as refused, talk(server, name, token):
            pass
        response = refused.value.response
        assert (response.status_code, json.loads(response.body)["err"]) == (status, err)


def test_it_ends_with_its_cache_its_key_and_its_token_whether_or_not_it_subscribes(
    server: Server, owner: Wire, cache: str, new_name: str, maker: Maker, talk: Talker
) -> None:
    headers = {"authorization": server.api_key}
    made = httpx.post(
        f"{server.http}/api-keys", json={"role_id": "owner", "description": "d"}, headers=headers
    ).json()
    key, url = made["api_key"], f"{server.http}/api-keys/{made['key_info']['key_id']}"
    owner.create_cache(new_name)
    with (
        talk(server, new_name) as ann,
        talk(server, cache, key) as ben,
        talk(server, cache, key) as publisher,
        talk(server, cache, maker.token(RULE, seconds=2)) as guest,
    ):
        for each in (guest, publisher):  # the guest first: its token does not wait
            each.ask(id=1, publish={"topic": "other", "value": {"text": ""}})
        for each in (ann, ben):
            each.ask(id=1, subscribe={"topic": TOPIC})
        began = time.monotonic()
        owner.delete_cache(new_name)
        httpx.delete(url, headers=headers)
        assert ann.closed() == (4404, "cache_not_found")
        assert ben.closed() == (4401, "invalid_token")
        assert publisher.closed() == (4401, "invalid_token")
        assert guest.closed() == (4401, "invalid_token")
        assert time.monotonic() - began < PROMPTLY_SECONDS
    owner.create_cache(new_name)


def test_one_that_loses_a_permission_says_so(server: Server, cache: str, talk: Talker) -> None:
    headers = {"authorization": server.api_key}
    role: dict[str, Any] = {"role_name": f"for {cache}", "permissions": {"rules": [RULE]}}
    made = httpx.post(f"{server.http}/roles", headers=headers, json=role).json()
    asked = {"role_id": made["role_id"], "description": "d"}
    key = httpx.post(f"{server.http}/api-keys", headers=headers, json=asked).json()["api_key"]
    with talk(server, cache, key) as ann:
        ann.ask(id=1, subscribe={"topic": TOPIC})
        role["permissions"] = {"rules": [RULE | {"permissions": ["write"]}]}
        url = f"{server.http}/roles/{made['role_id']}"
        assert httpx.put(url, headers=headers, json=role).is_success
        assert ann.closed() == (4403, "permission_denied")


def test_memory_is_counted_for_each_and_for_long_messages_until_it_ends(
    server: Server, cache: str, talk: Talker
) -> None:
    headers = {"authorization": server.api_key}

    def parts() -> dict[str, float]:
        page = httpx.get(f"{server.http}/metrics", headers=headers).text
        found = re.findall(r'^attimo_memory_bytes{part="(.*?)"} (.*)$', page, re.M)
        return {name: float(value) for name, value in found}

    before = parts()
    with ExitStack() as stack:
        all = [stack.enter_context(talk(server, cache)) for _ in range(MANY)]
        for each in all:
            each.ask(id=1, publish={"topic": TOPIC, "value": {"text": "x"}})
        assert parts()["topics"] - before["topics"] > MANY * 20_000
        long = "x" * 200_000
        all[0].ask(id=2, publish={"topic": TOPIC, "value": {"text": long}})
        assert parts()["in_flight"] - before["in_flight"] > len(long), "its buffer is kept"
    while parts()["topics"] > before["topics"] + 2 * len(long):
        pass  # the topic itself keeps the long message for a minute
    httpx.delete(f"{server.http}/caches/{cache}", headers=headers)
    while any(parts()[part] > before[part] + len(long) for part in ("topics", "in_flight")):
        pass


def test_it_has_at_most_1024_subscriptions(server: Server, cache: str, talk: Talker) -> None:
    with talk(server, cache) as ann:
        for number in range(MOST_SUBSCRIPTIONS + 1):
            ann.say(id=number, subscribe={"topic": f"t{number}"})
        for number in range(MOST_SUBSCRIPTIONS):
            assert ann.hear()["ack"]["id"] == number
        error = ann.hear()["error"]
        assert (error["id"], error["status"]) == (MOST_SUBSCRIPTIONS, 400)
        assert "1024" in error["message"]
        assert ann.ask(id=1, unsubscribe={"topic": "t7"}) == {"ack": {"id": 1}}
        assert ann.ask(id=2, subscribe={"topic": "another"})["ack"]["id"] == 2


def test_a_server_that_stops_sends_what_is_there_and_goes_away(talk: Talker) -> None:
    with Server() as server, talk(server, "default-cache") as ann:
        ann.ask(id=0, subscribe={"topic": TOPIC})
        for number in range(200):
            ann.say(publish={"topic": TOPIC, "value": {"text": str(number)}})
        texts = ann.texts(1)
        server.stop()
        rest, code, reason = ann.rest()
        texts += [each["item"]["value"]["text"] for each in rest]
        assert texts == [str(number) for number in range(len(texts))]
        assert (code, reason) == (1001, "server_stopping")


def test_pings_go_both_ways(local_server: Server, talk: Talker) -> None:
    with talk(local_server, "default-cache", "") as ann:
        assert ann.connection.ping().wait(20)
    raw = handshake(local_server, "/topics/default-cache")
    with raw:
        raw.settimeout(20)
        frames = b""
        while frames.count(b"\x89\x00") < 2:
            frames += raw.recv(100)
        # Whoever answers none is let go.
        while raw.recv(100):
            pass


def handshake(server: Server, path: str) -> socket.socket:
    """A socket after the handshake, for frames that no library sends."""
    raw = socket.create_connection(server.http_address, timeout=20)
    raw.sendall(
        f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n"
        "Upgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += raw.recv(1)
    assert head.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in head
    return raw


def masked(opcode: int, length: int, content: bytes = b"") -> bytes:
    """A frame, all of it or its start, with a mask of zeros."""
    return struct.pack("!BBQ4x", 0x80 | opcode, 0xFF, length) + content


def test_frames_that_break_the_protocol_close_it_with_the_code_for_that(server: Server) -> None:
    path = f"/topics/default-cache?token={server.api_key}"
    for name, frame, code in (
        ("no mask", b"\x81\x02{}", 1002),
        ("reserved bits", b"\xf1\x80\0\0\0\0", 1002),
        ("a long control frame", masked(0x9, 126, bytes(126)), 1002),
        ("no text", masked(0x1, 2, b"\xff\xff"), 1007),
        ("too large", masked(0x1, (2 << 20) + 1), 1009),
        ("bytes", masked(0x2, 1, b"x"), 1003),
    ):
        with handshake(server, path) as raw:
            raw.sendall(frame)
            head = raw.recv(4)
            assert head[:1] == b"\x88", name
            assert struct.unpack("!H", head[2:4])[0] == code, name


def test_a_message_may_come_in_parts(server: Server, cache: str, talk: Talker) -> None:
    with talk(server, cache) as ann:
        whole = json.dumps({"id": 1, "publish": {"topic": TOPIC, "value": {"text": "x" * 1_000}}})
        ann.connection.send([whole[:500], whole[500:]])
        assert ann.hear()["ack"]["id"] == 1


def test_a_handshake_that_is_wrong_is_refused(server: Server, cache: str) -> None:
    right = {
        "connection": "upgrade",
        "upgrade": "websocket",
        "sec-websocket-version": "13",
        "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        "authorization": server.api_key,
    }
    url = f"{server.http}/topics/{cache}"
    for change in ({"sec-websocket-version": "8"}, {"sec-websocket-key": "short"}):
        refused = httpx.get(url, headers=right | change)
        assert refused.status_code == 400, change
    assert httpx.get(f"{url}/a", headers=right).status_code == 400
    with (
        pytest.raises(InvalidStatus),
        connect(
            f"{server.http.replace('http', 'ws', 1)}/caches?token={server.api_key}", proxy=None
        ),
    ):
        pass


def test_only_pages_of_allowed_origins_may_open_one(talk: Talker) -> None:
    with Server("--allowed-origins", "https://app.example") as server:
        with talk(server, "default-cache", origin="https://app.example") as ann:
            assert ann.ask(id=1, subscribe={"topic": TOPIC})["ack"]["id"] == 1
        with (
            pytest.raises(InvalidStatus) as refused,
            talk(server, "default-cache", origin="https://evil.example"),
        ):
            pass
        assert refused.value.response.status_code == 403
