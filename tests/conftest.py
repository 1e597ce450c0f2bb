"""Fixtures that every room of tests may use: running servers."""

import os
import signal
from collections.abc import Iterator

import httpx
import pytest

import fakes
from harness import Server
from postgresql_server import postgresql_server

# A shell starts what runs in its background without Ctrl-C, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# httpx gives up after five seconds. On a busy machine an answer may take longer, above all the
# first one of a control plane, which loads what it is made of.
VERBS = (httpx.get, httpx.head, httpx.options, httpx.post, httpx.put, httpx.patch, httpx.delete)
for asks in (httpx.Client.__init__, httpx.AsyncClient.__init__, httpx.request, *VERBS):
    (asks.__kwdefaults__ or {})["timeout"] = httpx.Timeout(60)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let tests of the control plane run on another database."""
    parser.addoption("--database", choices=("sqlite", "postgresql"), default="sqlite")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On another database, leave out what would be the same there, or is about SQLite."""
    if config.getoption("--database") == "sqlite":
        return
    chosen = [each for each in items if _is_about_a_database(each)]
    config.hook.pytest_deselected(items=[each for each in items if each not in chosen])
    items[:] = chosen


def _is_about_a_database(item: pytest.Item) -> bool:
    uses_one = "control" in getattr(item, "fixturenames", ())
    return uses_one and item.get_closest_marker("sqlite") is None


@pytest.fixture(scope="session", autouse=True)
def databases(request: pytest.FixtureRequest) -> Iterator[None]:
    """What `fakes.open_in` opens."""
    if request.config.getoption("--database") == "sqlite":
        yield
        return
    with postgresql_server() as fakes.POSTGRES:
        yield
    fakes.POSTGRES = None


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server for the whole run. Its authority is the one that gRPC trusts in this process.

    gRPC reads the variable once, before its first TLS connection; so it is set here and stays.
    """
    with Server() as server:
        os.environ["GRPC_DEFAULT_SSL_ROOTS_FILE_PATH"] = str(server.ca)
        yield server


@pytest.fixture(scope="session")
def local_server() -> Iterator[Server]:
    """A second one that stands in for momento-local."""
    with Server("--local") as server:
        yield server
