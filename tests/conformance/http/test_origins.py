"""Nothing is done for a page whose origin is not allowed, whatever it sends and wherever."""

import itertools
from collections.abc import Iterator

import httpx
import pytest

from conformance.edge.connection import connect, framed
from conformance.edge.scs import GET, SET, get, put
from conformance.grpc_web import BINARY, TEXT
from harness import Server

NAMED = "https://app.example"
OTHERS = ["https://page.example", "null", "", "https://app.example:8443", "http://app.example"]
LIST = "/control_client.ScsControl/ListCaches"
ITEM = "/cache/default-cache?key=origin"
DENIED = 7

REQUESTS = [
    ("GET", ITEM),
    ("HEAD", ITEM),
    ("PUT", f"{ITEM}&ttl_seconds=60"),
    ("DELETE", ITEM),
    ("POST", "/cache/default-cache/increment?key=origin-count&ttl_seconds=60"),
    ("OPTIONS", ITEM),
    ("GET", "/caches"),
    ("PUT", "/caches/of-a-page"),
    ("POST", "/caches/default-cache/flush"),
    ("POST", "/session"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/health"),
    ("GET", "/metrics"),
    ("GET", "/no/such/page"),
]
TYPES = ["text/plain", "application/x-www-form-urlencoded", "application/json", "application/grpc"]


@pytest.fixture(scope="module")
def choosy() -> Iterator[Server]:
    """A server for the pages of one origin."""
    with Server("--allowed-origins", NAMED) as server:
        yield server


@pytest.fixture(scope="module", params=["http1", "http2"])
def browser(choosy: Server, request: pytest.FixtureRequest) -> Iterator[httpx.Client]:
    """A client with the owner's token, as a page might have it."""
    is_http2 = request.param == "http2"
    headers = {"authorization": choosy.api_key}
    with httpx.Client(
        base_url=choosy.http, headers=headers, http1=not is_http2, http2=is_http2
    ) as client:
        yield client


@pytest.mark.parametrize(("method", "path"), REQUESTS)
def test_a_page_that_is_not_allowed_is_refused_by_any_method_and_type(
    browser: httpx.Client, method: str, path: str
) -> None:
    for origin, kind in itertools.product(OTHERS, TYPES):
        headers = {"origin": origin, "content-type": kind}

        answer = browser.request(method, path, headers=headers)

        assert answer.status_code == 403, (origin, kind)
        assert "access-control-allow-origin" not in answer.headers
        assert method == "HEAD" or "pages of this origin" in answer.json()["message"]


def test_nothing_was_done_for_it(browser: httpx.Client) -> None:
    page = {"origin": OTHERS[0], "content-type": "text/plain"}
    browser.put(f"{ITEM}&ttl_seconds=60", content=b"mine")

    browser.put(f"{ITEM}&ttl_seconds=60", headers=page, content=b"theirs")
    browser.delete(ITEM, headers=page)
    browser.post("/caches/default-cache/flush", headers=page)
    browser.put("/caches/of-a-page", headers=page)

    assert browser.get(ITEM).content == b"mine"
    assert "of-a-page" not in browser.get("/caches").text


@pytest.mark.parametrize("kind", [BINARY, TEXT])
@pytest.mark.parametrize(("method", "body"), [(GET, get()), (SET, put(b"v")), (LIST, framed(b""))])
def test_grpc_web_is_refused_by_its_own_status(
    browser: httpx.Client, method: str, body: bytes, kind: str
) -> None:
    headers = {"origin": OTHERS[0], "content-type": kind, "cache": "default-cache"}

    answer = browser.post(method, headers=headers, content=body)

    assert answer.headers["grpc-status"] == str(DENIED)
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize(("method", "body"), [(GET, get()), (SET, put(b"v")), (LIST, framed(b""))])
def test_grpc_is_refused_too(choosy: Server, method: str, body: bytes) -> None:
    with connect(choosy.http_address, choosy.api_key, "default-cache") as connection:
        assert connection.call(method, body, origin=OTHERS[0]).grpc_status == DENIED
        assert connection.call(method, body, origin=NAMED).grpc_status == 0
        assert connection.call(method, body).grpc_status == 0


def test_a_page_that_is_named_and_a_page_of_this_server_are_served(
    browser: httpx.Client, choosy: Server
) -> None:
    port = choosy.http_address[1]
    for headers in (
        {"origin": NAMED},
        {"origin": f"http://127.0.0.1:{port}"},
        {"origin": f"http://localhost:{port}", "host": f"localhost:{port}"},
        {"origin": "https://localhost", "host": "localhost:443"},
        {"origin": "http://web.cache.localhost", "host": "web.cache.localhost:80"},
    ):
        if "host" in headers and browser.get("/health").http_version == "HTTP/2":
            continue  # there the host is the authority
        assert browser.get("/caches", headers=headers).status_code == 200, headers
    # Anybody can make a name of their own point here: what a client calls this server is no proof.
    rebound = {"origin": f"http://evil.example:{port}", "host": f"evil.example:{port}"}
    if browser.get("/health").http_version == "HTTP/1.1":
        assert browser.get("/caches", headers=rebound).status_code == 403
