"""Very many connections at once, by epoll: none waits for another."""

import contextlib
import itertools
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
    answers: list[tuple[float, int]] = field(default_factory=list)
    """When each answer came, as `time.monotonic` tells it, and its status in HTTP."""


@contextmanager
def crowd(
    address: tuple[str, int], says: Sequence[bytes], word: bytes, sources: Sequence[str] = ()
) -> Iterator[Crowd]:
    """Connect once for each of `says`, say it, and wait until `word` is in the answer.

    Each comes from its own of the `sources`, if there are any.

    The connections stay open until the end of the block.
    """
    result = Crowd()
    began = time.monotonic()
    with contextlib.ExitStack() as stack:
        poll = stack.enter_context(select.epoll())
        waiting: dict[int, tuple[socket.socket, bytes]] = {}
        for said, source in itertools.zip_longest(says, sources):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            if source:
                client.bind((source, 0))
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
                    result.answers.append((time.monotonic(), _status(heard[handle])))
                elif part:
                    continue
                else:
                    result.refused += 1
                poll.unregister(client)
                del waiting[handle]
        result.served_seconds = time.monotonic() - began
        yield result


def _status(answer: bytes) -> int:
    line = answer.split(b" ", 2)
    return int(line[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def received(client: socket.socket) -> bytes:
    """What has come; nothing if the other side hung up."""
    try:
        return client.recv(1 << 16)
    except OSError:
        return b""
