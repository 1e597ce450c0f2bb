"""Plain HTTP: one way to the server for what does not depend on it, and every way for what does."""

from collections.abc import Iterator

import httpx
import pytest

from conformance.grpc_web import WAYS, client
from conformance.http.items import Items, Maker
from harness import Server


@pytest.fixture(scope="session")
def web(server: Server) -> Iterator[httpx.Client]:
    """A client of HTTP/1.1 on plaintext, without a token."""
    with httpx.Client(base_url=server.http, timeout=30) as client:
        yield client


@pytest.fixture(scope="session", params=WAYS)
def every_web(request: pytest.FixtureRequest, server: Server) -> Iterator[httpx.Client]:
    """A client that speaks one version of HTTP, on one listener, without a token."""
    with client(server, request.param) as found:
        yield found


@pytest.fixture(scope="session")
def authorization(server: Server) -> dict[str, str]:
    """The header that opens everything of the owner's."""
    return {"authorization": server.api_key}


@pytest.fixture
def items(web: httpx.Client, cache: str, authorization: dict[str, str]) -> Items:
    """The items of the new cache, for their owner."""
    return Items(web, cache, authorization)


@pytest.fixture(scope="session")
def maker(server: Server) -> Maker:
    """Makes credentials."""
    return Maker(server.http, server.api_key)
