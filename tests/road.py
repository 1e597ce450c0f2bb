"""A way to a server that outlives it: its port stays, and what goes over it can be cut."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE_BYTES = 65_536


class Road:
    """Leads connections to wherever the server is when they are opened.

    Args:
        target: Says where that is.
    """

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._is_blocked = False

    @property
    def port(self) -> int:
        """Where it begins."""
        return int(self._listener.getsockname()[1])

    @property
    def url(self) -> str:
        """The same as an address."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """End every connection that is open, as a network that fails does."""
        opened, self._open = self._open, []
        for each in opened:
            _close(each)

    def block(self) -> None:
        """End every connection, and let none through until it is unblocked."""
        self._is_blocked = True
        self.cut()

    def unblock(self) -> None:
        """Let connections through again."""
        self._is_blocked = False

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        _close(self._listener)
        self.cut()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._where(client))
        except OSError:
            _close(client)
            return
        for each in (client, server):
            # Or the second of two pieces waits 40 ms, until the first is acknowledged.
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._open += [client, server]
        if self._is_blocked:
            self.cut()
        threading.Thread(target=_carry, args=(server, client), daemon=True).start()
        _carry(client, server)

    def _where(self, client: socket.socket) -> tuple[str, int]:
        """Where a client is led, by nothing that it says."""
        return self._target()


def _carry(source: socket.socket, goal: socket.socket) -> None:
    with suppress(OSError):
        while piece := source.recv(PIECE_BYTES):
            goal.sendall(piece)
    # Either side may be the first to end; a server that stops ends both.
    for each in (source, goal):
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
