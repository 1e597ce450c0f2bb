"""A PostgreSQL server for these tests."""

from collections.abc import Iterator

import pytest

from postgresql_server import PostgresServer, postgresql_server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    with postgresql_server() as server:
        yield server


@pytest.fixture
def url(postgres: PostgresServer) -> str:
    """The URL of a database without tables."""
    return postgres.empty_database()
