"""What is under way when a server is asked to end: it is finished, and nothing new is begun."""

import contextlib
import signal
import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attacks.frames import PREFACE, Peer, block, grpc, opening, peer, raw
from conformance.edge.http1 import Http1, Reply, http1, request
from conformance.edge.scs import GET, SET, get, put
from faults.watching import eventually
from harness import Server

LONGEST_SECONDS = 10.0
VALUE = bytes(4_800_000)
HALF = 1000
NO_ERROR = 0
DATA, SETTINGS, PING, WINDOW_UPDATE, END_STREAM = 0, 4, 6, 8, 1
GRACE_SECONDS = 6.0


@pytest.fixture
def draining(tmp_path: Path) -> Iterator[Server]:
    """A server that is to end well, and in time, whatever is still under way."""
    with Server(data_dir=tmp_path / "data") as server:
        yield server
        process = server._process
        assert process is not None
        assert process.wait(LONGEST_SECONDS) == 0, server.output


def ask_to_end(server: Server) -> float:
    """Send the signal, and return when it was heard."""
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    eventually(lambda: "is stopping" in server.output, "the signal is heard")
    return time.monotonic()


def begun(client: Http1, server: Server, size: int) -> None:
    """Begin to write an item, and see that the server has begun to read it."""
    line = "PUT /cache/default-cache?key=k&ttl_seconds=600"
    owner = b"Authorization: " + server.api_key.encode()
    length = b"Content-Length: %d" % size
    client.say(request(line, owner, length, b"Expect: 100-continue"))
    assert client.reply().status == 100


def test_a_body_under_way_is_taken_to_its_end(draining: Server) -> None:
    with http1(draining.http_address) as client:
        begun(client, draining, 2 * HALF)
        client.say(bytes(HALF))
        ask_to_end(draining)
        client.say(bytes(HALF))

        (reply,) = client.replies()

        assert (reply.status, reply.closes) == (204, True)


def test_a_message_under_way_is_taken_to_its_end(draining: Server) -> None:
    headers, message = block(grpc(SET, draining.api_key)), put(bytes(HALF))
    with peer(draining.http_address) as connection:
        connection.say(opening(1, headers), raw(DATA, 0, 1, message[:10]))
        assert connection.settle()
        ask_to_end(draining)
        assert connection.hear(lambda: connection.goaway is not None)
        connection.say(raw(DATA, END_STREAM, 1, message[10:]))

        assert connection.hear(lambda: connection.answered(1))
        assert connection.grpc_status(1) == 0
        assert hangs_up_well(connection)


def test_what_is_served_after_the_end_was_told_never_grows(draining: Server) -> None:
    """RFC 9113 §6.8: what came later is not done, and may be asked for elsewhere."""
    headers = block(grpc(SET, draining.api_key))
    with peer(draining.http_address) as connection:
        connection.say(opening(1, headers))
        assert connection.settle()
        ask_to_end(draining)
        # A client that has heard it answers the ping, and is told which stream is the last.
        assert connection.hear(lambda: connection.last_streams[-1:] == [1])
        connection.say(opening(3, headers), opening(5, headers), raw(PING, 0, 0, b"short"))
        assert connection.hear(lambda: connection.closed)

    assert connection.last_streams[-1] == 1
    assert len(connection.last_streams) >= 3


@pytest.mark.parametrize(
    "said", [b"PRI ", PREFACE, PREFACE + raw(4, 0, 0)], ids=["a word", "a preface", "settings"]
)
def test_who_has_asked_for_nothing_and_answers_nothing_does_not_hold_up_the_end(
    draining: Server, said: bytes
) -> None:
    with socket.create_connection(draining.http_address) as silent:
        silent.sendall(said)
        assert is_served(draining)
        began = ask_to_end(draining)
        silent.settimeout(GRACE_SECONDS)
        with contextlib.suppress(ConnectionResetError):
            while silent.recv(1 << 16):
                pass
        # Two seconds to hear that it ends, and two to hang up: then nothing holds it up.
        assert time.monotonic() - began < GRACE_SECONDS


def is_served(server: Server) -> bool:
    """Somebody who comes later is."""
    with http1(server.http_address) as client:
        client.say(request("GET /health"))
        return client.reply().status == 200


def test_an_answer_under_way_is_given_to_its_end(draining: Server) -> None:
    with http1(draining.http_address) as client:
        begun(client, draining, len(VALUE))
        client.say(VALUE)
        assert client.reply().status == 204
        owner = b"Authorization: " + draining.api_key.encode()
        client.say(request("GET /cache/default-cache?key=k", owner))
        # One byte of the answer is there, and far more of it than all buffers hold is not.
        assert client.socket.recv(1, socket.MSG_PEEK) != b""
        ask_to_end(draining)

        (reply,) = client.replies()

        assert reply.body == VALUE


def test_an_answer_under_way_on_http2_is_given_to_its_end(draining: Server) -> None:
    headers = block(grpc(GET, draining.api_key))
    with http1(draining.http_address) as client:
        begun(client, draining, len(VALUE))
        client.say(VALUE)
        assert client.reply().status == 204
    with peer(draining.http_address) as connection:
        connection.say(opening(1, headers), raw(DATA, END_STREAM, 1, get(b"k")))
        assert connection.hear(lambda: connection.received[1] > 0)
        assert connection.settle()
        ask_to_end(draining)
        room = len(VALUE).to_bytes(4)
        connection.say(raw(WINDOW_UPDATE, 0, 0, room), raw(WINDOW_UPDATE, 0, 1, room))

        assert connection.hear(lambda: connection.answered(1))
        assert connection.grpc_status(1) == 0
        assert connection.received[1] > len(VALUE)
        assert hangs_up_well(connection)


