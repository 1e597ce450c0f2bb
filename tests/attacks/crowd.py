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
from typing import NamedTuple

SPARE_HANDLES = 500
PATIENCE_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.001


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


class Answer(NamedTuple):
    """An answer came after one moment and by another, as `time.monotonic` tells them."""

    after: float
    by: float
    status: int
    """Of HTTP."""


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
    answers: list[Answer] = field(default_factory=list)


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
        looked = began
        while waiting and looked - began < PATIENCE_SECONDS:
            # What this look finds had not come when the last one began.
            after, looked = looked, time.monotonic()
            ready = poll.poll(LOOK_AGAIN_SECONDS)
            by = time.monotonic()
            for handle, event in ready:
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
                    result.answers.append(Answer(after, by, _status(heard[handle])))
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
