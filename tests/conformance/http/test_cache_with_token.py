"""`PUT /caches/{name}` with `token`: a cache and a token for it in one response, or neither."""

import httpx
import pytest

from conformance.http.items import Maker, rule
from harness import Server

CI = [
    {
        "type": "resource_management",
        "permissions": ["write", "list"],
        "resources": {"prefix": "ci-"},
    },
    rule("read", "write"),
]
TOKENS = {"type": "token_management", "permissions": ["write"]}


def create(web: httpx.Client, name: str, key: str, token: object) -> httpx.Response:
    headers = {"authorization": key}
    return web.put(f"/caches/{name}", headers=headers, json={"expires_in": 600, "token": token})


def test_the_token_opens_the_new_cache_alone(web: httpx.Client, server: Server, cache: str) -> None:
    made = create(web, "with-token", server.api_key, {"valid_for_seconds": 60, "token_id": "job"})

    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    token = made.json()["token"]
    assert made.json()["expires_at"] > token["valid_until"]
    query, headers = {"key": "k", "ttl_seconds": "60"}, {"authorization": token["token"]}
    web.put("/cache/with-token", params=query, content=b"v", headers=headers).raise_for_status()
    assert web.get("/cache/with-token", params=query, headers=headers).content == b"v"
    assert web.get(f"/cache/{cache}", params=query, headers=headers).status_code == 403
    assert web.get("/whoami", headers=headers).json()["id"] == "job"


def test_without_the_right_to_create_tokens_there_is_no_cache_either(
    web: httpx.Client, maker: Maker
) -> None:
    key = maker.role_key(*CI)
    assert create(web, "ci-1", key, {"valid_for_seconds": 60}).status_code == 403
    assert (
        web.get("/cache/ci-1", params={"key": "k"}, headers={"authorization": key}).status_code
        == 404
    )

    allowed = maker.role_key(*CI, TOKENS)
    assert create(web, "ci-1", allowed, {"valid_for_seconds": 60}).status_code == 201
    assert create(web, "production", allowed, {"valid_for_seconds": 60}).status_code == 403


def test_a_cache_that_exists_gives_no_token(web: httpx.Client, server: Server, cache: str) -> None:
    refused = create(web, cache, server.api_key, {"valid_for_seconds": 60})

    assert refused.status_code == 409
    assert "token" not in refused.json()


@pytest.mark.parametrize(
    ("token", "field"),
    [
        ({}, "valid_for_seconds"),
        ({"valid_for_seconds": 0}, "valid_for_seconds"),
        ({"valid_for_seconds": 90_001}, "valid_for_seconds"),
        ({"valid_for_seconds": 60, "token_id": "x" * 65}, "token_id"),
        (1, "token"),
    ],
)
def test_a_wrong_field_is_named(
    web: httpx.Client, server: Server, token: object, field: str
) -> None:
    refused = create(web, "never-made", server.api_key, token)

    assert refused.status_code == 400
    assert field in refused.json()["message"]
    headers = {"authorization": server.api_key}
    assert web.get("/cache/never-made", params={"key": "k"}, headers=headers).status_code == 404
