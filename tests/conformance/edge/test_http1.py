"""What every client of HTTP/1.1 counts on, said byte for byte (RFC 9112)."""

import email.utils
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from conformance.edge.http1 import LAST, Http1, Reply, chunked, http1, request
from harness import Server

CONTINUE = b"Expect: 100-continue"
LARGE = bytes(range(256)) * 8192


@dataclass(frozen=True)
class Speaker:
    """Says requests about items of the default cache as the owner."""

    http: Http1
    api_key: str

    @property
    def authorization(self) -> bytes:
        return b"Authorization: " + self.api_key.encode()

    def get(self, key: str, *headers: bytes, method: str = "GET", body: bytes = b"") -> bytes:
        line = f"{method} /cache/default-cache?key={key}"
        return request(line, self.authorization, *headers, body=body)

    def put(self, key: str, *headers: bytes, body: bytes = b"") -> bytes:
        line = f"PUT /cache/default-cache?key={key}&ttl_seconds=600"
        return request(line, self.authorization, *headers, body=body)

    def set(self, key: str, value: bytes) -> bytes:
        return self.put(key, b"Content-Length: %d" % len(value), body=value)

    def ask(self, data: bytes, head: bool = False) -> Reply:
        self.http.say(data)
        return self.http.reply(head)

    def value(self, key: str) -> bytes:
        reply = self.ask(self.get(key))
        assert reply.status == 200
        return reply.body


@pytest.fixture
def speaker(server: Server) -> Iterator[Speaker]:
    with http1(server.http_address) as connection:
        yield Speaker(connection, server.api_key)


def test_a_connection_is_kept_for_the_next_request(speaker: Speaker) -> None:
    assert speaker.ask(speaker.set("kept", b"v")).status == 204
    for _ in range(500):
        assert speaker.value("kept") == b"v"


def test_answers_come_in_the_order_of_the_requests(speaker: Speaker) -> None:
    speaker.http.say(b"".join(speaker.set(f"n{number}", b"%d" % number) for number in range(100)))
    assert {speaker.http.reply().status for _ in range(100)} == {204}

    speaker.http.say(b"".join(speaker.get(f"n{number}") for number in range(100)))

    assert [speaker.http.reply().body for _ in range(100)] == [b"%d" % n for n in range(100)]


def test_what_the_control_plane_answers_keeps_its_place(speaker: Speaker) -> None:
    caches = request("GET /caches", speaker.authorization)
    speaker.http.say(b"".join([speaker.get("none"), caches, speaker.get("none"), caches] * 5))

    replies = [speaker.http.reply() for _ in range(20)]

    assert [reply.status for reply in replies] == [404, 200] * 10
    assert [b"default-cache" in reply.body for reply in replies] == [False, True] * 10


def test_a_write_is_seen_by_the_read_behind_it(speaker: Speaker) -> None:
    speaker.http.say(
        speaker.set("a", b"1")
        + speaker.get("a")
        + speaker.put("a", b"Transfer-Encoding: chunked", body=chunked(b"2", b"3"))
        + speaker.get("a")
        + speaker.get("a", method="DELETE")
        + speaker.get("a")
    )

    replies = [speaker.http.reply() for _ in range(6)]

    assert [reply.status for reply in replies] == [204, 200, 204, 200, 204, 404]
    assert (replies[1].body, replies[3].body) == (b"1", b"23")


def test_a_request_may_come_in_two_parts_cut_anywhere(speaker: Speaker) -> None:
    in_chunks = b"2\r\nab\r\n1;e=f\r\nc\r\n0\r\nTrailer: x\r\n\r\n"
    whole = (
        speaker.put("cut", b"Transfer-Encoding: chunked", body=in_chunks)
        + speaker.set("cut2", b"x\r\n\r\ny")
        + speaker.get("cut")
        + speaker.get("cut2")
    )
    for cut in range(1, len(whole)):
        speaker.http.say(whole[:cut])
        speaker.http.say(whole[cut:])

        replies = [speaker.http.reply() for _ in range(4)]

        assert [reply.status for reply in replies] == [204, 204, 200, 200], whole[:cut]
        assert [reply.body for reply in replies[2:]] == [b"abc", b"x\r\n\r\ny"]


def test_a_request_may_come_byte_by_byte(speaker: Speaker) -> None:
    for byte in speaker.set("slow", b"value") + speaker.get("slow"):
        speaker.http.say(bytes([byte]))

    assert speaker.http.reply().status == 204
    assert speaker.http.reply().body == b"value"


def test_head_tells_the_length_and_brings_no_body(speaker: Speaker) -> None:
    speaker.ask(speaker.set("long", b"12345"))

    head = speaker.ask(speaker.get("long", method="HEAD"), head=True)

    assert (head.status, head.header("content-length"), head.body) == (200, "5", b"")
    assert speaker.value("long") == b"12345"


