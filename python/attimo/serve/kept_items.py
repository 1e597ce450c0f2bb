"""Kept items: those that a server writes at its end, and the next one reads before it serves.

They are in a file of the data directory while no server runs. A server that replaces another gets
them over a socket, without a file.

The file is read at most once, and removed before that: items that were changed later must never
come back, and a start that was killed while it read must not fail again. The file is not
synchronised to the disk: what a crash of the machine damages is found by checksums and left out,
and a slow disk must not hold up the end.
"""

import contextlib
import logging
import os
import socket
import stat
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from attimo import files
from attimo.node.local import LocalNode

STOP_SECONDS = 9.0
"""After a signal, until when items are written; of the ten within which a server must stop."""
LEAST_SECONDS = 1.0
"""How long items are written at least, however long requests in flight took."""
SEND_SECONDS = 10.0
"""How long items are sent to a server that replaces this one, while clients wait."""
DRAIN_SECONDS = 2.5
"""How long these clients wait for requests in flight before the items are sent."""
SILENCE_SECONDS = 5.0
"""How long one of two servers waits for the other during that."""
_TIMEVAL = struct.Struct("@ll")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class KeptItems:
    """The items of a data directory.

    Attributes:
        path: Their file.
        is_on: Whether items are kept.
    """

    path: Path
    is_on: bool
    _node: LocalNode | None = field(default=None, init=False)
    _until: float | None = field(default=None, init=False)

    def begin(self, node: LocalNode) -> None:
        """Note that a node has all items there are: those are written at the end."""
        self._node = node

    def end_soon(self) -> None:
        """Note that the server was told to end; only the first time counts."""
        if self._until is None:
            self._until = time.monotonic() + STOP_SECONDS

    def abandon(self) -> None:
        """Note that another server has the items."""
        self._node = None

    def load(self, node: LocalNode) -> None:
        """Remove the file of the server before, and read its items.

        The node has the directory, and does not serve yet. What cannot be read is logged.

        Raises:
            OSError: The file cannot be removed.
        """
        if self.is_on:
            with _complaining("the items of the last run cannot be read"), self._opened() as file:
                if file is not None:
                    self.path.unlink()
                    _report(lambda: node.load_items(file), "the last run")
        self.discard()
        self.begin(node)

    def discard(self) -> None:
        """Remove what a server before has left, unread.

        Raises:
            OSError: It cannot be removed.
        """
        for path in (self._unfinished, self.path):
            with contextlib.suppress(FileNotFoundError, IsADirectoryError):
                path.unlink()

    def save(self) -> None:
        """Write the items for the next server; if that fails, log why and go on."""
        if not self.is_on or self._node is None:
            return
        self.end_soon()
        patience = max(LEAST_SECONDS, (self._until or 0.0) - time.monotonic())
        with _complaining("not all items could be written, and the rest is lost"):
            try:
                self._write(self._node, patience)
            finally:
                self._unfinished.unlink(missing_ok=True)

    def send(self, node: LocalNode, stream: socket.socket) -> None:
        """Send the items to the server that replaces this one; if that fails, log why."""
        with _complaining("items could not be sent to the new server"):
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _timeval(SILENCE_SECONDS))
            _report_written(lambda: node.save_items(stream, SEND_SECONDS), "the new server")
        with contextlib.suppress(OSError):  # it has ended
            stream.shutdown(socket.SHUT_WR)

    def receive(self, node: LocalNode, stream: socket.socket) -> None:
        """Read the items of the server that this one replaces; what cannot be read is logged."""
        with _complaining("the items of the old server cannot be read"):
            silence = DRAIN_SECONDS + SILENCE_SECONDS
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, _timeval(silence))
            _report(lambda: node.load_items(stream), "the old server")

    @property
    def _unfinished(self) -> Path:
        return self.path.with_name(f"{self.path.name}.new")

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes] | None]:
        """Open the file, if there is one; another user's is none, and neither is a link."""
        try:
            handle = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            yield None
            return
        with os.fdopen(handle, "rb", buffering=0) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid():
                raise PermissionError(0, f"{self.path} is no file of this user")
            yield file

    def _write(self, node: LocalNode, patience: float) -> None:
        self._unfinished.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(self._unfinished, flags, files.OWNER_ONLY), "wb", buffering=0) as file:
            is_any = True  # after an error, if it has written blocks: they are whole
            try:
                is_any = _report_written(lambda: node.save_items(file, patience), "the next start")
            finally:
                if is_any and os.fstat(file.fileno()).st_size:
                    os.replace(self._unfinished, self.path)


@contextmanager
def _complaining(what: str) -> Iterator[None]:
    """Log an error that must hold up neither a start nor an end."""
    try:
        yield
    except (OSError, ValueError) as error:
        log.error("%s: %s", what, (error.strerror if isinstance(error, OSError) else 0) or error)


def _report(load: Callable[[], tuple[dict[str, int], str | None]], whose: str) -> None:
    began = time.monotonic()
    read, error = load()
    if error:
        log.error("not all items of %s can be read: %s", whose, error)
    size = read.pop("bytes")
    if any(read.values()):
        log.log(
            logging.WARNING if read["lost"] else logging.INFO,
            "items of %s: %d kept, %d lost, %d expired, %d of caches deleted or flushed since, too "
            "large or sent twice, %d evicted; %d bytes in %d ms",
            *(whose, read["kept"], read["lost"], read["expired"], read["refused"]),
            *(read["evicted"], size, (time.monotonic() - began) * 1000),
        )


def _report_written(save: Callable[[], dict[str, int]], whom: str) -> bool:
    """Return whether any items were written."""
    began = time.monotonic()
    written = save()
    if written["items"] or written["left_out"]:
        log.log(
            logging.WARNING if written["left_out"] else logging.INFO,
            "items for %s: %d written, %d left out for lack of time; %d bytes in %d ms",
            *(whom, written["items"], written["left_out"], written["bytes"]),
            (time.monotonic() - began) * 1000,
        )
    return written["items"] > 0


def _timeval(seconds: float) -> bytes:
    whole = int(seconds)
    return _TIMEVAL.pack(whole, int((seconds - whole) * 1_000_000))
