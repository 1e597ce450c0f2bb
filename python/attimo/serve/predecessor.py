"""How one server takes another's place: the side of the new one. `handover` says how they talk."""

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attimo import __version__
from attimo.control import usage
from attimo.data_directory import DataDirectory
from attimo.errors import AttimoError, Misconfigured
from attimo.node import batches
from attimo.serve.channel import Channel, Gone, Silent
from attimo.serve.handover import NAME, PROTOCOL
from attimo.serve.listening import Offered

ASK_SECONDS = 15.0
"""How long the old server may take to let itself be asked: it may be starting."""
YIELD_SECONDS = 30.0
"""How long it may take to give its control plane up."""
END_SECONDS = 20.0
"""How long it may take to finish what is under way."""
LOOK_SECONDS = 0.1

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Predecessor:
    """The server whose place is taken, as the new one sees it.

    Attributes:
        channel: The connection to it.
        shutdown: Set when this process is asked to end.
        lock: The lock of the data directory.
        sockets: What it listens on.
    """

    channel: Channel
    shutdown: threading.Event
    lock: int
    sockets: list[Offered]
    pid: int
    _thread: threading.Thread | None = field(default=None, init=False)

    def give_place(self) -> None:
        """Have it close its control plane; nothing is to be had of one that has ended.

        Raises:
            Misconfigured: It does not, and goes on.
        """
        self._ask("wants", YIELD_SECONDS)

    def end(self, record: Callable[[usage.Batch], object]) -> None:
        """Have it end, and record what it still counts, in a thread.

        Raises:
            Misconfigured: It has not waited, and serves again.
        """
        if not self._ask("serves", YIELD_SECONDS):
            return
        self._thread = threading.Thread(
            target=self._run, args=(record,), name="predecessor", daemon=True
        )
        self._thread.start()

    def wait(self) -> None:
        """Return when it has ended, or takes too long for that."""
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def _ask(self, word: str, patience: float) -> bool:
        """Whether it has done what it was asked for; false if it has ended.

        Raises:
            Misconfigured: It refuses.
        """
        try:
            # One that has hung up may have said why.
            with suppress(Gone):
                self.channel.say({word: True})
            answer = _hear(self.channel, patience, self.shutdown)
        except Gone:
            return False
        except Silent as error:
            raise _silent(self.pid) from error
        if why := answer.get("refused"):
            raise Misconfigured(f"the running server (pid {self.pid}) keeps its place: {why}")
        return True

    def _run(self, record: Callable[[usage.Batch], object]) -> None:
        with suppress(Gone):
            while written := self.channel.hear(None).get("usage"):
                self.channel.say({"recorded": _is_recorded(written, record)})
            self.channel.say({"recorded": True})
        log.info("the server before (pid %d) has ended", self.pid)


def _is_recorded(written: dict[str, Any], record: Callable[[usage.Batch], object]) -> bool:
    try:
        record(batches.of_json(written))
    except Exception as error:  # it is tried again
        trace = None if isinstance(error, AttimoError) else error
        log.error("usage of the server before cannot be recorded: %s", error, exc_info=trace)
        return False
    return True


@contextmanager
def predecessor(
    home: DataDirectory, folder: Path, shutdown: threading.Event
) -> Iterator[Predecessor | None]:
    """The server that holds the data directory, asked for its place; None if nobody does.

    Args:
        home: The data directory.
        folder: The same, by a path that is short enough for a socket.
        shutdown: Set when this process is asked to end.

    Raises:
        Misconfigured: It does not hand over to this one; it goes on.
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
            raise Misconfigured(f"the running server (pid {pid}) keeps its place: {why}")
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
    """What it says next; the wait ends when this process is asked to end."""
    deadline = time.monotonic() + patience
    while True:
        try:
            return channel.hear(LOOK_SECONDS)
        except Silent:
            if shutdown.is_set():
                raise SystemExit(0) from None
            if time.monotonic() > deadline:
                raise


def _pause(shutdown: threading.Event) -> None:
    if shutdown.wait(LOOK_SECONDS):
        raise SystemExit(0)


def _silent(pid: int | str) -> Misconfigured:
    return Misconfigured(
        f"the running server (pid {pid}) does not hand over its place; "
        "stop it, and start without --replace"
    )
