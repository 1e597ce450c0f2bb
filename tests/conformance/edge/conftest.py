"""A connection by hand for every test."""

from collections.abc import Iterator

import pytest

from conformance.edge.connection import Connection, connect
from harness import Server


@pytest.fixture
def connection(server: Server) -> Iterator[Connection]:
    """A connection with a good token and a cache that exists."""
    with connect(server.http_address, server.api_key, "default-cache") as connection:
        yield connection
