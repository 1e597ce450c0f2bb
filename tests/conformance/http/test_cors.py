"""What a page of another origin may do with the HTTP API: bring a token, and nothing without."""

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from conformance.grpc_web import TEXT
from harness import Server

PAGE = "https://page.example"
NAMED = "http://localhost:3000"
ASKS = {"access-control-request-method": "PUT"}
ITEM: dict[str, Any] = {"params": {"key": "cors", "ttl_seconds": "60"}}
CACHE = "/cache/default-cache"
GRPC = "/cache_client.Scs/Get"


@pytest.fixture(scope="module")
def choosy() -> Iterator[httpx.Client]:
    """A client of a server for tests that allows the pages of one origin."""
    with (
        Server("--local", "--allowed-origins", NAMED) as server,
        httpx.Client(base_url=server.http) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def closed() -> Iterator[httpx.Client]:
    """A client of a server that allows no pages."""
    with Server("--allowed-origins", "off") as server, httpx.Client(base_url=server.http) as client:
        client.headers["authorization"] = server.api_key
        yield client


def preflight(client: httpx.Client, path: str, origin: str, **more: str) -> httpx.Response:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return client.options(path, headers={"origin": origin} | ASKS | headers)


def opened(answer: httpx.Response) -> str | None:
    """For whom a browser lets the answer be read."""
    assert "access-control-allow-credentials" not in answer.headers
    allowed: str | None = answer.headers.get("access-control-allow-origin")
    return allowed


def test_a_browser_learns_without_a_token_what_a_page_may_ask(web: httpx.Client) -> None:
    for path in [CACHE, GRPC, "/caches", "/session", "/no/such/path"]:
        wanted = "authorization,x-custom"

        answer = preflight(web, path, PAGE, access_control_request_headers=wanted)

        assert (answer.status_code, answer.content, opened(answer)) == (204, b"", "*"), path
        allowed = answer.headers["access-control-allow-methods"].split(", ")
        assert {"GET", "PUT", "POST", "DELETE", "PATCH"} <= set(allowed), path
        assert answer.headers["access-control-allow-headers"] == wanted, path
        assert int(answer.headers["access-control-max-age"]) >= 600, path
        assert "origin" in answer.headers["vary"], path


def test_a_page_with_a_token_reads_what_it_asked_for(
    web: httpx.Client, authorization: dict[str, str]
) -> None:
    page = authorization | {"origin": PAGE}

    written = web.put(CACHE, content=b"value", headers=page, **ITEM)
    read = web.get(CACHE, headers=page, **ITEM)
    listed = web.get("/caches", headers=page)

    assert (written.status_code, read.content, listed.status_code) == (204, b"value", 200)
    for answer in (written, read, listed):
        assert opened(answer) == "*"
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"etag", "grpc-status", "grpc-message", "err", "retry-after"} <= set(exposed)
        assert {"content-range", "accept-ranges"} <= set(exposed)


def test_a_page_reads_why_it_was_refused(web: httpx.Client, authorization: dict[str, str]) -> None:
    page = {"origin": PAGE}
    wrong = page | {"authorization": "not.a.token"}

    refused = [
        web.get(CACHE, headers=page, **ITEM),
        web.get(CACHE, headers=wrong, **ITEM),
        web.get("/caches", headers=wrong),
        web.get("/cache/no-such-cache", headers=page | authorization, **ITEM),
        web.put(CACHE, headers=page | authorization, params={"key": "no-ttl"}),
    ]

    assert [answer.status_code for answer in refused] == [401, 401, 401, 404, 400]
    assert {opened(answer) for answer in refused} == {"*"}
    assert all(answer.json()["message"] for answer in refused)


def test_who_is_no_page_is_told_of_pages_only_that_they_differ(
    web: httpx.Client, authorization: dict[str, str]
) -> None:
    """Fetch, "CORS protocol and HTTP caches": a cache must not give this answer to a page."""
    for path in (CACHE, "/caches", "/health"):
        headers = web.get(path, headers=authorization, **ITEM).headers
        assert not [name for name in headers if name.startswith("access-control")]
        assert headers["vary"] == "authorization, origin"


def test_options_that_are_no_preflight_are_a_request_like_others(web: httpx.Client) -> None:
    assert web.options(CACHE, headers={"origin": PAGE}).status_code == 401
    assert web.options(CACHE, headers=ASKS).status_code == 401


