"""HTTP as its neighbours understand it: what a request is, whom it is for, what its body is."""

import gzip
import json
from typing import Any

import httpx

from conformance.edge.connection import connect
from conformance.edge.http1 import http1, request
from harness import Server

Headers = dict[str, str]

KEYS = json.dumps({"keys": ["a"]}).encode()
JSON_ROUTES: list[tuple[str, str, bytes]] = [
    ("POST", "/cache/default-cache/get", KEYS),
    ("POST", "/cache/default-cache/exists", KEYS),
    ("POST", "/cache/default-cache/set?key=s&ttl_seconds=60", b'{"elements": ["a"]}'),
    ("POST", "/tokens", b'{"permissions": {"rules": []}, "expires_in": "soon"}'),
    ("PUT", "/caches/of-neighbours", b'{"expires_in": 60}'),
]
CONTROL = [("POST", "/api-keys"), ("GET", "/caches"), ("PUT", "/caches/n"), ("DELETE", "/caches/x")]
OF_GRPC = ["application/grpc", "application/grpc+proto", "application/grpc-web"]
RAW = ["/caches/\xe9", "/\xff", "/cache/default-cache?key=\x80", "/\xc3\xa9"]
OF_JSON = [
    "",
    "application/json",
    "text/json",
    "application/vnd.api+json",
    'Application/JSON; Charset="UTF-8"',
]
OF_PROXIES = [
    "x-forwarded-proto",
    "x-forwarded-port",
    "x-client-ip",
    "cf-ray",
    "x-amzn-trace-id",
    "fastly-ssl",
    "x-original-url",
    "x-envoy-attempt-count",
    "x-azure-ref",
    "x-real-port",
    "cdn-loop",
    "fly-region",
    "x-varnish",
]


def test_a_content_type_makes_no_request_grpc(web: httpx.Client) -> None:
    for method, path in CONTROL:
        for kind in OF_GRPC:
            answer = web.request(method, path, headers={"content-type": kind})

            assert answer.status_code == 401, (method, path, kind)
            assert "grpc-status" not in answer.headers, (method, path, kind)
            with_body = web.post("/session", headers={"content-type": kind}, content=b"{}")
            assert with_body.status_code == 415, (method, path, kind)


def test_no_path_leads_elsewhere(web: httpx.Client, authorization: Headers) -> None:
    cases: list[str] = ["/caches/", "/session/", "/api-keys/", "/health/", "/docs/", "/"]
    for method in ["GET", "POST", "PUT", "DELETE"]:
        for path in cases:
            answer = web.request(method, path, headers=authorization)

            # `/caches/` is a cache without a name; `/` is a page.
            allowed = {"/caches/": (400, 405), "/": (200, 405)}.get(path, (404, 405))
            assert answer.status_code in allowed, (method, path)
            assert "location" not in answer.headers, (method, path)
            if path == "/session/":
                assert "slash" in answer.json()["message"], (method, path)


def test_a_url_of_raw_bytes_is_refused_in_words_of_ours(server: Server) -> None:
    for target in RAW:
        line = f"GET {target}".encode("latin1")
        with http1(server.http_address) as wire:
            wire.say(line + b" HTTP/1.1\r\nhost: localhost\r\n\r\n")
            answer = wire.reply()

        assert answer.status == 400, target
        # Bytes that are not even UTF-8 are no URL at all.
        words = ("percent-encode them", "the head of the request is not HTTP/1.1")
        assert json.loads(answer.body)["message"].endswith(words), target


def test_a_host_may_be_written_in_two_ways(server: Server) -> None:
    """RFC 9113 §8.3.1, RFC 3986 §6.2."""
    cases: list[tuple[str, str]] = [
        ("localhost:8080", "LOCALHOST:8080"),
        ("localhost", "localhost:80"),
        ("localhost:", "localhost"),
        ("LocalHost:80", "localhost"),
        ("[::1]:80", "[::1]"),
    ]
    for authority, host in cases:
        assert asked(server, authority, host) == "200", (authority, host)


def test_two_hosts_are_refused(server: Server) -> None:
    cases: list[tuple[str, str]] = [
        ("localhost", "localhost:443"),
        ("localhost", "localhost."),
        ("localhost", "other"),
        ("localhost:8080", "localhost"),
    ]
    for authority, host in cases:
        assert asked(server, authority, host) == "400", (authority, host)


def asked(server: Server, authority: str, host: str) -> str:
    headers = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/health"),
        (":authority", authority),
        ("host", host),
    ]
    with connect(server.http_address, "", "") as connection:
        connection._h2.config.normalize_outbound_headers = False
        connection._h2.config.validate_outbound_headers = False
        return connection.answer(connection.open(headers, end=True)).headers[":status"]


