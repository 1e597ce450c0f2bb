"""WebSockets on streams of HTTP/2 (RFC 8441): the handshake, flow control and resets.

What is said on one is the same as over HTTP/1.1: `test_web_sockets.py` runs over both.
"""

import json
from collections.abc import Iterator

import httpx
import pytest
from websockets.frames import Frame, Opcode

from conformance.stream_socket import Pairs, Streams
from harness import Server

PROTOCOL_ERROR, CANCEL = 1, 8
MANY = 300
LONG = 200_000
WINDOW = 65_535
VERSION = ("sec-websocket-version", "13")


@pytest.fixture
def streams(server: Server) -> Iterator[Streams]:
    """A connection."""
    opened = Streams(server.http)
    yield opened
    opened.socket.close()


def target(server: Server, cache: str) -> str:
    return f"/topics/{cache}?token={server.api_key}"


def connect(server: Server, cache: str, without: str = "", **change: str) -> Pairs:
    """The headers of a handshake, all but one, with some changed."""
    right = {
        ":method": "CONNECT",
        ":protocol": "websocket",
        ":scheme": "http",
        ":path": target(server, cache),
        ":authority": "localhost",
    }
    right |= {f":{name}": value for name, value in change.items()}
    return [*((name, value) for name, value in right.items() if name != without), VERSION]


def masked(content: bytes | str, opcode: Opcode = Opcode.TEXT) -> bytes:
    """A frame of a client's."""
    content = content.encode() if isinstance(content, str) else content
    return Frame(opcode, content).serialize(mask=True)


def say(streams: Streams, stream: int, **request: object) -> None:
    streams.send(stream, masked(json.dumps(request)))


def heard(streams: Streams, stream: int, word: str) -> None:
    """Wait for a word of the server's."""
    streams.wait(lambda: word.encode() in streams.data[stream])


def subscriptions(server: Server) -> float:
    """How many there are now."""
    page = httpx.get(f"{server.http}/metrics", headers={"authorization": server.api_key}).text
    lines = [line for line in page.splitlines() if line.startswith("attimo_topic_subscriptions ")]
    return float(lines[0].split()[1])


def test_the_server_says_that_it_allows_them_and_one_connection_has_many_beside_requests(
    server: Server, cache: str, streams: Streams
) -> None:
    assert streams.allows_connect
    first = streams.connect(target(server, cache))
    assert streams.status(first) == 200
    assert "sec-websocket-accept" not in streams.headers[first]
    others = [streams.connect(target(server, cache)) for _ in range(MANY)]
    assert {streams.status(each) for each in others} == {200}
    for each in (first, *others):
        say(streams, each, id=1, subscribe={"topic": "news"})
        heard(streams, each, "ack")
    path = f"/topics/{cache}/news"
    post = [(":method", "GET"), (":scheme", "http"), (":path", "/health"), (":authority", "x")]
    assert streams.status(streams.request(post, ends=True)) == 200
    httpx.post(f"{server.http}{path}", content="hi", headers={"authorization": server.api_key})
    for each in (first, *others):
        heard(streams, each, '{"text":"hi"}')


def test_handshakes_that_are_malformed_are_reset_and_others_are_answered(
    server: Server, cache: str, streams: Streams
) -> None:
    right = connect(server, cache)
    malformed: dict[str, Pairs] = {
        "a protocol without CONNECT": connect(server, cache, method="GET"),
        "no protocol": connect(server, cache, without=":protocol"),
        "no scheme": connect(server, cache, without=":scheme"),
        "no path": connect(server, cache, without=":path"),
        "no authority": connect(server, cache, without=":authority"),
        "two protocols": [(":protocol", "websocket"), *right],
        "a protocol after headers": [*right[:1], *right[2:], right[1]],
        "connection": [*right, ("connection", "upgrade")],
        "upgrade": [*right, ("upgrade", "websocket")],
        "a length": [*right, ("content-length", "5")],
    }
    found = {name: streams.reset(streams.request(each)) for name, each in malformed.items()}
    assert found == dict.fromkeys(malformed, PROTOCOL_ERROR)
    refused: dict[str, tuple[Pairs, int]] = {
        "another protocol": (connect(server, cache, protocol="connect-udp"), 501),
        "a version": ([*right[:-1], ("sec-websocket-version", "8")], 400),
        "no version": (right[:-1], 400),
        "a topic": (connect(server, cache, path=f"/topics/{cache}/a"), 400),
        "items": (connect(server, cache, path=f"/cache/{cache}?key=a"), 400),
        "the control plane": (connect(server, cache, path="/caches"), 400),
        "no token": (connect(server, cache, path=f"/topics/{cache}"), 401),
        "two hosts": ([*right, ("host", "elsewhere")], 400),
    }
    answers = {name: streams.status(streams.request(each)) for name, (each, _) in refused.items()}
    assert answers == {name: status for name, (_, status) in refused.items()}
    assert streams.status(streams.request(right)) == 200


