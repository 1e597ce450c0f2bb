"""A way to a server on which answers get lost."""

import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

PIECE_BYTES = 65_536


class Losing:
    """Leads connections to a server; once one has sent `mark`, it ends in place of the answer.

    Args:
        target: The server.
        mark: What the request has in it whose answer is lost; the server receives it whole.
        ends: Whether nobody can connect any more then.
    """

    def __init__(self, target: tuple[str, int], mark: bytes, ends: bool = False) -> None:
        self._target = target
        self._mark = mark
        self._ends = ends
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for each in (self._listener, *self._open):
            _close(each)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._lead, args=(client,), daemon=True).start()

    def _lead(self, client: socket.socket) -> None:
        marked = threading.Event()
        with suppress(OSError):
            server = socket.create_connection(self._target)
            self._open += [client, server]
            threading.Thread(target=self._answer, args=(server, client, marked)).start()
            sent = b""
            while piece := client.recv(PIECE_BYTES):
                sent = sent[-len(self._mark) :] + piece
                if self._mark in sent:
                    marked.set()
                with suppress(
                    OSError
                ):  # it has refused the rest, and is read to its end all the same
                    server.sendall(piece)
            server.shutdown(socket.SHUT_WR)

    def _answer(
        self, server: socket.socket, client: socket.socket, marked: threading.Event
    ) -> None:
        with suppress(OSError):
            while (piece := server.recv(PIECE_BYTES)) and not marked.is_set():
                client.sendall(piece)
        if not marked.is_set():
            with suppress(OSError):
                client.shutdown(socket.SHUT_WR)
            return
        if self._ends:
            _close(self._listener)
        _close(client)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
