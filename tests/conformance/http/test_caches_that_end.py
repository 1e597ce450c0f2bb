"""Caches that end by themselves, on a running server."""

import time

import httpx

Headers = dict[str, str]


def test_a_cache_is_served_to_its_last_second_and_never_after(
    web: httpx.Client, authorization: Headers
) -> None:
    """One connection throughout, which has been let in to the cache before it ends."""
    made = web.put("/caches/brief", headers=authorization, json={"expires_in": 2}).json()
    query = {"key": "k", "ttl_seconds": "60"}
    web.put("/cache/brief", params=query, content=b"v", headers=authorization).raise_for_status()

    asked = answered = 0.0
    while (
        answer := web.get("/cache/brief", params={"key": "k"}, headers=authorization)
    ).status_code == 200:
        assert asked < made["expires_at"]
        asked = time.time()
    answered = time.time()

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert "Cache not found" in answer.json()["message"]
    assert answered >= made["expires_at"]
    listed = web.get("/caches", headers=authorization).json()["caches"]
    assert "brief" not in [cache["name"] for cache in listed]


def test_its_name_can_be_given_again_and_what_was_in_it_is_gone(
    web: httpx.Client, authorization: Headers
) -> None:
    end = web.put("/caches/again", headers=authorization, json={"expires_in": 2}).json()[
        "expires_at"
    ]
    query = {"key": "k", "ttl_seconds": "60"}
    web.put("/cache/again", params=query, content=b"v", headers=authorization).raise_for_status()

    asked = 0.0
    while (made := web.put("/caches/again", headers=authorization)).status_code == 409:
        assert asked < end + 1
        asked = time.time()

    assert made.json() == {"name": "again"}
    missing = web.get("/cache/again", params={"key": "k"}, headers=authorization)
    assert (missing.status_code, missing.json()["message"]) == (404, "Key Not Found")
    web.delete("/caches/again", headers=authorization).raise_for_status()


def test_its_end_is_in_the_audit_trail(web: httpx.Client, authorization: Headers) -> None:
    web.put("/caches/noted", headers=authorization, json={"expires_in": 1}).raise_for_status()
    query = {"action": "cache.expire"}

    deadline = time.monotonic() + 20
    found: list[dict[str, str]] = []
    while not found and time.monotonic() < deadline:
        entries = web.get("/audit", params=query, headers=authorization).json()["entries"]
        found = [entry for entry in entries if entry["subject"] == "noted"]

    assert [(entry["actor"], entry["peer"]) for entry in found[:1]] == [("system", "")]
