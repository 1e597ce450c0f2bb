"""TLS: what is negotiated, what is refused, and how certificates change under load."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from attimo.certificates.names import names
from certificates import Authority
from faults.watching import eventually
from harness import Server

PATIENCE_SECONDS = 20
REQUEST = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
MOST_SECONDS = 30  # three times the limit of a handshake
VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


def client(ca: Path, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


@contextmanager
def handshake(
    server: Server,
    context: ssl.SSLContext,
    name: str | None = "localhost",
    session: ssl.SSLSession | None = None,
) -> Iterator[ssl.SSLSocket]:
    with (
        socket.create_connection(server.https_address, PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=name, session=session) as connection,
    ):
        yield connection


def asked(connection: ssl.SSLSocket) -> bool:
    """Whether a request is answered well."""
    connection.sendall(REQUEST)
    return connection.recv(1 << 16).startswith(b"HTTP/1.1 200")


def serial(server: Server, ca: Path) -> int:
    """The number of the certificate that a new connection is shown."""
    with handshake(server, client(ca)) as connection:
        shown = connection.getpeercert()
        assert shown is not None
        return int(str(shown["serialNumber"]), 16)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_two_good_versions_are_spoken(server: Server, version: ssl.TLSVersion) -> None:
    with handshake(server, client(server.ca, version)) as connection:
        assert connection.version() == version.name.replace("_", ".")
        assert asked(connection)


@pytest.mark.parametrize(
    "cipher",
    [
        "AES128-SHA",
        "AES256-GCM-SHA384",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-ECDSA-NULL-SHA",
        "AECDH-AES128-SHA",
    ],
)
def test_weak_ciphers_are_refused(server: Server, cipher: str) -> None:
    """No forward secrecy, no authenticated encryption, or nothing at all."""
    context = client(server.ca, ssl.TLSVersion.TLSv1_2)
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"), handshake(server, context):
        pass


@pytest.mark.skipif(shutil.which("sslscan") is None, reason="make conformance installs sslscan")
def test_a_scanner_finds_nothing_weak(server: Server) -> None:
    host, port = server.https_address
    said = subprocess.run(
        ["sslscan", "--no-colour", "--sni-name=localhost", f"{host}:{port}"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    for line in ("SSLv2", "SSLv3", "TLSv1.0", "TLSv1.1"):
        assert f"{line}     disabled" in said or f"{line}   disabled" in said
    lines = said.splitlines()
    accepted = [each.split() for each in lines if each.startswith(("Accepted", "Preferred"))]
    assert {row[1] for row in accepted} == {"TLSv1.2", "TLSv1.3"}
    assert all(int(row[2]) >= 128 for row in accepted)
    assert all("GCM" in row[4] or "CHACHA20" in row[4] or "POLY" in row[4] for row in accepted)
    assert "vulnerable" not in said.replace("not vulnerable", "")
    assert "Session renegotiation not supported" in said or "Secure session" in said


@pytest.mark.parametrize("name", names("localhost"))
def test_every_name_of_the_endpoint_is_certified(server: Server, name: str) -> None:
    with handshake(server, client(server.ca), name) as connection:
        assert asked(connection)


@pytest.mark.parametrize("name", [None, "example.com", "x" * 60 + ".example.com"])
def test_a_client_that_names_nobody_or_another_is_shown_the_certificate(
    server: Server, name: str | None
) -> None:
    context = client(server.ca)
    context.check_hostname = False
    with handshake(server, context, name) as connection:
        assert asked(connection)


def test_no_certificate_is_asked_of_clients(server: Server) -> None:
    """One that could show none, and is not asked to, gets in."""
    with handshake(server, client(server.ca, ssl.TLSVersion.TLSv1_2)) as connection:
        assert asked(connection)


@pytest.mark.parametrize("version", VERSIONS)
def test_a_second_connection_resumes_the_session(server: Server, version: ssl.TLSVersion) -> None:
    context = client(server.ca, version)
    with handshake(server, context) as first:
        assert asked(first)  # the ticket of TLS 1.3 comes after the handshake
        assert not first.session_reused
        session = first.session

    with handshake(server, context, session=session) as second:
        assert second.session_reused
        assert asked(second)


class Relay:
    """Stands between a client and the server, and sends what the client says in small pieces."""

    def __init__(self, server: Server, piece: int, pause: Callable[[], object]) -> None:
        self._target, self._piece, self._pause = server.https_address, piece, pause
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = self._listener.getsockname()
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        with suppress(OSError), self._listener, self._listener.accept()[0] as near:
            far = socket.create_connection(self._target)
            far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._back, args=(far, near), daemon=True).start()
            while data := near.recv(1 << 16):
                for at in range(0, len(data), self._piece):
                    far.sendall(data[at : at + self._piece])
                    self._pause()
            far.shutdown(socket.SHUT_WR)

    def _back(self, far: socket.socket, near: socket.socket) -> None:
        with suppress(OSError), far:
            while data := far.recv(1 << 16):
                near.sendall(data)


def test_a_handshake_that_comes_byte_by_byte_succeeds(server: Server) -> None:
    relay = Relay(server, 1, lambda: threading.Event().wait(0.0005))
    with (
        socket.create_connection(relay.address, PATIENCE_SECONDS) as plain,
        client(server.ca).wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert asked(connection)


def test_a_large_record_that_comes_in_pieces_is_read(server: Server) -> None:
    relay = Relay(server, 1000, lambda: None)
    body = bytes(64 * 1024)
    head = (
        "PUT /cache/default-cache?key=large&ttl_seconds=60 HTTP/1.1\r\nhost: localhost\r\n"
        f"authorization: {server.api_key}\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    with (
        socket.create_connection(relay.address, PATIENCE_SECONDS) as plain,
        client(server.ca).wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        connection.sendall(head.encode() + body)
        assert connection.recv(1 << 16).startswith(b"HTTP/1.1 204")


def test_a_handshake_that_stops_is_hung_up_on_at_its_limit(server: Server) -> None:
    begun = [b"", b"\x16", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"]
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(server.https_address, MOST_SECONDS))
            for _ in begun
        ]
        for connection, said in zip(connections, begun, strict=True):
            connection.sendall(said)

        assert [connection.recv(1 << 10) for connection in connections] == [b""] * len(begun)


def test_many_handshakes_at_once_are_all_answered(server: Server) -> None:
    context = client(server.ca)

    def one(_: int) -> bool:
        with handshake(server, context) as connection:
            return asked(connection)

    with ThreadPoolExecutor(32) as pool:
        assert all(pool.map(one, range(400)))


@pytest.fixture
def operator(tmp_path: Path) -> Authority:
    folder = tmp_path / "operator"
    folder.mkdir()
    return Authority(folder)


@pytest.fixture
def own(operator: Authority, tmp_path: Path) -> Iterator[Server]:
    """A server with an operator's certificate."""
    operator.issue(*names("localhost"))
    with Server(*operator.options, data_dir=tmp_path / "data") as server:
        yield server


