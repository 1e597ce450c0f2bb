"""Items by plain HTTP, as Momento's documentation describes it."""

import base64
import time

import httpx
import pytest

from conformance.wire import Wire
from harness import Server

BYTES = bytes(range(256))
FOUND, WRITTEN, BAD, UNKNOWN, MISSING = 200, 204, 400, 401, 404

Query = dict[str, str | int]


def base64url(key: bytes) -> str:
    """As the documentation wants keys that are no text."""
    return base64.urlsafe_b64encode(key).decode()


@pytest.fixture
def path(cache: str) -> str:
    """Where the items of the new cache are."""
    return f"/cache/{cache}"


@pytest.fixture
def item(web: httpx.Client, path: str, authorization: dict[str, str]) -> Query:
    """A key that holds a value."""
    query: Query = {"key": "item"}
    answer = web.put(
        path, params=query | {"ttl_seconds": 60}, headers=authorization, content=b"value"
    )
    assert answer.status_code == WRITTEN, answer.text
    return query


def test_what_put_writes_get_reads(
    web: httpx.Client, path: str, authorization: dict[str, str]
) -> None:
    for value in [b"", BYTES, b"x" * 100_000]:
        written = web.put(
            path, params={"key": "k", "ttl_seconds": 60}, headers=authorization, content=value
        )
        got = web.get(path, params={"key": "k"}, headers=authorization)

        assert (written.status_code, written.content) == (WRITTEN, b"")
        assert (got.status_code, got.content) == (FOUND, value)
        assert "octet-stream" in got.headers["content-type"]
        assert got.headers["x-content-type-options"] == "nosniff"


def test_the_sdks_see_the_same_items(
    web: httpx.Client, path: str, scs: Wire, item: Query, authorization: dict[str, str]
) -> None:
    scs.set(b"theirs", BYTES)

    assert scs.get(b"item") == b"value"
    assert web.get(path, params={"key": "theirs"}, headers=authorization).content == BYTES


def test_a_key_is_text_in_the_query(
    web: httpx.Client, path: str, scs: Wire, authorization: dict[str, str]
) -> None:
    for key in ["a b", "a+b", "a/b?c=d&e", "ключ", "%2F", "=", "a" * 2000]:
        query: Query = {"key": key, "ttl_seconds": 60}

        assert (
            web.put(path, params=query, headers=authorization, content=b"1").status_code == WRITTEN
        ), key
        assert scs.get(key.encode()) == b"1", key


@pytest.mark.parametrize("padding", ["", "="], ids=["without padding", "with padding"])
def test_a_key_is_bytes_in_base64url(
    web: httpx.Client, path: str, scs: Wire, authorization: dict[str, str], padding: str
) -> None:
    key = b"\xfb\xff\xbe\x00?"
    query: Query = {"key_base64": base64url(key).rstrip("=") + padding, "ttl_seconds": 60}

    assert web.put(path, params=query, headers=authorization, content=b"1").status_code == WRITTEN
    assert scs.get(key) == b"1"
    assert web.get(path, params=query, headers=authorization).content == b"1"
    assert web.delete(path, params=query, headers=authorization).status_code == WRITTEN
    assert scs.get(key) is None


def test_what_is_deleted_is_gone(
    web: httpx.Client, path: str, item: Query, authorization: dict[str, str]
) -> None:
    for _ in range(2):
        assert web.delete(path, params=item, headers=authorization).status_code == WRITTEN

    got = web.get(path, params=item, headers=authorization)

    assert got.status_code == MISSING
    assert "Key Not Found" in got.text


def test_a_missing_cache_is_named(web: httpx.Client, authorization: dict[str, str]) -> None:
    for method in ["GET", "PUT", "DELETE"]:
        answer = web.request(
            method,
            "/cache/no-such-cache",
            params={"key": "k", "ttl_seconds": 60},
            headers=authorization,
        )

        assert answer.status_code == MISSING, method
        assert "Cache Not Found" in answer.text, method
        if answer.http_version == "HTTP/1.1":
            assert answer.reason_phrase == "Not Found", method


