"""Every way in which plain HTTP reaches a server: the same requests, the same answers.

HTTP/1.1 and HTTP/2, on plaintext and TLS. What each request does in detail is in the other files,
on one way; here is what a version of HTTP could do differently: answers without a body, parts,
large bodies, bodies that nobody reads, and connections that go on after each of these.
"""

import re
from urllib.parse import quote

import httpx
import pytest

from conformance.http.items import MINUTE, Items, refused
from conformance.http.route import KEY
from conformance.http.routes import TYPES
from conformance.wire import Wire

Headers = dict[str, str]

BYTES = bytes(range(256))


@pytest.fixture
def web(every_web: httpx.Client) -> httpx.Client:
    """Each of the ways, for the fixtures that take one."""
    return every_web


def test_each_way_speaks_its_version(web: httpx.Client, request: pytest.FixtureRequest) -> None:
    version = "HTTP/2" if "http2" in request.node.name else "HTTP/1.1"

    assert web.get("/health").http_version == version


def test_every_route_of_data_answers(items: Items) -> None:
    wrong = {}
    for routes in TYPES:
        for route in routes:
            routes[0].ask(items)
            status = route.ask(items).status_code
            # There is a value, and it has another tag than that of nobody.
            expected = {"SetIfHash": {204, 412}, "SetIf": {204, 412}}.get(
                route.api, {200, 204, 304}
            )
            if status not in expected:
                wrong[str(route)] = status
        items.delete(key=KEY)

    assert wrong == {}


def test_any_bytes_are_a_key_and_a_value(items: Items, scs: Wire) -> None:
    for key, path in ((b"a b", "a%20b"), (b"\xff\x00", "%ff%00"), (BYTES, quote(BYTES, safe=""))):
        for value in (b"", b"\x00", BYTES, b"x" * 100_000):
            assert items.ask("PUT", path, value, **MINUTE).status_code == 204
            found = items.ask("GET", path)
            assert (found.status_code, found.content) == (200, value)
            assert scs.get(key) == value
        assert items.ask("DELETE", path).status_code == 204
        assert items.ask("GET", path).status_code == 404


def test_keys_that_are_no_text_stay_apart(items: Items) -> None:
    path = f"/cache/{items.cache}"
    written = items.web.put(f"{path}?key=%ff&ttl_seconds=60", headers=items.headers, content=b"v")

    assert written.status_code == 204
    assert items.web.get(f"{path}?key=%ff", headers=items.headers).content == b"v"
    for other in ("%fe", "%EF%BF%BD", ""):
        got = items.web.get(f"{path}?key={other}", headers=items.headers)
        assert got.status_code == 404, other


def test_five_million_bytes_come_back(items: Items) -> None:
    value = BYTES * 19_531

    items.put("k", value)
    got = items.ask("GET", key="k")

    assert got.content == value
    assert int(got.headers["content-length"]) == len(value)


def test_more_than_the_limit_is_refused(items: Items) -> None:
    answer = items.ask("PUT", body=bytes(5_300_000), key="k", ttl_seconds=60)

    assert answer.status_code == 413
    assert "request limit" in answer.text
    assert items.value("k") is None


def test_a_stranger_is_refused_whatever_he_sends(web: httpx.Client, cache: str) -> None:
    path = f"/cache/{cache}"

    answer = web.put(path, params={"key": "k", "ttl_seconds": 60}, content=b"x" * 60_000)

    assert answer.status_code == 401


def test_head_tells_what_get_would(items: Items) -> None:
    items.put("k", BYTES)

    got, head = items.ask("GET", key="k"), items.ask("HEAD", key="k")

    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag"):
        assert head.headers[name] == got.headers[name], name
    missing = items.ask("HEAD", key="missing")
    assert (missing.status_code, missing.content) == (404, b"")
    assert items.value("k") == BYTES


def test_a_connection_goes_on_after_a_304(items: Items) -> None:
    items.put("k", b"value")
    tag = items.ask("GET", key="k").headers["etag"]

    for _ in range(3):
        assert items.ask("GET", headers={"if-none-match": tag}, key="k").status_code == 304
        assert items.value("k") == b"value"


def test_several_parts_come_in_their_order_each_with_its_place(items: Items) -> None:
    items.put("v.ts", BYTES)

    answer = items.ask("GET", "v.ts", headers={"range": "bytes=90-91, 0-2, -1"})

    kind = re.fullmatch(r"multipart/byteranges; boundary=(\w+)", answer.headers["content-type"])
    assert answer.status_code == 206
    assert kind
    assert "content-range" not in answer.headers
    first, *parts, last = answer.content.split(b"--" + kind[1].encode())
    assert (first, last) == (b"\r\n", b"--\r\n")
    found = [part.removesuffix(b"\r\n").split(b"\r\n\r\n", 1) for part in parts]
    assert [body for _, body in found] == [BYTES[90:92], BYTES[:3], BYTES[255:]]
    places = [f"bytes {place}/256" for place in ("90-91", "0-2", "255-255")]
    for (head, _), place in zip(found, places, strict=True):
        assert head.decode() == f"\r\nContent-Type: video/mp2t\r\nContent-Range: {place}"


def test_a_body_of_json_is_read_or_refused(items: Items) -> None:
    items.post("set", {"elements": ["a"]}, key="k", **MINUTE)

    assert items.get("set", key="k") == {"elements": ["a"]}
    answer = items.ask("POST", "set", b'{"elements":["a",1]}', key="k", **MINUTE)
    assert refused(answer) == (400, "invalid_argument")
    assert answer.json()["message"].startswith("elements[1]: ")


def test_a_cache_is_made_once_and_deleted_once(
    web: httpx.Client, authorization: Headers, owner: Wire
) -> None:
    made = web.put("/caches/by-http", headers=authorization)
    again = web.put("/caches/by-http", headers=authorization)
    listed = {info.cache_name for info in owner.list_caches().cache}
    gone = web.delete("/caches/by-http", headers=authorization)
    missing = web.delete("/caches/by-http", headers=authorization)

    assert (made.status_code, made.json()) == (201, {"name": "by-http"})
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert "by-http" in listed
    assert (gone.status_code, gone.content) == (204, b"")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    assert missing.json()["message"]


@pytest.mark.parametrize("path", ["/caches", "/limits", "/usage", "/openapi.json", "/docs"])
def test_head_tells_what_get_would_and_the_connection_goes_on(
    web: httpx.Client, authorization: Headers, path: str
) -> None:
    head = web.head(path, headers=authorization)
    got = web.get(path, headers=authorization)

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == got.headers["content-type"]
    # What is used, and which caches there are, may have changed between the two.
    changes = path in ("/caches", "/usage")
    assert changes or head.headers["content-length"] == got.headers["content-length"]
    assert int(head.headers["content-length"]) > 0


def test_head_is_refused_as_get_would_be(web: httpx.Client, authorization: Headers) -> None:
    assert web.head("/caches").status_code == 401
    missing = web.head("/no/such/page", headers=authorization)
    assert (missing.status_code, missing.content) == (404, b"")
    only_post = web.head("/tokens", headers=authorization)
    assert (only_post.status_code, only_post.headers["allow"]) == (405, "POST")
    other = web.patch("/caches", headers=authorization)
    assert (other.status_code, other.headers["allow"]) == (405, "GET, HEAD")
