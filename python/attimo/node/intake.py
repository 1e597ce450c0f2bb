"""Takes the messages of topics with webhooks from the node, and has them stored.

A batch is kept until it is stored, and no other is taken before. Meanwhile messages wait in the
node, in bounded memory; it drops what is too much, and says so with the next batch.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from attimo.control.webhook_queue import Batch
from attimo.errors import AttimoError

PATIENCE_SECONDS = 0.5
"""How long it waits in the node, which is how long stopping takes."""
GATHER_SECONDS = 0.01
"""The pause after a batch, so that the next one has more in it and others write, too."""
AGAIN_SECONDS = 1.0
LAST_TRIES = 3
FINISH_SECONDS = 1.0
"""How long the last messages are stored while others come."""
QUIET_SECONDS = 60.0
"""Between two warnings of dropped messages."""

log = logging.getLogger(__name__)
Taken = TypeVar("Taken", bound=Batch)


@dataclass(slots=True)
class Intake:
    """Stores messages, in a thread of its own.

    Attributes:
        take: Returns the next batch, or None if there is none after so many seconds.
        record: Stores a batch once, however often it is passed; raises an error if it could not.
        on_recorded: Called after a batch is stored.
    """

    take: Callable[[float], Batch | None]
    record: Callable[[Batch], object]
    on_recorded: Callable[[], None] = lambda: None
    _waiting: Batch | None = field(default=None, init=False)
    _has_failed: bool = field(default=False, init=False)
    _dropped: int = field(default=0, init=False)
    _quiet_until: float = field(default=0.0, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start; does nothing if it runs."""
        if self._thread is None:
            self._ending.clear()
            self._thread = threading.Thread(target=self._run, name="webhook-intake", daemon=True)
            self._thread.start()

    def pause(self) -> None:
        """Stop until the next start; what is not stored stays here and in the node."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def finish(self) -> bool:
        """Store what there is; return whether it is stored.

        While topics are published to faster than that, the rest stays in the node.
        """
        until = time.monotonic() + FINISH_SECONDS
        for _ in range(LAST_TRIES):
            while self.collect(0):
                if time.monotonic() >= until:
                    return True
            if self._waiting is None:
                return True
        log.error("the last messages for webhooks could not be stored and are lost")
        return False

    def collect(self, patience_seconds: float) -> bool:
        """Store a batch; return whether there was one and it is stored."""
        if self._waiting is None:
            self._waiting = self.take(patience_seconds)
        if self._waiting is None:
            return False
        try:
            self.record(self._waiting)
        except Exception as error:  # a bug must not stop it, either
            self._fail(error)
            return False
        self._report(self._waiting)
        self._waiting, self._has_failed = None, False
        self.on_recorded()
        return True

    def _run(self) -> None:
        while not self._ending.is_set():
            is_stored = self.collect(PATIENCE_SECONDS)
            if is_stored:
                self._ending.wait(GATHER_SECONDS)
            elif self._waiting is not None:
                self._ending.wait(AGAIN_SECONDS)

    def _report(self, batch: Batch) -> None:
        self._dropped += sum(messages for *_, messages in batch.dropped)
        if self._dropped and time.monotonic() >= self._quiet_until:
            log.warning("%d messages for webhooks were dropped: they came too fast", self._dropped)
            self._dropped, self._quiet_until = 0, time.monotonic() + QUIET_SECONDS

    def _fail(self, error: Exception) -> None:
        if not self._has_failed:
            trace = None if isinstance(error, AttimoError) else error
            log.error("messages for webhooks cannot be stored yet: %s", error, exc_info=trace)
        self._has_failed = True