def test_a_page_without_a_token_does_not_reach_the_control_plane(web: httpx.Client) -> None:
    cases: list[tuple[str, str]] = [
        ("GET", "/openapi.json"),
        ("POST", "/session"),
        ("POST", "/signup"),
        ("GET", "/caches"),
    ]
    for origin in [PAGE, "null"]:
        for method, path in cases:
            body = {"email": "a@example.com", "password": "x" * 10}

            answer = web.request(method, path, headers={"origin": origin}, json=body)

            assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated"), (
                origin,
                method,
                path,
            )
            assert "another origin" in answer.json()["message"], (origin, method, path)


def test_a_page_of_this_server_is_no_stranger_to_it(web: httpx.Client) -> None:
    own = {"origin": str(web.base_url).rstrip("/")}

    assert web.get("/openapi.json", headers=own).status_code == 200


def test_a_cookie_is_nobody_on_a_page_of_another_origin(server: Server) -> None:
    """Another port of the same host is the same site, so the browser sends the cookie there."""
    with httpx.Client(base_url=server.http) as browser:
        cookie = {"cookie": "attimo_session=anything"}
        asked = browser.get("/caches", headers=cookie)
        assert (asked.status_code, "session" in asked.json()["message"].lower()) == (401, True)

        page = cookie | {"origin": NAMED, "authorization": server.api_key}
        assert browser.get("/caches", headers=page).status_code == 200
        assert "sign in" in browser.get("/session", headers=page).json()["message"]


def test_the_named_origin_is_allowed_by_its_name(choosy: httpx.Client) -> None:
    private = {"access_control_request_private_network": "true"}
    answer = preflight(choosy, CACHE, NAMED, **private)

    assert (answer.status_code, opened(answer)) == (204, NAMED)
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert opened(choosy.get("/health", headers={"origin": NAMED})) == NAMED


def test_every_other_origin_is_refused(choosy: httpx.Client) -> None:
    cases: list[str] = [
        "http://localhost",
        "https://localhost:3000",
        "http://localhost:30000",
        "http://localhost:3000.evil.example",
        "http://evil.localhost:3000",
        "http://127.0.0.1:3000",
        "HTTP://LOCALHOST:3000",
        "http://localhost:3000/",
        PAGE,
        "null",
        "*",
        "",
    ]
    for origin in cases:
        refused = preflight(choosy, CACHE, origin)
        answer = choosy.get("/health", headers={"origin": origin})

        assert (refused.status_code, answer.status_code) == (403, 403), origin
        assert (opened(refused), opened(answer)) == (None, None), origin
        assert refused.headers["vary"] == answer.headers["vary"] == "authorization, origin", origin
        assert "access-control-expose-headers" not in answer.headers, origin


@pytest.mark.parametrize("path", [CACHE, "/caches"])
def test_only_a_page_that_is_named_is_the_owner_of_a_local_server(
    choosy: httpx.Client, path: str
) -> None:
    named = choosy.get(path, headers={"origin": NAMED}, **ITEM)
    others = [
        choosy.get(path, headers=headers, **ITEM)
        for headers in (
            {"origin": PAGE},
            {"origin": "null"},
            {"origin": "http://localhost:3001"},
            {"host": "evil.example"},
        )
    ]

    assert named.status_code in (200, 404)
    assert opened(named) == NAMED
    assert [answer.status_code for answer in others] == [403, 403, 403, 401]


def test_a_star_makes_no_page_the_owner_of_a_local_server(local_server: Server) -> None:
    with httpx.Client(base_url=local_server.http) as browser:
        for path, origin in itertools.product((CACHE, "/caches"), (PAGE, NAMED, "null")):
            answer = browser.get(path, headers={"origin": origin}, **ITEM)
            assert (answer.status_code, opened(answer)) == (401, "*")
        private = preflight(browser, CACHE, PAGE, access_control_request_private_network="true")
        assert "access-control-allow-private-network" not in private.headers


def test_a_server_for_no_pages_refuses_every_page_and_serves_others(closed: httpx.Client) -> None:
    assert preflight(closed, CACHE, PAGE).status_code == 403
    assert preflight(closed, GRPC, PAGE).status_code == 403
    for origin in (PAGE, "null", ""):
        answer = closed.get("/caches", headers={"origin": origin})
        assert (answer.status_code, opened(answer)) == (403, None)
    assert closed.get("/caches").status_code == 200


def test_grpc_web_lets_a_page_read_its_status(web: httpx.Client) -> None:
    answer = web.post(GRPC, headers={"origin": PAGE, "content-type": TEXT, "cache": "c"})

    assert (answer.status_code, answer.headers["grpc-status"], opened(answer)) == (200, "16", "*")
    assert "grpc-status" in answer.headers["access-control-expose-headers"]
