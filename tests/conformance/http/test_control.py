"""Caches and keys by plain HTTP."""

import time

import httpx

from conformance.wire import Wire, refusal

Headers = dict[str, str]


def test_a_malformed_name_is_refused(web: httpx.Client, authorization: Headers) -> None:
    for name in ["%20", "a%00b", "x" * 2000]:
        answer = web.put(f"/caches/{name}", headers=authorization)

        assert answer.status_code == 400, name
        assert answer.json()["code"] == "invalid_argument", name


def test_a_flushed_cache_is_empty(
    web: httpx.Client, authorization: Headers, cache: str, scs: Wire
) -> None:
    scs.set(b"key", b"value")

    flushed = web.post(f"/caches/{cache}/flush", headers=authorization)

    assert flushed.status_code == 204
    assert scs.get(b"key") is None
    missing = web.post("/caches/no-such-cache/flush", headers=authorization)
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")


def test_caches_are_listed_with_their_limits(
    web: httpx.Client, authorization: Headers, cache: str
) -> None:
    listed = web.get("/caches", headers=authorization).json()

    found = {info["name"]: info for info in listed["caches"]}[cache]
    assert abs(found["created_at"] - time.time()) < 60
    assert found["limits"]


def test_caches_are_listed_in_pages(
    web: httpx.Client, authorization: Headers, owner: Wire, cache: str, other_cache: str
) -> None:
    names: list[str] = []
    query: dict[str, str | int] = {"limit": 1}
    while True:
        page = web.get("/caches", params=query, headers=authorization).json()
        assert len(page["caches"]) == 1
        names += [info["name"] for info in page["caches"]]
        if not page.get("next_token"):
            break
        query["next_token"] = page["next_token"]

    assert sorted(names) == sorted(info.cache_name for info in owner.list_caches().cache)


def test_a_key_is_made_listed_and_revoked(
    web: httpx.Client, authorization: Headers, cache: str, owner: Wire
) -> None:
    made = web.post("/api-keys", headers=authorization, json={"description": "for a test"})
    key, info = made.json()["api_key"], made.json()["key_info"]
    wire = Wire(owner.channel, key, cache)
    wire.set(b"key", b"value")
    listed = _key_ids(web, authorization)
    revoked = web.delete(f"/api-keys/{info['key_id']}", headers=authorization)

    assert made.status_code == 200
    assert info["description"] == "for a test"
    assert info["role_id"] == "owner"
    assert abs(info["issued_at_epoch_seconds"] - time.time()) < 60
    assert info.get("expires_at_epoch_seconds") is None
    assert info["key_id"] in listed
    assert (revoked.status_code, revoked.json()) == (200, {})
    assert info["key_id"] not in _key_ids(web, authorization)
    assert refusal(lambda: wire.get(b"key")).code.name == "UNAUTHENTICATED"
    again = web.delete(f"/api-keys/{info['key_id']}", headers=authorization)
    assert (again.status_code, again.json()["code"]) == (404, "not_found")


def test_a_key_with_an_end_says_so(web: httpx.Client, authorization: Headers) -> None:
    end = int(time.time()) + 3600

    made = web.post(
        "/api-keys", headers=authorization, json={"description": "d", "expiry": end}
    ).json()

    assert made["key_info"]["expires_at_epoch_seconds"] == end
    web.delete(f"/api-keys/{made['key_info']['key_id']}", headers=authorization)


def test_an_end_in_the_past_or_no_end_is_refused(web: httpx.Client, authorization: Headers) -> None:
    for expiry in [0, -1, 1, "tomorrow", None, 1.5]:
        answer = web.post(
            "/api-keys", headers=authorization, json={"description": "d", "expiry": expiry}
        )

        assert answer.status_code == 400, expiry
        assert answer.json()["code"] == "invalid_argument", expiry


def test_nothing_is_done_for_strangers(web: httpx.Client) -> None:
    cases: list[tuple[str, str]] = [
        ("GET", "/caches"),
        ("PUT", "/caches/never-made"),
        ("DELETE", "/caches/default-cache"),
        ("POST", "/caches/default-cache/flush"),
        ("GET", "/api-keys"),
        ("POST", "/api-keys"),
        ("DELETE", "/api-keys/some"),
    ]
    for method, path in cases:
        for headers in [{}, {"authorization": "not.a.token"}]:
            answer = web.request(method, path, headers=headers)

            assert answer.status_code == 401, (method, path, headers)
            assert answer.json()["message"], (method, path, headers)


def test_nobody_can_say_of_himself_who_he_is(web: httpx.Client) -> None:
    """The headers by which the data plane tells the app are the data plane's alone."""
    claims = {"attimo-account": "1", "attimo-key": "local", "Attimo-Account": "1"}

    assert web.get("/caches", headers=claims).status_code == 401


def test_anybody_may_ask_whether_it_is_well(web: httpx.Client) -> None:
    answer = web.get("/health")

    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json()["version"]


def test_what_is_not_there_is_not_found(web: httpx.Client, authorization: Headers) -> None:
    assert web.get("/no/such/page", headers=authorization).status_code == 404


def test_a_control_character_makes_no_other_name(web: httpx.Client, authorization: Headers) -> None:
    for name in ["new%0a", "new%0D", "%00new", "new%7F"]:
        for method in ["PUT", "DELETE"]:
            answer = web.request(method, f"/caches/{name}", headers=authorization)

            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_argument"), (
                name,
                method,
            )
            assert "control character" in answer.json()["message"], (name, method)


def _key_ids(web: httpx.Client, authorization: Headers) -> set[str]:
    ids: set[str] = set()
    query: dict[str, str | int] = {"limit": 100}
    while True:
        page = web.get("/api-keys", params=query, headers=authorization).json()
        ids |= {info["key_id"] for info in page["key_info"]}
        if not page.get("next_token"):
            return ids
        query["next_token"] = page["next_token"]
