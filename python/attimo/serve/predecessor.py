"""Replacing a running server: the new server's side of `handover`."""

import logging
import os
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attimo import __version__
from attimo.control import webhook_queue
from attimo.data_directory import DataDirectory
from attimo.errors import AttimoError, Misconfigured
from attimo.node import batches, message_batches
from attimo.node.batches import Batch
from attimo.node.local import LocalNode
from attimo.serve.channel import Channel, Gone, Silent
from attimo.serve.handover import BEGUN, NAME, NOT_BEGUN, PROTOCOL
from attimo.serve.kept_items import KeptItems
from attimo.serve.listening import Offered

ASK_SECONDS = 15.0
"""How long to wait for the old server's socket: it may be starting."""
YIELD_SECONDS = 30.0
"""Its time limit for closing the control plane."""
END_SECONDS = 20.0
"""Its time limit for requests in flight."""
GONE_SECONDS = 5.0
"""How long its process may take to end after it has closed the connection."""
LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)

Record = tuple[Callable[[Batch], object], Callable[[webhook_queue.Batch], object]]
"""What records usage, and what stores messages for webhooks."""


@dataclass(slots=True)
class Predecessor:
    """The server to be replaced.

    Attributes:
        channel: The connection to it.
        shutdown: Set when this process should stop.
        lock: The lock of the data directory.
        sockets: Its listening sockets.
    """

    channel: Channel
    shutdown: threading.Event
    lock: int
    sockets: list[Offered]
    pid: int
    _stream: socket.socket | None = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def give_place(self) -> None:
        """Have it close its control plane, unless it has ended.

        Raises:
            Misconfigured: It refuses, and continues.
        """
        self._ask({"wants": True}, YIELD_SECONDS)

    def end(
        self, record: Record, kept: KeptItems, node: LocalNode, on_ended: Callable[[], None]
    ) -> bool:
        """Have it stop, record its last usage and messages in a thread, and read its items.

        Args:
            record: What records them.
            kept: What reads the items.
            node: The node that gets them.
            on_ended: Called when all is recorded.

        Returns:
            False if it has ended by itself: all that it had is in the data directory.

        Raises:
            Misconfigured: It did not wait, and serves again.
        """
        self._stream, theirs = socket.socketpair()
        with theirs:
            wanted = {"serves": True, "items": kept.is_on}
            answer = self._ask(wanted, YIELD_SECONDS, [theirs.fileno()])
        if answer is None:
            return False
        self._thread = threading.Thread(
            target=self._run, args=(record, on_ended), name="predecessor", daemon=True
        )
        self._thread.start()
        if answer.get("items"):
            kept.receive(node, self._stream)
        kept.discard()
        return True

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Tell it that its items are out of date, unless the block fails to begin to serve."""
        if self._stream is None:
            yield
            return
        with self._stream:
            self._tell(self._stream, BEGUN)
            try:
                yield
            except BaseException:
                self._tell(self._stream, NOT_BEGUN)
                raise

    @staticmethod
    def _tell(stream: socket.socket, byte: bytes) -> None:
        with suppress(OSError):  # it has ended
            stream.sendall(byte)

    def wait(self) -> None:
        """Wait until it has ended, or takes too long."""
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _ask(
        self, message: dict[str, Any], patience: float, descriptors: Sequence[int] = ()
    ) -> dict[str, Any] | None:
        """Return its answer once it did what it was asked to do; None if it has ended.

        Raises:
            Misconfigured: It refuses, or has closed the connection and still runs.
        """
        try:
            # It may have sent the reason before it closed the connection.
            with suppress(Gone):
                self.channel.say(message, descriptors)
            answer = _hear(self.channel, patience, self.shutdown)
        except Gone:
            if not _ends(self.pid):
                raise _silent(self.pid) from None
            return None
        except Silent as error:
            raise _silent(self.pid) from error
        if why := answer.get("refused"):
            raise Misconfigured(f"the running server (pid {self.pid}) continues: {why}")
        return answer

    def _run(self, record: Record, on_ended: Callable[[], None]) -> None:
        with suppress(Gone):
            while True:
                message = self.channel.hear(None)
                is_recorded = _is_recorded(message, record)
                self.channel.say({"recorded": is_recorded, "question": message.get("question")})
                if "usage" not in message and "messages" not in message:
                    break
        log.info("the old server (pid %d) has ended", self.pid)
        on_ended()


def _is_recorded(message: dict[str, Any], record: Record) -> bool:
    of_usage, of_messages = record
    try:
        if written := message.get("usage"):
            of_usage(batches.of_json(written))
        if written := message.get("messages"):
            of_messages(message_batches.of_json(written))
    except Exception as error:  # it is retried
        trace = None if isinstance(error, AttimoError) else error
        log.error("the old server's usage cannot be recorded: %s", error, exc_info=trace)
        return False
    return True


@contextmanager
def predecessor(
    home: DataDirectory, folder: Path, shutdown: threading.Event
) -> Iterator[Predecessor | None]:
    """Connect to the server that uses the data directory; None if there is none.

    Args:
        home: The data directory.
        folder: The same, by a path that is short enough for a socket.
        shutdown: Set when this process should stop.

    Raises:
        Misconfigured: It does not hand over to this one, and continues.
    """
    found = _found(home, folder, shutdown)
    try:
        yield found
    finally:
        if found is not None:
            found.channel.close()


def _found(home: DataDirectory, folder: Path, shutdown: threading.Event) -> Predecessor | None:
    deadline = time.monotonic() + ASK_SECONDS
    while (holder := home.holder()) is not None:
        left = deadline - time.monotonic()
        if left <= 0:
            raise _silent(holder)
        with suppress(Gone, Silent):
            return _greeted(_connected(folder), left, shutdown)
        _pause(shutdown)
    return None


def _connected(folder: Path) -> Channel:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(str(folder / NAME))
    except OSError as error:
        connection.close()
        raise Gone from error
    return Channel(connection)


def _greeted(channel: Channel, patience: float, shutdown: threading.Event) -> Predecessor:
    try:
        pid = channel.pid
        if not channel.is_ours:
            raise Misconfigured(f"the running server (pid {pid}) belongs to another user")
        channel.say({"hello": PROTOCOL, "version": __version__})
        answer = _hear(channel, patience, shutdown)
        if why := answer.get("refused"):
            raise Misconfigured(f"the running server (pid {pid}) continues: {why}")
        if answer.get("welcome") != PROTOCOL:
            raise Misconfigured(
                f"the running server (pid {pid}, version {answer.get('version', 'unknown')}) "
                f"cannot hand over to version {__version__}: stop it, and start without --replace"
            )
        lock, *descriptors = channel.descriptors
        channel.descriptors = []
        offered = [
            Offered(socket.socket(fileno=each), tls=tls)
            for each, tls in zip(descriptors, answer["tls"], strict=True)
        ]
        return Predecessor(channel, shutdown, lock, offered, pid)
    except BaseException:
        channel.close()
        raise


def _hear(channel: Channel, patience: float, shutdown: threading.Event) -> dict[str, Any]:
    """Return its next message; the wait ends when this process should stop."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return channel.hear(LOOK_SECONDS)
        except Silent:
            if shutdown.is_set():
                raise SystemExit(0) from None
            if time.monotonic() > deadline:
                raise


def _ends(pid: int) -> bool:
    """Wait for the end of a process; false if it goes on, as after an error in one thread."""
    try:
        handle = os.pidfd_open(pid)
    except OSError:  # it has ended, or is in another container and cannot be seen
        return True
    try:
        return bool(select.select([handle], [], [], GONE_SECONDS)[0])
    finally:
        os.close(handle)


def _pause(shutdown: threading.Event) -> None:
    if shutdown.wait(LOOK_SECONDS):
        raise SystemExit(0)


def _silent(pid: int | str) -> Misconfigured:
    return Misconfigured(
        f"the running server (pid {pid}) does not hand over; stop it, and start without --replace"
    )