def test_a_certificate_is_changed_without_a_failed_request(
    own: Server, operator: Authority
) -> None:
    """New connections all the while, and one that lives through every change."""
    context = client(operator.root)
    failures: list[BaseException] = []
    ending = threading.Event()
    answered = [0, 0]

    def always_new(place: int) -> None:
        try:
            while not ending.is_set():
                with handshake(own, context) as connection:
                    assert asked(connection)
                answered[place] += 1
        except BaseException as error:
            failures.append(error)

    clients = [threading.Thread(target=always_new, args=(place,)) for place in range(2)]
    with handshake(own, context) as old:
        for each in clients:
            each.start()
        for _ in range(3):
            wanted = operator.issue(*names("localhost"))
            eventually(lambda: serial(own, operator.root) == wanted, "the new certificate")  # noqa: B023
            assert asked(old)
        ending.set()
        for each in clients:
            each.join()

    assert failures == []
    assert min(answered) > 0


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_from_before_a_change_goes_on_safely(
    own: Server, operator: Authority, version: ssl.TLSVersion
) -> None:
    """Resumed or begun anew, the client gets its answer."""
    context = client(operator.root, version)
    with handshake(own, context) as first:
        assert asked(first)
        session = first.session
    wanted = operator.issue(*names("localhost"))
    eventually(lambda: serial(own, operator.root) == wanted, "the new certificate")

    with handshake(own, context, session=session) as second:
        assert asked(second)


def test_hanging_up_makes_the_server_look_at_once(own: Server, operator: Authority) -> None:
    wanted = operator.issue(*names("localhost"))
    os.kill(own.pid, signal.SIGHUP)

    eventually(lambda: serial(own, operator.root) == wanted, "the new certificate")


def test_what_is_wrong_with_a_new_certificate_is_said_once_and_the_old_one_stays(
    own: Server, operator: Authority
) -> None:
    good = serial(own, operator.root)

    operator.key.write_text("junk")
    eventually(lambda: "contains no valid private key" in own.output, "the complaint about the key")
    operator.chain.unlink()
    eventually(lambda: "chain.pem cannot be read" in own.output, "that the file is missed")
    assert serial(own, operator.root) == good
    wanted = operator.issue(*names("localhost"))
    eventually(lambda: serial(own, operator.root) == wanted, "the new certificate")

    for words in ("contains no valid private key", "cannot be read"):
        assert own.output.count(words) == 1


def test_an_ended_certificate_is_not_taken_in_place_of_a_good_one(
    own: Server, operator: Authority
) -> None:
    good = serial(own, operator.root)
    operator.issue(*names("localhost"), ends=timedelta(hours=-1))

    eventually(lambda: "expired on" in own.output, "the complaint")
    assert serial(own, operator.root) == good