def test_a_request_to_the_control_plane_under_way_is_answered(draining: Server) -> None:
    role = b'{"role_name": "r", "permissions": {"rules": []}}'
    owner = b"Authorization: " + draining.api_key.encode()
    headers = (owner, b"Content-Type: application/json", b"Content-Length: %d" % len(role))
    with http1(draining.http_address) as client:
        client.say(request("POST /roles", *headers, b"Expect: 100-continue"))
        assert client.reply().status == 100
        ask_to_end(draining)
        client.say(role)

        (reply,) = client.replies()

        assert reply.status < 500
        assert reply.closes


def test_a_request_that_was_on_its_way_when_an_idle_connection_should_end_is_answered(
    draining: Server,
) -> None:
    """On one that has been answered, and on one that has said nothing."""
    with http1(draining.http_address) as kept, http1(draining.http_address) as silent:
        kept.say(request("GET /health"))
        assert kept.reply().status == 200
        assert is_served(draining)
        ask_to_end(draining)
        for client in (kept, silent):
            client.say(request("GET /health"))
            (reply,) = client.replies()

            assert (reply.status, reply.closes) == (200, True)


def test_a_handshake_that_was_on_its_way_is_finished_and_the_request_answered(
    draining: Server,
) -> None:
    trust = ssl.create_default_context(cafile=draining.ca)
    with socket.create_connection(draining.https_address) as connection:
        assert is_served(draining)
        ask_to_end(draining)
        with trust.wrap_socket(connection, server_hostname="localhost") as client:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = client.recv(1000)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" in answer.lower()


def test_a_connection_of_http2_that_begins_late_is_answered_and_told(draining: Server) -> None:
    headers = block(grpc(GET, draining.api_key))
    with peer(draining.http_address, first=b"PRI ") as connection:
        assert is_served(draining)
        ask_to_end(draining)
        connection.say((PREFACE + raw(SETTINGS, 0, 0))[4:])
        connection.say(opening(1, headers), raw(DATA, END_STREAM, 1, get(b"k")))

        assert connection.hear(lambda: connection.answered(1))
        assert connection.grpc_status(1) == 0
        assert hangs_up_well(connection)


def test_who_waits_is_let_go_soon(draining: Server) -> None:
    """Idle connections of each kind keep nobody."""
    with (
        http1(draining.http_address) as silent,
        http1(draining.http_address) as kept,
        peer(draining.http_address) as connection,
    ):
        kept.say(request("GET /health"))
        assert kept.reply().status == 200
        assert connection.settle()
        heard = ask_to_end(draining)

        assert kept.replies() == []
        assert silent.replies() == []
        assert hangs_up_well(connection)
        assert time.monotonic() - heard < LONGEST_SECONDS / 2


def test_nobody_new_is_let_in(draining: Server) -> None:
    """While something is under way, which keeps the server."""
    with http1(draining.http_address) as client:
        begun(client, draining, HALF)
        ask_to_end(draining)
        address = client.socket.getpeername()
        eventually(lambda: is_refused(address), "new connections are refused")
        client.say(bytes(HALF))

        assert [reply.status for reply in client.replies()] == [204]


def test_who_asks_meanwhile_is_told_that_the_server_is_not_ready(draining: Server) -> None:
    address = draining.http_address
    with http1(address) as client, httpx.Client(base_url=draining.http) as other:
        client.say(b"GET /ready HTTP/1.1\r\nHost: localhost\r\n")
        both = 'attimo_connections_open{transport="plaintext",protocol="http1"} 2'
        eventually(lambda: both in other.get("/metrics").text, "half of the request is read")
        ask_to_end(draining)
        eventually(lambda: is_refused(address), "new connections are refused")
        client.say(b"\r\n")

        (reply,) = client.replies()

        assert (reply.status, reply.body) == (503, b'{"status":"draining"}')


def is_refused(address: tuple[str, int]) -> bool:
    """Nobody listens there."""
    try:
        socket.create_connection(address, 1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_what_is_not_answered_has_not_begun(draining: Server) -> None:
    """Requests one after the other: the last is answered whole, or not at all."""
    process = draining._process
    assert process is not None
    answers = 0
    with http1(draining.http_address) as client:
        while reply := answered(client):
            assert reply.status == 200
            answers += 1
            if answers == 100:
                process.send_signal(signal.SIGTERM)
    assert answers >= 100


def answered(client: Http1) -> Reply | None:
    """Ask once more; the answer, or None if the server hung up before its first byte."""
    client.say(request("GET /health"))
    try:
        begun = client.socket.recv(1, socket.MSG_PEEK) != b""
    except ConnectionResetError:
        begun = False
    return client.reply() if begun else None


def hangs_up_well(connection: Peer) -> bool:
    """The server goes away and says so."""
    return connection.hear(lambda: connection.closed) and connection.goaway == NO_ERROR