@pytest.mark.parametrize(
    "path",
    [
        "/health",
        "/caches",
        "/no/such/page",
        "/cache/default-cache?key=no-such-key",
        "/cache/no-such-cache?key=k",
        "/cache/default-cache",
        "/cache/default-cache?key=k&key=k",
        "/health?token=a&token=b",
    ],
)
@pytest.mark.parametrize("who", ["owner", "stranger"])
def test_head_is_get_without_a_body(speaker: Speaker, path: str, who: str) -> None:
    """Errors included: a body would be taken for the next answer."""
    headers = [speaker.authorization] if who == "owner" else []
    get = speaker.ask(request(f"GET {path}", *headers))
    head = speaker.ask(request(f"HEAD {path}", *headers), head=True)

    assert head.status in (get.status, 405)
    assert speaker.ask(request("GET /health")).status == 200


@pytest.mark.parametrize(
    "parts",
    [
        [b"one chunk"],
        [b"a"] * 1000,
        [bytes(70_000), b"b" * 70_000, b"c"],
        [LARGE],
    ],
    ids=["one", "many", "large", "larger"],
)
def test_a_body_may_come_in_chunks(speaker: Speaker, parts: list[bytes]) -> None:
    put = speaker.put("chunks", b"Transfer-Encoding: chunked", body=chunked(*parts))

    assert speaker.ask(put).status == 204
    assert speaker.value("chunks") == b"".join(parts)


@pytest.mark.parametrize(
    "body",
    [
        b"5\r\nhello\r\n0\r\n\r\n",
        b"05\r\nhello\r\n000\r\n\r\n",
        b'5;name\r\nhello\r\n0;last="a;b"\r\n\r\n',
        b"5;a=b;c=d\r\nhello\r\n0\r\n\r\n",
        b"3\r\nhel\r\n2\r\nlo\r\n0\r\nx-checksum: 5d41\r\nauthorization: nobody\r\n\r\n",
    ],
)
def test_extensions_and_trailers_of_chunks_are_left_aside(speaker: Speaker, body: bytes) -> None:
    assert speaker.ask(speaker.put("ext", b"transfer-encoding: Chunked", body=body)).status == 204
    assert speaker.value("ext") == b"hello"


@pytest.mark.parametrize("digits", [b"A", b"a", b"0a"])
def test_a_chunk_may_be_measured_in_both_cases(speaker: Speaker, digits: bytes) -> None:
    body = digits + b"\r\n0123456789\r\n0\r\n\r\n"

    assert speaker.ask(speaker.put("hex", b"Transfer-Encoding: chunked", body=body)).status == 204
    assert speaker.value("hex") == b"0123456789"


def test_a_chunked_body_reaches_the_control_plane_too(speaker: Speaker) -> None:
    role = b'{"role_name": "reader", "permissions": {"rules": []}}'
    headers = (speaker.authorization, b"Content-Type: application/json")
    plain = request("POST /roles", *headers, b"Content-Length: %d" % len(role), body=role)
    cut = chunked(role[:10], role[10:])
    in_chunks = request("POST /roles", *headers, b"Transfer-Encoding: chunked", body=cut)

    assert speaker.ask(in_chunks).status == speaker.ask(plain).status
    assert speaker.ask(request("GET /health")).status == 200


def test_a_body_that_nobody_asked_for_is_no_request(speaker: Speaker) -> None:
    inner = request("DELETE /cache/default-cache?key=k", speaker.authorization)
    speaker.ask(speaker.set("k", b"v"))
    length = b"Content-Length: %d" % len(inner)

    for line in ("GET /health", "GET /caches", "DELETE /cache/default-cache?key=other"):
        assert speaker.ask(request(line, speaker.authorization, length, body=inner)).status < 300
        pieces = chunked(inner)
        coding = b"Transfer-Encoding: chunked"
        assert speaker.ask(request(line, speaker.authorization, coding, body=pieces)).status < 300

    assert speaker.value("k") == b"v"


def test_a_write_without_a_body_writes_nothing_at_length(speaker: Speaker) -> None:
    assert speaker.ask(speaker.set("empty", b"")).status == 204
    assert speaker.ask(speaker.put("empty2")).status == 204

    assert speaker.value("empty") == b""
    assert speaker.value("empty2") == b""


def test_names_and_spaces_of_headers_do_not_matter(speaker: Speaker) -> None:
    lines = [b"CONTENT-LENGTH:\t3 \t", b"X-Empty:", b"X-Bytes: \xc3\xa9\xff", b"x-colon: a:b"]

    assert speaker.ask(speaker.put("names", *lines, body=b"abc")).status == 204
    assert speaker.value("names") == b"abc"


def test_a_long_target_and_many_headers_are_taken(speaker: Speaker) -> None:
    key = "k" * 1000
    padding = "&" + "x" * 7000
    many = [b"x-%d: %s" % (number, b"v" * 100) for number in range(60)]

    assert speaker.ask(speaker.set(key, b"v")).status == 204
    assert speaker.ask(speaker.get(key + padding, *many)).body == b"v"


def test_an_empty_line_before_a_request_is_left_aside(speaker: Speaker) -> None:
    """Some clients send one after a body (RFC 9112 §2.2)."""
    assert speaker.ask(b"\r\n" + speaker.set("line", b"v")).status == 204
    assert speaker.ask(b"\r\n" + speaker.get("line")).body == b"v"


