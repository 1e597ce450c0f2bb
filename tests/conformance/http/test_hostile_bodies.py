"""Bodies that no client would send: each gets an answer of its own, and the next one, too."""

import json
from typing import Any

import httpx

from harness import Server

Headers = dict[str, str]

RULE = {"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}
SURROGATE = "\ud800"


def token(**fields: Any) -> dict[str, Any]:
    return {"permissions": {"rules": [RULE]}, "valid_for_seconds": 60} | fields


BODIES: list[tuple[str, Any]] = [
    ("/roles", b"{" * 5_000),
    ("/roles", b'{"role_name": "a", "permissions": ' + b"[" * 60_000 + b"]" * 60_000 + b"}"),
    ("/roles", b"\xff\xfe"),
    ("/roles", b"NaN"),
    ("/tokens", token(valid_for_seconds=True)),
    ("/tokens", token(valid_for_seconds=10**30)),
    ("/tokens", token(token_id=SURROGATE)),
    ("/api-keys", {"role_id": SURROGATE}),
    ("/api-keys", {"description": SURROGATE}),
    ("/api-keys", {"expiry": 10**30}),
    ("/session", {"email": SURROGATE, "password": "x"}),
    ("/invitations", {"email": "x@y.zz\nBcc: a@b.c"}),
    ("/invitations", {"email": "x@y.zz", "role_id": SURROGATE}),
    ("/password/forgotten", {"email": ["a"]}),
    ("/password/forgotten", {"email": f"a{SURROGATE}@example.com"}),
    ("/signup", {"email": "a@example.com", "password": f"long enough {SURROGATE}"}),
]


def test_a_body_that_cannot_be_is_refused_and_the_next_request_served(
    every_web: httpx.Client, authorization: Headers
) -> None:
    headers = authorization | {"content-type": "application/json"}
    for path, body in BODIES:
        content = body if isinstance(body, bytes) else json.dumps(body)

        refused = every_web.post(path, content=content, headers=headers)

        assert (refused.status_code, refused.json()["message"] != "") == (400, True), refused.text
        assert every_web.get("/caches", headers=authorization).status_code == 200


def test_half_a_surrogate_pair_leaves_no_trace_in_the_log(
    web: httpx.Client, server: Server
) -> None:
    before = len(server.output)
    for field in ("email", "password", "token"):
        for path in ("/password/forgotten", "/password/reset", "/signup", "/session"):
            content = json.dumps({"email": "a@example.com", "password": "x"} | {field: SURROGATE})
            answer = web.post(path, content=content, headers={"content-type": "application/json"})
            assert answer.status_code == 400, (path, answer.text)

    assert "Traceback" not in server.output[before:]
