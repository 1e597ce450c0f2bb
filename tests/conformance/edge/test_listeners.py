"""Listeners offer what they are told to, and refuse the rest in the words of who asks."""

import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from conformance.edge.connection import connect, framed
from harness import Server, host_and_port

PATIENCE_SECONDS = 20
PING = "/cache_client.Ping/Ping"
LIST = "/control_client.ScsControl/ListCaches"
UNIMPLEMENTED = 12

WORDS = [f"http://127.0.0.1:0?only={word}" for word in ("grpc", "web", "http", "health", "acme")]
TLS = [f"https://127.0.0.1:0?only={word}" for word in ("grpc", "http")]


@dataclass(frozen=True)
class Answer:
    status: int
    head: str
    body: bytes

    @property
    def message(self) -> str:
        return str(json.loads(self.body)["message"])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a listener for each protocol."""
    listen = [each for word in (*WORDS, *TLS) for each in ("--listen", word)]
    with Server(*listen, data_dir=tmp_path_factory.mktemp("many") / "data") as server:
        yield server


def address(server: Server, only: str, scheme: str = "http") -> tuple[str, int]:
    (found,) = [
        each.partition("?")[0]
        for each in server.running["listeners"]
        if each.startswith(f"{scheme}://") and each.endswith(f"?only={only}")
    ]
    return host_and_port(found)


def ask(
    where: tuple[str, int],
    path: str,
    *headers: str,
    method: str = "GET",
    host: str = "cache.example.com:80",
) -> Answer:
    """One request by HTTP/1.1, and all that is said to it."""
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: {host}",
        "connection: close",
        *headers,
    ]
    said = b""
    with socket.create_connection(where, PATIENCE_SECONDS) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        while data := connection.recv(1 << 16):
            said += data
    head, _, body = said.partition(b"\r\n\r\n")
    return Answer(int(head.split()[1]), head.decode().lower(), body)


@pytest.mark.parametrize("method", [PING, LIST])
@pytest.mark.parametrize("only", ["web", "http", "health", "acme"])
def test_grpc_is_refused_by_its_own_status(many: Server, only: str, method: str) -> None:
    with connect(address(many, only), many.api_key, "default-cache") as connection:
        answer = connection.call(method, framed(b""))

    assert answer.grpc_status == UNIMPLEMENTED
    assert answer.trailer("grpc-message") == "gRPC is not offered at this address"


@pytest.mark.parametrize("method", [PING, LIST])
def test_grpc_is_answered_where_it_is_offered(many: Server, method: str) -> None:
    with connect(address(many, "grpc"), many.api_key, "default-cache") as connection:
        assert connection.call(method, framed(b"")).grpc_status == 0


def ask_by_web(server: Server, only: str, method: str) -> httpx.Response:
    host, port = address(server, only)
    headers = {
        "content-type": "application/grpc-web+proto",
        "authorization": server.api_key,
        "cache": "default-cache",
    }
    return httpx.post(f"http://{host}:{port}{method}", headers=headers, content=framed(b""))


@pytest.mark.parametrize("kind", ["application/grpc", "application/grpc+proto"])
@pytest.mark.parametrize("only", ["web", "http", "health", "acme"])
def test_a_message_of_grpc_by_http_1_is_not_answered_as_grpc(
    many: Server, only: str, kind: str
) -> None:
    answer = ask(
        address(many, only),
        LIST,
        f"content-type: {kind}",
        f"authorization: {many.api_key}",
        "content-length: 0",
        method="POST",
    )

    assert answer.status == (308 if only == "acme" else 404)
    assert "grpc-status" not in answer.head


@pytest.mark.parametrize("method", [PING, LIST])
@pytest.mark.parametrize("only", ["grpc", "http", "health", "acme"])
def test_grpc_web_is_refused_by_its_own_status(many: Server, only: str, method: str) -> None:
    answer = ask_by_web(many, only, method)

    assert answer.headers["content-type"] == "application/grpc-web+proto"
    assert answer.headers["grpc-status"] == str(UNIMPLEMENTED)
    assert answer.headers["grpc-message"] == "grpc-web is not offered at this address"


@pytest.mark.parametrize("method", [PING, LIST])
def test_grpc_web_is_answered_where_it_is_offered(many: Server, method: str) -> None:
    assert ask_by_web(many, "web", method).content.endswith(b"grpc-status:0\r\n")


@pytest.mark.parametrize("path", ["/health", "/caches", "/cache/default-cache?key=k", "/"])
@pytest.mark.parametrize("only", ["grpc", "web"])
def test_http_is_refused_where_it_is_not_offered(many: Server, only: str, path: str) -> None:
    answer = ask(address(many, only), path, f"authorization: {many.api_key}")

    assert answer.status == 404
    assert answer.message == "this is not offered at this address"


def test_http_is_answered_where_it_is_offered(many: Server) -> None:
    where = address(many, "http")

    assert ask(where, "/health").status == 200
    assert ask(where, "/caches", f"authorization: {many.api_key}").status == 200


@pytest.mark.parametrize("path", ["/caches", "/cache/default-cache?key=k", "/healthy", "/health/"])
def test_a_listener_for_health_tells_nothing_else(many: Server, path: str) -> None:
    where = address(many, "health")

    assert ask(where, "/health").status == 200
    assert ask(where, path, f"authorization: {many.api_key}").status == 404


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_listener_for_challenges_sends_all_else_to_tls(many: Server, method: str) -> None:
    for host in ("cache.example.com:80", "evil.example", "localhost"):
        answer = ask(address(many, "acme"), "/cache/c?key=a%20b", method=method, host=host)

        assert answer.status == 308
        # To the endpoint of the settings, whatever host the client names.
        there = f"location: https://{many.endpoint}/cache/c?key=a%20b\r\n"
        assert there in f"{answer.head}\r\n"


@pytest.mark.parametrize(
    ("only", "offered", "chosen"),
    [
        ("grpc", ["http/1.1", "h2"], "h2"),
        ("http", ["http/1.1"], "http/1.1"),
        ("http", ["h2"], "h2"),
    ],
)
def test_tls_offers_what_the_listener_speaks(
    many: Server, only: str, offered: list[str], chosen: str
) -> None:
    context = ssl.create_default_context(cafile=many.ca)
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(address(many, only, "https"), PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == chosen


def test_a_client_of_http_1_is_refused_by_tls_that_is_for_grpc_alone(many: Server) -> None:
    context = ssl.create_default_context(cafile=many.ca)
    context.set_alpn_protocols(["http/1.1"])
    with (
        socket.create_connection(address(many, "grpc", "https"), PATIENCE_SECONDS) as plain,
        pytest.raises(ssl.SSLError, match="no application protocol"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_the_simple_listeners_stand_beside_the_others(many: Server) -> None:
    assert len(many.running["listeners"]) == 2 + len(WORDS) + len(TLS)
    assert ask(many.http_address, "/health").status == 200
    assert many.credentials["http"] == many.http


def test_only_what_was_asked_for_is_open(tmp_path: Path) -> None:
    words = ["https://127.0.0.1:0?only=grpc,http", "http://127.0.0.1:0?only=health"]
    listen = [each for word in words for each in ("--listen", word)]

    with Server(*listen, data_dir=tmp_path / "data", ports=()) as server:
        asked = {host_and_port(each.partition("?")[0])[1] for each in server.running["listeners"]}

        assert open_ports(server.pid) == asked
        assert len(asked) == 2
        assert server.running["http"] is None


def test_a_local_server_asks_for_keys_where_others_might_come_in(tmp_path: Path) -> None:
    open_to_all = "http+insecure://0.0.0.0:0"
    with Server("--local", "--listen", open_to_all, data_dir=tmp_path / "data") as server:
        (other,) = [each for each in server.running["listeners"] if "+insecure" in each]

        at_home = ("127.0.0.1", host_and_port(other)[1])
        assert ask(server.http_address, "/caches", host="localhost").status == 200
        assert ask(at_home, "/caches", host="localhost").status == 401


def open_ports(pid: int) -> set[int]:
    """Every TCP port at which a process listens, as the system has it."""
    sockets = set()
    for link in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # it was closed meanwhile
            sockets.add(link.readlink().name.removeprefix("socket:[").rstrip("]"))
    rows = [
        line.split()
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]
    ]
    return {
        int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == "0A" and row[9] in sockets
    }
