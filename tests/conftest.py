"""Fixtures that every room of tests may use: running servers."""

import os
import signal
from collections.abc import Iterator

import pytest

from harness import Server

# A shell starts what runs in its background without Ctrl-C, and children would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)


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
