"""Outages for tests of clients: who may ask for one, and that each ends."""

import socket
from collections.abc import Iterator

import httpx
import pytest

from attimo.serve import outage
from attimo.serve.outage import Outages
from ports import free_port

PATIENCE_SECONDS = 20.0


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket of a server."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        opened.setblocking(False)
        yield opened


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
