"""What clients do not read does not fill the kernel's buffers either: a container pays for them."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx

from attimo.serve.listening import UNSENT_BYTES
from faults.containers import loads
from faults.containers.loads import ANSWER_SECONDS, CACHE, LARGE, MESSAGE, NOISE
from faults.watching import eventually
from harness import Server

MOST = 4 * UNSENT_BYTES
"""Pieces are up to 64 KiB, and some of them are on their way."""
CLIENTS = 3


def queued(client: socket.socket) -> int:
    """How many bytes the kernel holds that a client has not received yet."""
    ports = [f":{port:04X}" for _, port in (client.getpeername(), client.getsockname())]
    for line in Path("/proc/net/tcp").read_text().splitlines():
        _, local, remote, _, queues, *_ = line.split()
        if local.endswith(ports[0]) and remote.endswith(ports[1]):
            return int(queues.partition(":")[0], 16)
    raise AssertionError("the connection is closed")


@contextmanager
def unread(server: Server, request: bytes, times: int) -> Iterator[list[socket.socket]]:
    """Clients that ask so many times, and read nothing."""
    with ExitStack() as stack:
        clients = [stack.enter_context(socket.socket()) for _ in range(CLIENTS)]
        for client in clients:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            client.connect(server.http_address)
            client.sendall(request * times)
        yield clients


def test_a_long_answer_that_is_not_read_does_not_wait_in_the_kernel(server: Server) -> None:
    head = f"Host: a\r\nAuthorization: {server.api_key}\r\n\r\n"
    httpx.put(
        f"{server.http}/cache/{CACHE}?key=long&ttl_seconds=600",
        headers={"authorization": server.api_key},
        content=NOISE[:LARGE],
    ).raise_for_status()

    with unread(server, f"GET /cache/{CACHE}?key=long HTTP/1.1\r\n{head}".encode(), 3) as clients:
        check(clients)


def test_messages_that_are_not_read_do_not_wait_in_the_kernel(server: Server) -> None:
    head = f"Host: a\r\nAccept: text/event-stream\r\nAuthorization: {server.api_key}\r\n\r\n"

    with unread(server, f"GET /topics/{CACHE}/t0 HTTP/1.1\r\n{head}".encode(), 1) as clients:
        for client in clients:
            eventually(partial(has_head, client), "it is subscribed")
        loads.publish(server, 20, MESSAGE, 1)
        check(clients)


def has_head(client: socket.socket) -> bool:
    """Whether the head of the answer has come, which stays where it is."""
    client.settimeout(ANSWER_SECONDS)
    return client.recv(12, socket.MSG_PEEK | socket.MSG_WAITALL) == b"HTTP/1.1 200"


def check(clients: list[socket.socket]) -> None:
    """See that the kernel holds little of what each client does not read."""
    for client in clients:
        eventually(partial(has_settled, client), "the kernel takes no more")
    found = [queued(client) for client in clients]
    assert min(found) > 0, found
    assert max(found) <= MOST, found


def has_settled(client: socket.socket) -> bool:
    """Whether the kernel holds something, and no more is added."""
    before = queued(client)
    return before > 0 and all(queued(client) == before for _ in range(20))
