"""What comes first on a connection decides; what is no protocol of ours is hung up on."""

import socket
import ssl

import pytest

from harness import Server

PATIENCE_SECONDS = 20

GARBAGE = {
    "zeros": bytes(64),
    "binary": bytes(range(128, 256)),
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "a command for Redis": b"*1\r\n$4\r\nPING\r\n",
    "half a preface, then another thing": b"PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n" + bytes(32),
    "a preface, then no frames": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 64,
    "no version": b"GET /health\r\n\r\n",
    "a line without end": b"G" * 1_000_000,
}


def everything(connection: socket.socket) -> bytes:
    """All that the server says until it hangs up; a server that does not hang up is an error."""
    said = b""
    while True:
        try:
            data = connection.recv(1 << 16)
        except (ConnectionResetError, ssl.SSLError):
            return said
        if not data:
            return said
        said += data


def shout(connection: socket.socket, data: bytes) -> bytes:
    """Say something, and listen to the end."""
    try:
        connection.sendall(data)
    except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
        return b""
    return everything(connection)


def is_well(server: Server) -> bool:
    """The server goes on for others."""
    with socket.create_connection(server.http_address, PATIENCE_SECONDS) as connection:
        request = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
        return shout(connection, request).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_hung_up_on(server: Server, name: str) -> None:
    with socket.create_connection(server.http_address, PATIENCE_SECONDS) as connection:
        said = shout(connection, GARBAGE[name])

    assert b" 200 " not in said
    assert is_well(server)


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_inside_tls_is_hung_up_on(server: Server, name: str) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    with (
        socket.create_connection(server.https_address, PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        said = shout(connection, GARBAGE[name])

    assert b" 200 " not in said
    assert is_well(server)


def test_a_tls_client_on_the_plaintext_port_is_hung_up_on(server: Server) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    with (
        socket.create_connection(server.http_address, PATIENCE_SECONDS) as plain,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        context.wrap_socket(plain, server_hostname="localhost")

    assert is_well(server)


def test_a_plaintext_client_on_the_tls_port_is_hung_up_on(server: Server) -> None:
    with socket.create_connection(server.https_address, PATIENCE_SECONDS) as connection:
        said = shout(connection, b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n")

    assert b" 200 " not in said
    assert is_well(server)


def test_hanging_up_at_once_harms_nobody(server: Server) -> None:
    for address in (server.http_address, server.https_address) * 50:
        socket.create_connection(address, PATIENCE_SECONDS).close()

    assert is_well(server)


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [(["h2", "http/1.1"], "h2"), (["http/1.1"], "http/1.1"), (["h2"], "h2")],
)
def test_the_client_chooses_the_protocol_on_tls(
    server: Server, offered: list[str], chosen: str
) -> None:
    context = ssl.create_default_context(cafile=server.ca)
    context.set_alpn_protocols(offered)
    with (
        socket.create_connection(server.https_address, PATIENCE_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as connection,
    ):
        assert connection.selected_alpn_protocol() == chosen
        assert connection.version() in ("TLSv1.2", "TLSv1.3")


def test_old_versions_of_tls_are_refused(server: Server) -> None:
    """By the server: this client would speak nothing newer than TLS 1.1."""
    context = ssl.create_default_context(cafile=server.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.minimum_version = ssl.TLSVersion.TLSv1
    with pytest.warns(DeprecationWarning, match="deprecated"):
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    with (
        socket.create_connection(server.https_address, PATIENCE_SECONDS) as plain,
        pytest.raises(ssl.SSLError, match="ALERT"),
    ):
        context.wrap_socket(plain, server_hostname="localhost")


def test_two_requests_in_one_packet_are_both_answered(server: Server) -> None:
    request = b"GET /health HTTP/1.1\r\nhost: localhost\r\n\r\n"
    last = b"GET /health HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n"
    with socket.create_connection(server.http_address, PATIENCE_SECONDS) as connection:
        said = shout(connection, request + last)

    assert said.count(b"HTTP/1.1 200") == 2
