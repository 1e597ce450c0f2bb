"""Very many connections at once, by epoll: none waits for another."""

import contextlib
import resource
import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

SPARE_HANDLES = 500
PATIENCE_SECONDS = 30.0


@contextmanager
def handles(wanted: int) -> Iterator[int]:
    """Be allowed as many open files as can be, and tell for how many connections that is enough."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        yield min(wanted, hard - SPARE_HANDLES)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextmanager
def few_handles() -> Iterator[None]:
    """Let what is started here begin with as few open files as a login shell has."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@dataclass
class Crowd:
    """What became of many clients, each of whom said one thing and waits for one word."""

    served: int = 0
    refused: int = 0
    connected_seconds: float = 0.0
    """After which the last had its connection."""
    served_seconds: float = 0.0
    """After which the last had its answer."""
    sockets: list[socket.socket] = field(default_factory=list)


@contextmanager
def crowd(address: tuple[str, int], says: Sequence[bytes], word: bytes) -> Iterator[Crowd]:
    """Connect once for each of `says`, say it, and wait until `word` is in the answer.

    The connections stay open until the end of the block.
    """
    result = Crowd()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        poll = stack.enter_context(select.epoll())
        waiting: dict[int, tuple[socket.socket, bytes]] = {}
        for said in says:
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(address)
            poll.register(client, select.EPOLLOUT)
            waiting[client.fileno()] = (client, said)
            result.sockets.append(client)
        heard: dict[int, bytes] = dict.fromkeys(waiting, b"")
        while waiting and time.monotonic() - began < PATIENCE_SECONDS:
            for handle, event in poll.poll(1):
                client, said = waiting[handle]
                if event & select.EPOLLOUT and not client.getsockopt(
                    socket.SOL_SOCKET, socket.SO_ERROR
                ):
                    result.connected_seconds = time.monotonic() - began
                    client.send(said)
                    poll.modify(client, select.EPOLLIN)
                    continue
                part = received(client)
                heard[handle] += part
                if word in heard[handle]:
                    result.served += 1
                elif part:
                    continue
                else:
                    result.refused += 1
                poll.unregister(client)
                del waiting[handle]
        result.served_seconds = time.monotonic() - began
        yield result


def received(client: socket.socket) -> bytes:
    """What has come; nothing if the other side hung up."""
    try:
        return client.recv(1 << 16)
    except OSError:
        return b""
