"""Outages for tests of clients: who may ask for one, and that each ends."""

import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from attimo.serve import outage
from attimo.serve.outage import Outages
from ports import free_port

PATIENCE_SECONDS = 20.0
WATCHED_SECONDS = 1.0
"""How long it is counted how often a server tries."""


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket of a server."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        yield opened


class Counted(socket.socket):
    """A listening socket that counts how often somebody tries to accept a connection."""

    tries = 0

    def accept(self) -> tuple[socket.socket, Any]:
        """Count it, and accept one."""
        self.tries += 1
        return super().accept()


@contextmanager
def no_free_descriptor() -> Iterator[None]:
    """This process can open no file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def is_reset(client: socket.socket) -> bool:
    """Whether its connection is reset."""
    client.settimeout(PATIENCE_SECONDS)
    try:
        client.recv(1)
    except ConnectionResetError:
        return True
    return False


def ask(port: int, path: str, host: str | None = None) -> httpx.Response:
    """Ask the second port, perhaps by another name."""
    headers = {} if host is None else {"host": host}
    url = f"http://127.0.0.1:{port}{path}"
    return httpx.get(url, headers=headers, trust_env=False, timeout=PATIENCE_SECONDS)


def test_only_a_loopback_address_or_localhost_is_a_host() -> None:
    done: list[str] = []
    outages = Outages(lambda: done.append("stop"), lambda: done.append("start"), [])
    port = free_port()
    outages.begin()
    with outage.offered(f"127.0.0.1:{port}", outages):
        for host in ("rebound.example", "rebound.example:9090", "10.0.0.1", "[::2]:80", "[", ""):
            answer = ask(port, "/block", host)
            assert answer.status_code == 403, host
            assert answer.text == "use the host localhost or 127.0.0.1\n"
        assert done == []
        for host in ("localhost", "LOCALHOST:9090", "127.0.0.1:9090", "127.1.2.3", "[::1]:9090"):
            assert ask(port, "/block", host).status_code == 200, host
            assert ask(port, "/unblock", host).status_code == 200, host
    assert done == ["stop", "start"] * 5


def test_clients_stay_cut_off_if_they_cannot_be_let_back(listening: socket.socket) -> None:
    reasons = ["no thread is left", "no memory is left"]

    def start() -> None:
        if reasons:
            raise RuntimeError(reasons.pop(0))

    port, outages = free_port(), Outages(lambda: None, start, [listening])
    outages.begin()
    with outage.offered(f"127.0.0.1:{port}", outages):
        ask(port, "/block").raise_for_status()
        for reason in (*reasons,):
            answer = ask(port, "/unblock")
            assert (answer.status_code, answer.text) == (500, f"/unblock failed: {reason}\n")
            with socket.create_connection(listening.getsockname()) as client:
                assert is_reset(client)
        assert ask(port, "/unblock").status_code == 200


def test_an_outage_without_a_free_descriptor_leaves_the_processor_alone(
    listening: socket.socket,
) -> None:
    with Counted(fileno=listening.detach()) as counted, socket.socket() as client:
        outages = Outages(lambda: None, lambda: None, [counted])
        outages.begin()
        outages.block()
        with no_free_descriptor():
            client.connect(counted.getsockname())
            threading.Event().wait(WATCHED_SECONDS)
        assert 1 <= counted.tries <= WATCHED_SECONDS / outage.PAUSE_SECONDS * 2
        assert is_reset(client)
        outages.end()
