"""`attimo serve --local` in the place of momento-local: no key on plaintext, none elsewhere."""

import asyncio
import dataclasses
import ssl
from collections.abc import Iterator

import grpc
import httpx
import pytest
from momento import CredentialProvider
from momento.responses import CacheGet, CacheSet, CreateCache

from conformance.calls import CONTROLS, DATA, codes
from conformance.python.clients import (
    Client,
    Credential,
    Kind,
    Transport,
    Way,
    connect,
)
from conformance.wire import Wire, secure
from harness import Server


@pytest.fixture(params=Kind)
def local_client(
    request: pytest.FixtureRequest, local_server: Server, runner: asyncio.Runner
) -> Iterator[Client]:
    """Momento's clients with Momento's own switch, and nothing else."""
    way = Way(request.param, Transport.PLAINTEXT, Credential.V2)
    provider = CredentialProvider.for_momento_local(*local_server.http_address)
    with connect(way, provider, runner) as client:
        yield client


@pytest.fixture
def safe_channel(local_server: Server) -> Iterator[grpc.Channel]:
    """The TLS listener of the same server."""
    with secure(local_server.https_address, local_server.ca.read_bytes()) as channel:
        yield channel


def test_the_sdks_own_switch_is_enough(local_client: Client) -> None:
    made = local_client.create_cache("local")

    assert isinstance(made, CreateCache.Success)
    assert isinstance(local_client.set("local", "key", "value"), CacheSet.Success)
    assert local_client.get("local", "key") == CacheGet.Hit(b"value")
    local_client.delete_cache("local")


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_the_owner(local_channel: grpc.Channel, token: str | None) -> None:
    wire = Wire(local_channel, token, "default-cache")

    wire.set(b"key", b"value")

    assert wire.get(b"key") == b"value"
    assert "default-cache" in {info.cache_name for info in wire.list_caches().cache}


def test_the_owners_key_opens_the_same_caches(
    local_server: Server, local_channel: grpc.Channel
) -> None:
    nobody = Wire(local_channel, None, "default-cache")
    nobody.set(b"key", b"by nobody")

    assert dataclasses.replace(nobody, token=local_server.api_key).get(b"key") == b"by nobody"


def test_a_wrong_token_is_wrong_here_too(local_channel: grpc.Channel) -> None:
    wire = Wire(local_channel, "not.a.token", "default-cache")

    assert codes(wire, [DATA[0], *CONTROLS]) == {grpc.StatusCode.UNAUTHENTICATED}


@pytest.mark.parametrize("token", [None, ""])
def test_tls_asks_for_a_key(safe_channel: grpc.Channel, token: str | None) -> None:
    wire = Wire(safe_channel, token, "default-cache")

    assert codes(wire, [*DATA, *CONTROLS]) == {grpc.StatusCode.UNAUTHENTICATED}


@pytest.mark.parametrize("origin", ["http://evil.example", "http://localhost:8080", "null"])
def test_a_page_is_not_the_owner_by_grpc_either(local_channel: grpc.Channel, origin: str) -> None:
    """On a connection on which the owner has asked before."""
    owner = Wire(local_channel, None, "default-cache")
    owner.get(b"key")

    page = dataclasses.replace(owner, more=(("origin", origin),))

    assert codes(page, [DATA[0], *CONTROLS]) == {grpc.StatusCode.UNAUTHENTICATED}


@pytest.mark.parametrize(
    "headers",
    [{"origin": "http://evil.example"}, {"origin": "null"}, {"host": "evil.example"}],
    ids=str,
)
def test_a_page_on_the_owners_connection_is_not_the_owner(
    local_server: Server, headers: dict[str, str]
) -> None:
    with httpx.Client(base_url=local_server.http) as browser:
        item = "/cache/default-cache?key=key"
        assert browser.get(item).status_code in (200, 404)

        assert browser.get(item, headers=headers).status_code == 401
        assert browser.get("/caches", headers=headers).status_code == 401


def test_curl_needs_no_token(local_server: Server) -> None:
    url = f"{local_server.http}/cache/default-cache"

    written = httpx.put(url, params={"key": "by-http", "ttl_seconds": 60}, content=b"value")
    got = httpx.get(url, params={"key": "by-http"})
    listed = httpx.get(f"{local_server.http}/caches")

    assert (written.status_code, got.content) == (204, b"value")
    assert "default-cache" in {cache["name"] for cache in listed.json()["caches"]}


@pytest.mark.parametrize("empty", ["header", "query"])
def test_an_empty_credential_is_none_and_opens_nothing_to_a_page(
    local_server: Server, empty: str
) -> None:
    """It is what a client sends whose variable is empty; by itself it proves nothing."""
    headers = {} if empty == "query" else {"authorization": ""}
    token = "" if empty == "header" else "token="
    pages = [
        {"origin": "http://evil.example"},
        {"origin": "http://localhost:8080"},
        {"origin": "null"},
        {"host": "evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"x-forwarded-for": "192.0.2.7"},
    ]
    with httpx.Client(base_url=local_server.http, headers=headers) as http:
        for url in (f"/caches?{token}", f"/cache/default-cache/list?key=k&{token}"):
            assert http.get(url).status_code in (200, 404), url
            assert [http.get(url, headers=page).status_code for page in pages] == [401] * 6, url


def test_https_asks_for_a_token(local_server: Server) -> None:
    got = httpx.get(
        f"{local_server.https}/cache/default-cache",
        params={"key": "key"},
        verify=ssl.create_default_context(cafile=local_server.ca),
    )

    assert got.status_code == 401


@pytest.mark.parametrize(
    "header",
    [
        ("x-forwarded-for", "192.0.2.7"),
        ("forwarded", "for=192.0.2.7"),
        ("via", "1.1 proxy"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ],
    ids=str,
)
def test_whom_a_proxy_or_a_browser_stands_for_is_not_the_owner(
    local_server: Server, header: tuple[str, str]
) -> None:
    with httpx.Client(base_url=local_server.http) as http:
        assert http.get("/caches").status_code == 200
        assert http.get("/caches", headers=[header]).status_code == 401
        assert http.get("/cache/default-cache?key=k", headers=[header]).status_code == 401
