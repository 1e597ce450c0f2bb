"""What every conformance test needs: a channel, a token, and a cache of its own."""

import dataclasses
import itertools
from collections.abc import Iterator

import grpc
import pytest

from conformance.teams import Team, new_team
from conformance.wire import Wire, plaintext
from harness import Server

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def channel(server: Server) -> Iterator[grpc.Channel]:
    """A plaintext channel to the server."""
    with plaintext(server.http_address) as channel:
        yield channel


@pytest.fixture(scope="session")
def owner(server: Server, channel: grpc.Channel) -> Wire:
    """The owner's own calls, by raw messages."""
    return Wire(channel, token=server.api_key)


@pytest.fixture
def cache(owner: Wire) -> Iterator[str]:
    """A new cache, gone after the test."""
    name = f"cache-{next(_numbers)}"
    owner.create_cache(name)
    yield name
    if name in {cache.cache_name for cache in owner.list_caches().cache}:
        owner.delete_cache(name)


@pytest.fixture
def scs(owner: Wire, cache: str) -> Wire:
    """Raw data calls on the new cache."""
    return dataclasses.replace(owner, cache=cache)


@pytest.fixture(scope="session")
def local_channel(local_server: Server) -> Iterator[grpc.Channel]:
    """A plaintext channel to the server that stands in for momento-local."""
    with plaintext(local_server.http_address) as channel:
        yield channel


@pytest.fixture
def other_cache(owner: Wire) -> Iterator[str]:
    """A second new cache."""
    name = f"other-cache-{next(_numbers)}"
    owner.create_cache(name)
    yield name
    owner.delete_cache(name)


@pytest.fixture
def new_name(owner: Wire) -> Iterator[str]:
    """A name that no cache has, free again after the test."""
    name = f"new-cache-{next(_numbers)}"
    yield name
    owner.delete_cache(name)


@pytest.fixture
def team(server: Server) -> Iterator[Team]:
    """A new account, whose limits can be set."""
    with new_team(server) as team:
        yield team
