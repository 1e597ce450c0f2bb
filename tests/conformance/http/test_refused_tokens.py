"""Who sends bad tokens: a line in the log for an address, however many it sends, without them."""

from collections.abc import Callable, Iterator

import grpc
import httpx
import pytest

from conformance.wire import Wire, plaintext
from faults.watching import eventually
from harness import Server

ITEM = "/cache/default-cache?key=k"
SECRET = "bad-token-that-nobody-may-read"  # noqa: S105


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


def lines(server: Server) -> list[str]:
    return [line for line in server.output.splitlines() if "refused a request" in line]


def by_http(server: Server) -> None:
    answer = httpx.get(f"{server.http}{ITEM}", headers={"authorization": SECRET})
    assert answer.status_code == 401


def by_signed_url(server: Server) -> None:
    answer = httpx.get(f"{server.http}/cache/default-cache/path", params={"token": SECRET})
    assert answer.status_code == 401


def by_control(server: Server) -> None:
    answer = httpx.get(f"{server.http}/caches", headers={"authorization": SECRET})
    assert answer.status_code == 401


def by_grpc(server: Server) -> None:
    with plaintext(server.http_address) as channel:
        with pytest.raises(grpc.RpcError):
            Wire(channel, SECRET, "default-cache").get(b"k")
        with pytest.raises(grpc.RpcError):
            Wire(channel, SECRET).list_caches()


@pytest.mark.parametrize("send", [by_http, by_signed_url, by_control, by_grpc])
def test_a_refused_token_has_a_line_with_its_address_and_reason(
    server: Server, send: Callable[[Server], None]
) -> None:
    send(server)

    eventually(lambda: bool(lines(server)), "a line")
    (line,) = lines(server)
    assert "refused a request from 127.0.0.1: invalid token" in line
    assert SECRET not in server.output


def test_a_missing_token_has_one_too(server: Server) -> None:
    httpx.get(f"{server.http}{ITEM}")

    eventually(lambda: bool(lines(server)), "a line")
    assert "a token is needed" in lines(server)[0]


def test_a_flood_has_one_line(server: Server) -> None:
    with httpx.Client(base_url=server.http, headers={"authorization": SECRET}) as client:
        for _ in range(500):
            client.get(ITEM)

    server.stop()
    assert len(lines(server)) == 1


def test_valid_tokens_and_open_pages_have_no_line(server: Server) -> None:
    httpx.get(f"{server.http}{ITEM}", headers={"authorization": server.api_key})
    for path in ("/health", "/docs", "/openapi.json"):
        httpx.get(f"{server.http}{path}")

    server.stop()
    assert not lines(server)