def test_json_is_read_by_whatever_name(web: httpx.Client, authorization: Headers) -> None:
    for method, path, body in JSON_ROUTES:
        for kind in OF_JSON:
            declared = authorization | ({"content-type": kind} if kind else {})

            answer = web.request(method, path, headers=declared, content=body)
            web.delete("/caches/of-neighbours", headers=authorization)

            assert answer.status_code == (400 if path == "/tokens" else answer.status_code), (
                method,
                path,
                body,
                kind,
            )
            assert answer.status_code in (200, 201, 204, 400), (method, path, body, kind)
            assert "dictionary" not in answer.text, (method, path, body, kind)
            if path == "/tokens":  # it was read: the message names a field
                assert answer.json()["message"].split(":")[0] != "body", (method, path, body, kind)


def test_a_body_that_is_something_else_is_refused(
    web: httpx.Client, authorization: Headers
) -> None:
    cases: list[tuple[str, str, tuple[str, str]]] = [
        ("content-type", "application/x-www-form-urlencoded", ("accept", "application/json")),
        ("content-type", "text/plain;charset=UTF-8", ("accept", "application/json")),
        ("content-type", "application/json; charset=utf-16", ("accept", "application/json")),
        ("content-type", "application/grpc", ("accept", "application/json")),
        ("content-encoding", "gzip", ("accept-encoding", "identity")),
    ]
    for method, path, body in JSON_ROUTES:
        for name, value, remedy in cases:
            content = gzip.compress(body) if value == "gzip" else body
            declared: dict[str, Any] = authorization | {
                "content-type": "application/json",
                name: value,
            }

            answer = web.request(method, path, headers=declared, content=content)

            assert answer.status_code == 415
            assert answer.json()["message"]
            assert answer.headers[remedy[0]] == remedy[1]


def test_a_value_is_stored_as_it_is_or_not_at_all(
    web: httpx.Client, authorization: Headers
) -> None:
    item = "/cache/default-cache?key=coded&ttl_seconds=60"

    coded = web.put(item, headers=authorization | {"content-encoding": "gzip"}, content=b"x")
    part = web.put(item, headers=authorization | {"content-range": "bytes 0-0/2"}, content=b"x")
    plain = web.put(item, headers=authorization | {"content-encoding": "identity"}, content=b"x")

    assert (coded.status_code, part.status_code, plain.status_code) == (415, 400, 204)


def test_what_a_proxy_hands_on_is_nobody_on_a_local_server(local_server: Server) -> None:
    for header in OF_PROXIES:
        with http1(local_server.http_address) as wire:
            for path in ("/caches", "/cache/default-cache?key=k"):
                wire.say(request(f"GET {path}", f"{header}: 1".encode()))
                assert wire.reply().status == 401, (header, path)
                wire.say(request(f"GET {path}", b"x-request-id: 1", b"traceparent: 1"))
                assert wire.reply().status in (200, 404), (header, path)


def test_no_shared_cache_keeps_what_is_for_one_caller(
    web: httpx.Client, server: Server, authorization: Headers
) -> None:
    """RFC 6750 §2.3, RFC 9111 §5.2.2, and Fetch, "CORS protocol and HTTP caches"."""
    cases: list[tuple[str, str]] = [
        ("/cache/default-cache?key=kept", "private, no-cache"),
        ("/cache/default-cache?key=no-such-key", "private, no-cache"),
        ("/cache/no-such-cache?key=kept", "private, no-cache"),
        ("/caches", "no-store"),
        ("/no/such/page", "no-store"),
        ("/health", "no-store"),
        ("/docs/swagger-ui.css", "public, max-age=3600"),
    ]
    item = "/cache/default-cache?key=kept&ttl_seconds=60"
    web.put(item, headers=authorization, content=b"value")

    for path, kept in cases:
        joint = "&" if "?" in path else "?"

        for answer in (
            web.get(path, headers=authorization),
            web.get(f"{path}{joint}token={server.api_key}"),
            web.get(path, headers=authorization | {"origin": "https://page.example"}),
            web.head(path, headers=authorization),
        ):
            assert answer.headers["cache-control"] == kept
            assert answer.headers["vary"] == "authorization, origin"


def test_an_answer_without_its_body_says_the_same_to_caches(
    web: httpx.Client, authorization: Headers
) -> None:
    item = "/cache/default-cache?key=kept-304&ttl_seconds=60"
    web.put(item, headers=authorization, content=b"value")
    etag = web.get(item, headers=authorization).headers["etag"]

    same = web.get(item, headers=authorization | {"if-none-match": etag})

    assert (same.status_code, same.headers["etag"]) == (304, etag)
    assert same.headers["cache-control"] == "private, no-cache"
    assert same.headers["vary"] == "authorization, origin"
