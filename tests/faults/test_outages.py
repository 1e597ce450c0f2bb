"""`--local-admin`: all clients are cut off and let back, as SDKs' tests ask momento-local to do."""

import socket
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from momento import CacheClient, Configurations, CredentialProvider

from conformance.pubsub import Pubsub, Stream
from faults.replacing import succession
from harness import FREE_PORTS, Server, attimo
from ports import free_port

PATIENCE_SECONDS = 20.0
CROSS_SITE = {"sec-fetch-site": "cross-site"}


@pytest.fixture
def admin() -> Iterator[tuple[Server, httpx.Client]]:
    """A local server, and its second port."""
    port = free_port()
    with (
        Server("--local", "--local-admin", f"127.0.0.1:{port}") as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client,
    ):
        yield server, client


def is_cut_off(server: Server) -> bool:
    """Whether the server resets connections."""
    try:
        httpx.get(f"{server.http}/health", trust_env=False)
    except (httpx.ReadError, httpx.ConnectError, httpx.RemoteProtocolError):
        return True
    return False


def test_all_clients_are_cut_off_until_they_are_let_back_and_items_stay(
    admin: tuple[Server, httpx.Client],
) -> None:
    server, client = admin
    item = f"{server.http}/cache/default-cache?key=a"
    with httpx.Client(trust_env=False) as web:
        web.put(f"{item}&ttl_seconds=600", content="1").raise_for_status()
        for _ in range(2):
            for _ in range(2):
                assert client.get("/block").raise_for_status().text == "blocked\n"
            with pytest.raises(httpx.TransportError):
                web.get(item)
            assert is_cut_off(server)
            assert client.get("/unblock").text == "unblocked\n"
            assert client.get("/unblock").status_code == 200
            assert web.get(item).text == "1"


def test_a_client_of_momento_s_sees_an_outage_and_comes_back(
    admin: tuple[Server, httpx.Client],
) -> None:
    server, client = admin
    provider = CredentialProvider.for_momento_local(*server.http_address)
    config = Configurations.Laptop.latest().with_client_timeout(timedelta(seconds=2))
    with CacheClient(config, provider, timedelta(seconds=600)) as momento_client:
        said = [type(momento_client.set("default-cache", "a", "1")).__name__]
        client.get("/block")
        outage = momento_client.get("default-cache", "a")
        said.append(str(getattr(outage, "error_code", outage)))
        client.get("/unblock")
        while not hasattr(found := momento_client.get("default-cache", "a"), "value_string"):
            pass
        assert found.value_string == "1"
    assert said[0] == "Success"
    assert said[1].rpartition(".")[2] in ("SERVER_UNAVAILABLE", "TIMEOUT_ERROR")


def test_a_subscription_ends_and_its_client_misses_nothing(
    admin: tuple[Server, httpx.Client],
) -> None:
    server, client = admin
    host, port = server.http_address
    with grpc.insecure_channel(
        f"{host}:{port}", [("grpc.max_reconnect_backoff_ms", 500)]
    ) as channel:
        pubsub = Pubsub(channel, "")
        stream = pubsub.subscribe("default-cache", "news")
        stream.next()
        pubsub.publish("default-cache", "news", "a")
        first = item_of(stream)
        pubsub.publish("default-cache", "news", "b")
        client.get("/block")
        with pytest.raises(grpc.RpcError):
            list(stream.call)
        client.get("/unblock")
        grpc.channel_ready_future(channel).result(PATIENCE_SECONDS)
        number, page = first.topic_sequence_number + 1, first.sequence_page
        stream = pubsub.subscribe("default-cache", "news", number, page)
        assert item_of(stream).value.text == "b"


def item_of(stream: Stream) -> Any:
    """The next item, whatever else comes before."""
    while not (found := stream.next()).HasField("item"):
        pass
    return found.item


def test_other_paths_and_pages_of_other_sites_do_nothing(
    admin: tuple[Server, httpx.Client],
) -> None:
    server, client = admin
    assert client.get("/").status_code == 404
    assert client.post("/block").status_code == 501
    assert client.get("/block", headers=CROSS_SITE).status_code == 403
    assert not is_cut_off(server)


def test_a_server_stops_while_clients_are_cut_off(admin: tuple[Server, httpx.Client]) -> None:
    server, client = admin
    client.get("/block")
    server.stop()
    server.start()
    assert not is_cut_off(server)


def test_a_server_that_replaces_another_gets_its_second_port(tmp_path: Path) -> None:
    port = free_port()
    with (
        succession(tmp_path / "data", "--local", "--local-admin", f"127.0.0.1:{port}") as line,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE_SECONDS) as client,
    ):
        client.get("/block").raise_for_status()
        line.replace()
        assert not is_cut_off(line.now)
        while not blocks(client):
            pass
        assert is_cut_off(line.now)
        assert client.get("/unblock").status_code == 200
        assert not is_cut_off(line.now)


def blocks(client: httpx.Client) -> bool:
    """Whether the second port is there, and cuts clients off."""
    try:
        return client.get("/block").status_code == 200
    except httpx.TransportError:
        return False


def test_a_port_of_another_program_is_waited_for_by_no_first_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        options = ["--replace", "--local", "--local-admin", address]
        command = [*attimo(), "serve", "--data-dir", str(tmp_path / "data"), *FREE_PORTS, *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert f"local_admin cannot listen at {address}: Address already in use" in done.stderr


def test_only_a_local_server_has_it_and_only_on_this_machine() -> None:
    for options, word in (
        (["--local-admin", "127.0.0.1:9090"], "add --local"),
        (["--local", "--local-admin", "0.0.0.0:9090"], "other machines"),
    ):
        command = [*attimo(), "serve", *options]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode != 0, options
        assert word in done.stderr, options
