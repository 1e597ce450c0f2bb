"""Replacing a running server without downtime: the old server's side.

The new server connects to the old one by a socket in the data directory, and receives the lock of
the directory and the listening sockets. Both have them from then on, so no client is refused and
the directory is never unlocked. Then, one message each:

    new: hello          old: welcome, with lock and sockets
    new: wants          old: yielded (its control plane is closed, data is served as before)
    new: serves         old: leaves (it accepts no more, and finishes requests in flight)
    old: usage, messages, ends    new: recorded, to each by its number

With `serves`, the new server sends a socket for the items. The old one, if both keep them, writes
them there when requests in flight are finished. The new one reads them, writes a byte back and
serves; a second byte takes that back, if it could not begin to serve.

A server that gives up sends `refused` first, so one that closes the connection without it has
ended. If the new one ends before `serves`, the old one continues unchanged; if it ends after that,
the old one serves again. So one of the two always serves, and only one of them writes. After the
byte, the items of the old one are out of date, so it serves again without them.

An old server that is told to stop before `leaves` keeps the connection open until its process ends,
when its items and its last usage are in the data directory: so the new one finds them there.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from attimo import __version__
from attimo.control import webhook_queue
from attimo.errors import StoreUnavailable
from attimo.node import batches, message_batches
from attimo.node.batches import Batch
from attimo.node.collector import Collector
from attimo.node.intake import Intake
from attimo.serve.channel import Channel, Gone, Silent
from attimo.serve.listening import Listening

PROTOCOL = 1
"""The version of this protocol; servers with different ones do not replace each other."""

NAME = "handover.sock"
BEGIN_SECONDS = 60.0
"""The time limit of the new server for one step."""
RECORD_SECONDS = 10.0
"""Its time limit for recording usage."""
RECORD_TRIES = 3
FINISH_SECONDS = 3.0
BEGUN = b"\1"
"""What the new server writes to the socket for the items just before it serves."""
NOT_BEGUN = b"\0"
"""What it writes after that, if it could not begin to serve."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Successor:
    """The server that replaced this one.

    Attributes:
        channel: The connection to it.
        stream: The socket for the items; None if it has sent none.
        takes_items: Whether it reads items there.
        is_gone: Whether it has ended.
    """

    channel: Channel
    stream: socket.socket | None = None
    takes_items: bool = False
    is_gone: bool = field(default=False, init=False)
    _question: int = field(default=0, init=False)

    def has_served(self) -> bool:
        """Whether it had begun to serve before it ended, so that items may have changed there."""
        with suppress(OSError):
            return self.stream is not None and self.stream.recv(2, socket.MSG_DONTWAIT) == BEGUN
        return False

    def takes_all(self, collector: Collector, intake: Intake) -> bool:
        """Have it record all usage and messages; false if it has ended and cannot."""
        collector.record, intake.record = self.record, self.record_messages
        for _ in range(RECORD_TRIES):
            if collector.pause() or self.is_gone:
                break
        intake.finish()
        self._asked({"ends": True})
        if not self.is_gone:
            collector.stop()
        return not self.is_gone

    def record(self, batch: Batch) -> None:
        """Have it record a batch.

        Raises:
            StoreUnavailable: It did not record it.
        """
        if not self._asked({"usage": batches.to_json(batch)}):
            raise StoreUnavailable("The server that replaced this one has not recorded it")

    def record_messages(self, batch: webhook_queue.Batch) -> None:
        """Have it store messages for webhooks.

        Raises:
            StoreUnavailable: It did not store them.
        """
        if not self._asked({"messages": message_batches.to_json(batch)}):
            raise StoreUnavailable("The server that replaced this one has not stored them")

    def _asked(self, message: dict[str, Any]) -> bool:
        if not self.is_gone:
            try:
                self._question += 1
                self.channel.say(message | {"question": self._question})
                return bool(self._answer().get("recorded"))
            except Gone:
                self.is_gone = True
            except Silent:
                pass
        return False

    def _answer(self) -> dict[str, Any]:
        """Return the answer to the last question, and skip late ones to those before."""
        while True:
            answer = self.channel.hear(RECORD_SECONDS)
            # A server of an earlier version does not say which one it answers.
            if answer.get("question", self._question) == self._question:
                return answer