def test_a_key_of_http_1_which_a_proxy_hands_on_is_answered(
    server: Server, cache: str, streams: Streams
) -> None:
    for key, accept in (
        ("dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
        ("short", None),
    ):
        stream = streams.connect(target(server, cache), ("sec-websocket-key", key))
        assert streams.status(stream) == 200
        assert streams.headers[stream].get("sec-websocket-accept") == accept


def test_who_sends_before_the_answer_or_sends_headers_is_reset(
    server: Server, cache: str, streams: Streams
) -> None:
    stream = streams.h2.get_next_available_stream_id()
    streams.data[stream] = b""
    streams.h2.send_headers(stream, connect(server, cache))
    streams.h2.send_data(stream, masked("{}"))
    streams.flush()
    assert streams.reset(stream) == PROTOCOL_ERROR
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    streams.h2.send_headers(stream, [("x", "y")], end_stream=True)
    streams.flush()
    assert streams.reset(stream) == PROTOCOL_ERROR


def test_a_reset_frees_the_subscriptions_at_once_and_so_does_the_end_of_the_connection(
    server: Server, cache: str
) -> None:
    before = subscriptions(server)
    streams = Streams(server.http)
    opened = [streams.connect(target(server, cache)) for _ in range(2)]
    for each in opened:
        assert streams.status(each) == 200
        say(streams, each, id=1, subscribe={"topic": "news"})
        heard(streams, each, "ack")
    assert subscriptions(server) == before + 2
    streams.h2.reset_stream(opened[0], CANCEL)
    streams.flush()
    while subscriptions(server) > before + 1:
        pass
    say(streams, opened[1], id=2, publish={"topic": "news", "value": {"text": "x"}})
    heard(streams, opened[1], '"id":2')
    streams.socket.close()
    while subscriptions(server) > before:
        pass


def test_both_sides_close_in_good_order(server: Server, cache: str, streams: Streams) -> None:
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    streams.send(stream, masked(b"\x03\xe8", Opcode.CLOSE), ends=True)
    streams.wait(lambda: stream in streams.ended)
    assert streams.data[stream] == b"\x88\x02\x03\xe8"
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    streams.send(stream, b"", ends=True)
    streams.wait(lambda: streams.is_over(stream))
    assert streams.resets.get(stream, CANCEL) == CANCEL, "nothing was closed"


def test_nothing_is_sent_beyond_the_window_and_all_once_it_opens(
    server: Server, cache: str, streams: Streams
) -> None:
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    say(streams, stream, id=1, subscribe={"topic": "news"})
    heard(streams, stream, "ack")
    streams.reads = False
    before = len(streams.data[stream])
    for _ in range(2):
        text = "x" * LONG
        say(streams, stream, id=2, publish={"topic": "news", "value": {"text": text}})
    streams.wait(lambda: len(streams.data[stream]) >= WINDOW)
    assert len(streams.data[stream]) == WINDOW
    health = [(":method", "GET"), (":scheme", "http"), (":path", "/health"), (":authority", "x")]
    streams.h2.increment_flow_control_window(1 << 20)
    streams.flush()
    assert streams.status(streams.request(health, ends=True)) == 200, "others go on"
    streams.h2.increment_flow_control_window(1 << 20, stream)
    streams.flush()
    streams.wait(lambda: len(streams.data[stream]) > before + 2 * LONG)


def test_the_client_gets_credit_for_more_than_a_window(
    server: Server, cache: str, streams: Streams
) -> None:
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    for number in range(12):
        text = "x" * LONG
        say(streams, stream, id=number, publish={"topic": "news", "value": {"text": text}})
    heard(streams, stream, '"id":11')


def test_padding_gives_credit_back(server: Server, cache: str, streams: Streams) -> None:
    stream = streams.request(connect(server, cache))
    assert streams.status(stream) == 200
    frame, sent = masked(b"", Opcode.PONG), 0
    while sent < 3 << 20:
        while streams.h2.local_flow_control_window(stream) < 1_000:
            streams.take()
        streams.h2.send_data(stream, frame, pad_length=255)
        sent += len(frame) + 256
        if not sent // (len(frame) + 256) % 50:
            streams.flush()
    streams.flush()
    say(streams, stream, id=1, publish={"topic": "news", "value": {"text": "x"}})
    heard(streams, stream, '"id":1')