def test_the_whole_url_may_stand_in_the_request_line(speaker: Speaker) -> None:
    """As if the server were a proxy (RFC 9112 §3.2.2); the host in the URL wins."""
    speaker.ask(speaker.set("whole", b"v"))
    line = "GET http://localhost/cache/default-cache?key=whole"

    assert speaker.ask(request(line, speaker.authorization)).body == b"v"


@pytest.mark.parametrize("value", [b"close", b"Close", b"foo, close"])
def test_close_is_answered_by_closing(speaker: Speaker, value: bytes) -> None:
    speaker.http.say(request("GET /health", b"Connection: " + value) + request("GET /health"))

    (reply,) = speaker.http.replies()

    assert reply.status == 200
    assert reply.closes


def test_nothing_is_said_of_closing_before_the_last_answer(speaker: Speaker) -> None:
    speaker.http.say(request("GET /health") + request("GET /caches") + LAST)

    replies = speaker.http.replies()

    assert [reply.closes for reply in replies] == [False, False, True]


def test_http_1_0_is_answered_once(speaker: Speaker) -> None:
    speaker.http.say(b"GET /health HTTP/1.0\r\n\r\n" + LAST)

    (reply,) = speaker.http.replies()

    assert reply.status == 200


def test_http_1_0_is_kept_when_it_asks_for_that(speaker: Speaker) -> None:
    reply = speaker.ask(b"GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")

    assert reply.status == 200
    assert (reply.header("connection") or "").lower() == "keep-alive"
    assert speaker.ask(request("GET /health")).status == 200


def test_a_large_body_waits_for_the_word_to_go_on(speaker: Speaker) -> None:
    head = speaker.put("big", CONTINUE, b"Content-Length: %d" % len(LARGE))

    assert speaker.ask(head).status == 100
    assert speaker.ask(LARGE).status == 204
    assert speaker.value("big") == LARGE


def test_chunks_wait_for_the_word_to_go_on(speaker: Speaker) -> None:
    assert speaker.ask(speaker.put("big", CONTINUE, b"Transfer-Encoding: chunked")).status == 100
    assert speaker.ask(chunked(b"value")).status == 204
    assert speaker.value("big") == b"value"


def test_a_body_that_is_refused_is_not_asked_for(speaker: Speaker) -> None:
    """Neither one that is too large nor a large one of somebody unknown."""
    too_large = speaker.put("big", CONTINUE, b"Content-Length: 6000000")
    line = "PUT /cache/default-cache?key=k&ttl_seconds=9"
    strange = request(line, b"Authorization: x.y.z", CONTINUE, b"Content-Length: 3000000")

    reply = speaker.ask(too_large)

    assert (reply.status, reply.closes) == (413, True)
    with http1(speaker.http.socket.getpeername()) as other:
        other.say(strange)
        assert other.reply().status in (401, 413)


def test_a_body_that_does_not_wait_is_not_told_to_go_on(speaker: Speaker) -> None:
    whole = speaker.put("big", CONTINUE, b"Content-Length: 5", body=b"value")
    bodiless = speaker.get("big", CONTINUE)
    old = b"GET /health HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"
    speaker.http.say(whole + bodiless + old)

    statuses = [reply.status for reply in speaker.http.replies()]

    assert [status for status in statuses if status != 100] == [204, 200, 200]
    assert statuses[-2:] == [200, 200]


def test_the_other_side_may_stop_talking_and_listen(speaker: Speaker) -> None:
    speaker.http.say(speaker.set("half", LARGE) + speaker.get("half"))
    speaker.http.finish()

    replies = speaker.http.replies()

    assert [reply.status for reply in replies] == [204, 200]
    assert replies[1].body == LARGE


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket", b"TLS/1.0"])
@pytest.mark.parametrize("path", ["/health", "/caches"])
def test_an_upgrade_is_not_taken(speaker: Speaker, path: str, upgrade: bytes) -> None:
    headers = (
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: " + upgrade,
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    )

    reply = speaker.ask(request(f"GET {path}", speaker.authorization, *headers))

    assert reply.status == 200
    assert speaker.ask(request("GET /health")).status == 200


@pytest.mark.parametrize(
    ("line", "status"),
    [
        ("GET /health", 200),
        ("GET /caches", 200),
        ("GET /cache/default-cache?key=nothing", 404),
        ("GET /cache/no-such-cache?key=k", 404),
        ("POST /cache/default-cache?key=k", 405),
        ("DELETE /cache/default-cache?key=k", 204),
    ],
)
def test_every_answer_tells_when_it_was_made(speaker: Speaker, line: str, status: int) -> None:
    """A server that has a clock must (RFC 9110 §6.6.1)."""
    before = int(time.time())

    reply = speaker.ask(request(line, speaker.authorization))

    assert reply.status == status
    date = reply.header("date")
    assert date is not None
    assert date.endswith(" GMT")
    assert before - 1 <= email.utils.parsedate_to_datetime(date).timestamp() <= time.time() + 1