@dataclass(slots=True)
class Handover:
    """Lets another server replace this one, one at a time.

    Attributes:
        folder: The directory of its socket.
        lock: The lock of the data directory.
        listening: The listening sockets.
        give_up: Closes the control plane; returns why not, or None.
        take_back: Opens it again; false if this server was told to stop.
        wake: Called when the new server takes over.
        gives_items: Whether it may have the items of this one.
        successor: The new server.
    """

    folder: Path
    lock: int
    listening: Sequence[Listening]
    give_up: Callable[[], str | None]
    take_back: Callable[[], bool]
    wake: Callable[[], None]
    gives_items: bool = False
    successor: Successor | None = field(default=None, init=False)
    _channel: Channel | None = field(default=None, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)

    def start(self) -> None:
        """Start to listen for one, or start again."""
        self.successor, self._channel, self._turn = None, None, threading.Lock()
        new = self.folder / f"{NAME}.new"
        new.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(new))
        listener.listen()
        os.replace(new, self.folder / NAME)
        threading.Thread(target=self._run, args=(listener,), name="handover", daemon=True).start()

    def finish(self) -> None:
        """Accept no more; a handover in progress can finish within some seconds, or is aborted.

        Connections stay open until this process ends, by which the other side notices that.
        """
        if not self._turn.acquire(timeout=FINISH_SECONDS) and self._channel is not None:
            # It ends the wait for a message; the other side does not notice it.
            self._channel.socket.shutdown(socket.SHUT_RD)
            self._turn.acquire(timeout=FINISH_SECONDS)
        if self.successor is None:
            (self.folder / NAME).unlink(missing_ok=True)

    def _run(self, listener: socket.socket) -> None:
        with listener:
            while self.successor is None:
                channel = Channel(listener.accept()[0])
                if self._hands_over(channel):
                    return
                channel.close()

    def _hands_over(self, channel: Channel) -> bool:
        """Whether it was the last: it is the successor, or waits for the end of this process."""
        try:
            if not self._welcomes(channel):
                return False
            self._hear(channel)
            with self._turn:
                self._channel = channel
                return self._gives_place(channel)
        except (Gone, Silent):
            return False

    def _welcomes(self, channel: Channel) -> bool:
        if not channel.is_ours:
            return False
        about = {"version": __version__, "tls": [each.listener.tls for each in self.listening]}
        if self._hear(channel).get("hello") != PROTOCOL:
            channel.say(about)
            return False
        sockets = [each.socket.fileno() for each in self.listening]
        channel.say({"welcome": PROTOCOL} | about, [self.lock, *sockets])
        return True

    def _gives_place(self, channel: Channel) -> bool:
        try:
            why = self.give_up()
            if not why:
                self.successor = self._yields(channel)
        except (Gone, Silent):
            return not self._continues()
        except Exception as error:  # a connection that just ends means that this process has ended
            log.error("this server cannot be replaced", exc_info=error)
            with suppress(Gone):
                channel.say({"refused": "it could not hand over; its log says why"})
            return not self._continues()
        if why:
            channel.say({"refused": why})
            return False
        self.wake()
        return True

    def _yields(self, channel: Channel) -> Successor:
        channel.say({"yielded": True})
        successor = self._successor(channel, self._hear(channel))
        channel.say({"leaves": True} | ({"items": True} if successor.takes_items else {}))
        return successor

    def _continues(self) -> bool:
        """Open the control plane again, unless this server was told to stop; whether it did."""
        if not self.take_back():
            return False
        log.error("the server that was to replace this one has failed; this one continues")
        return True

    def _successor(self, channel: Channel, message: dict[str, Any]) -> Successor:
        if not channel.descriptors:
            return Successor(channel)
        stream = socket.socket(fileno=channel.descriptors.pop())
        return Successor(channel, stream, self.gives_items and bool(message.get("items")))

    def _hear(self, channel: Channel) -> dict[str, Any]:
        """Return the next message; if there is none in time, refuse the other side."""
        try:
            return channel.hear(BEGIN_SECONDS)
        except Silent:
            channel.say({"refused": f"the new server has sent nothing for {BEGIN_SECONDS:.0f} s"})
            raise
