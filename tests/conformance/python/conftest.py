"""Momento's clients: one way in for what does not depend on it, and every way for what does."""

import asyncio
import itertools
from collections.abc import Iterator

import pytest

from conformance.python.clients import (
    Client,
    Credential,
    Kind,
    Transport,
    Way,
    connect,
    credentials,
)
from harness import Server

WAYS = list(itertools.starmap(Way, itertools.product(Kind, Transport, Credential)))


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    """One event loop for all the async clients."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="session")
def client(server: Server, runner: asyncio.Runner) -> Iterator[Client]:
    """The sync client, on plaintext, with a v2 key."""
    way = Way(Kind.SYNC, Transport.PLAINTEXT, Credential.V2)
    with connect(way, credentials(server, way), runner) as client:
        yield client


@pytest.fixture(scope="session", params=WAYS, ids=str)
def every_client(
    request: pytest.FixtureRequest, server: Server, runner: asyncio.Runner
) -> Iterator[Client]:
    """Sync and async, on plaintext and TLS, with a v1 and a v2 key."""
    with connect(request.param, credentials(server, request.param), runner) as client:
        yield client
