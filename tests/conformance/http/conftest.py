"""Every way in which plain HTTP reaches a server."""

import ssl
from collections.abc import Iterator

import httpx
import pytest

from harness import Server

WAYS = ["http1-plaintext", "http2-plaintext", "http1-tls", "http2-tls"]


@pytest.fixture(scope="session", params=WAYS)
def web(request: pytest.FixtureRequest, server: Server) -> Iterator[httpx.Client]:
    """A client that speaks one version of HTTP, on one listener, without a token."""
    version, listener = request.param.split("-")
    with httpx.Client(
        base_url=server.http if listener == "plaintext" else server.https,
        verify=ssl.create_default_context(cafile=server.ca),
        http1=version == "http1",
        http2=version == "http2",
        timeout=30,
    ) as client:
        yield client


@pytest.fixture(scope="session")
def authorization(server: Server) -> dict[str, str]:
    """The header that opens everything of the owner's."""
    return {"authorization": server.api_key}