def test_the_token_may_be_in_the_header(
    web: httpx.Client, path: str, item: Query, server: Server
) -> None:
    for scheme in ["", "Bearer "]:
        headers = {"authorization": f"{scheme}{server.api_key}"}

        assert web.get(path, params=item, headers=headers).status_code == FOUND, scheme


def test_the_token_may_be_a_v1_token(
    web: httpx.Client, path: str, item: Query, server: Server
) -> None:
    headers = {"authorization": server.v1_token}

    assert web.get(path, params=item, headers=headers).status_code == FOUND


def test_the_token_may_be_in_the_query(
    web: httpx.Client, path: str, item: Query, server: Server
) -> None:
    query = item | {"token": server.api_key}

    assert web.get(path, params=query).content == b"value"


def test_a_token_in_both_places_is_refused(
    web: httpx.Client, path: str, item: Query, server: Server, authorization: dict[str, str]
) -> None:
    query = item | {"token": server.api_key}

    assert web.get(path, params=query, headers=authorization).status_code == BAD


def test_without_a_token_nothing_is_told(web: httpx.Client) -> None:
    for headers in [{}, {"authorization": "not.a.token"}]:
        for cache in ["default-cache", "no-such-cache"]:
            for method in ["GET", "PUT", "DELETE"]:
                query: Query = {"key": "k", "ttl_seconds": 60}

                answer = web.request(method, f"/cache/{cache}", params=query, headers=headers)

                assert answer.status_code == UNKNOWN, (headers, cache, method)
                assert answer.text, (headers, cache, method)
                assert "Not Found" not in answer.text, (headers, cache, method)


def test_exactly_one_key_is_needed(
    web: httpx.Client, path: str, authorization: dict[str, str]
) -> None:
    for method in ["GET", "PUT"]:
        for query in [{}, {"key": "k", "key_base64": "aw"}, {"key_base64": "!"}]:
            answer = web.request(
                method, path, params=query | {"ttl_seconds": 60}, headers=authorization
            )

            assert answer.status_code == BAD, (method, query)
            assert answer.text, (method, query)


def test_a_time_in_whole_seconds_is_needed(
    web: httpx.Client, path: str, scs: Wire, authorization: dict[str, str]
) -> None:
    for ttl in [None, "", "0", "-1", "1.5", "abc", "9" * 30]:
        query: Query = {"key": "k"}
        if ttl is not None:
            query["ttl_seconds"] = ttl

        answer = web.put(path, params=query, headers=authorization, content=b"1")

        assert answer.status_code == BAD, ttl
        assert "ttl_seconds" in answer.text, ttl
        assert scs.get(b"k") is None, ttl


def test_other_methods_are_not_allowed(
    web: httpx.Client, path: str, authorization: dict[str, str]
) -> None:
    for method in ["POST", "PATCH"]:
        answer = web.request(method, path, params={"key": "k"}, headers=authorization)

        assert answer.status_code == 405, method


def test_an_item_is_gone_when_its_second_is_over(
    web: httpx.Client, path: str, authorization: dict[str, str]
) -> None:
    """Time is the promise here."""
    query: Query = {"key": "k", "ttl_seconds": 1}
    web.put(path, params=query, headers=authorization, content=b"1")
    written = time.monotonic()
    assert web.get(path, params=query, headers=authorization).status_code == FOUND

    time.sleep(max(0.0, written + 1 - time.monotonic()))

    assert web.get(path, params=query, headers=authorization).status_code == MISSING


def test_the_name_of_a_cache_is_percent_encoded(
    web: httpx.Client, owner: Wire, authorization: dict[str, str]
) -> None:
    owner.create_cache("a name%20")
    query: Query = {"key": "k", "ttl_seconds": 60}

    written = web.put("/cache/a%20name%2520", params=query, headers=authorization, content=b"1")
    owner.delete_cache("a name%20")

    assert written.status_code == WRITTEN
