"""Every few seconds: take what the node counted, and write it into the ledger.

A batch is kept until it is recorded, and no other is taken before: what is counted meanwhile adds
up in the node, where it needs no more room. So a full disk loses nothing and repeats nothing.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from attimo.control.usage import Batch
from attimo.errors import AttimoError

LONGEST_BACKOFF = 8  # times the interval

log = logging.getLogger(__name__)


class KeptUsage(Protocol):
    """Batches that wait for a better time, over the end of a server."""

    def read(self) -> list[Batch]:
        """All of them."""

    def add(self, batch: Batch) -> bool:
        """Keep one more; False if that is not possible."""

    def clear(self) -> None:
        """Forget them."""


@dataclass(slots=True)
class Collector:
    """Carries usage from a node to a ledger, in a thread of its own.

    Attributes:
        take: Hands over the next batch, or None.
        record: Writes a batch once, however often it is given; raises if it could not.
        every_seconds: How often.
        on_recorded: Called after each attempt with whether the batch is in the ledger now.
        on_idle: Called when there is nothing to record.
        kept: Where usage is that could not be recorded at the end of an earlier server, and where
            that of this one is put if need be.
    """

    take: Callable[[], Batch | None]
    record: Callable[[Batch], object]
    every_seconds: float
    on_recorded: Callable[[bool], None] = lambda _: None
    on_idle: Callable[[], None] = lambda: None
    kept: KeptUsage | None = None
    _earlier: deque[Batch] = field(default_factory=deque, init=False)
    _is_earlier: bool = field(default=False, init=False)
    _waiting: Batch | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to collect, with what an earlier server has kept."""
        self._ending.clear()
        if self.kept is not None:
            self._earlier.extend(self.kept.read())
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._thread.start()

    def pause(self) -> bool:
        """Collect a last time and end, until the next start; whether all is recorded."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        while self.collect():
            pass
        return self._waiting is None

    def stop(self) -> None:
        """Collect a last time, after the node has stopped, and end."""
        if not self.pause():
            self._keep_rest()

    def collect(self) -> bool:
        """Record one batch; whether there was one and it is in the ledger now."""
        if self._waiting is None:
            self._is_earlier = bool(self._earlier)
            self._waiting = self._earlier.popleft() if self._earlier else self.take()
        if self._waiting is None:
            self.on_idle()
            return False
        try:
            self.record(self._waiting)
        except Exception as error:  # a bug here must not end the metering, either
            self._fail(error)
            self.on_recorded(False)
            return False
        self._waiting = None
        if self._is_earlier and not self._earlier and self.kept is not None:
            self.kept.clear()
        self.on_recorded(True)
        self._recover()
        return True

    def _run(self) -> None:
        while not self._ending.wait(self.pause_seconds):
            self.collect()

    @property
    def pause_seconds(self) -> float:
        """How long to wait before the next try: longer after each failure in a row."""
        return float(self.every_seconds * min(2**self._failures, LONGEST_BACKOFF))

    def _keep_rest(self) -> None:
        """Keep what the node has still; what an earlier server has kept is kept already."""
        rest = [] if self._is_earlier or self._waiting is None else [self._waiting]
        while (batch := self.take()) is not None:
            rest.append(batch)
        kept = self.kept
        if kept is not None and all(kept.add(batch) for batch in rest):
            log.warning("the last usage could not be recorded; it is kept for the next start")
        else:
            log.error("the last usage could not be recorded and is lost")

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            trace = None if isinstance(error, AttimoError) else error
            log.error(
                "usage cannot be recorded; it is kept and tried again: %s", error, exc_info=trace
            )

    def _recover(self) -> None:
        if self._failures:
            log.warning("usage is recorded again, after %d failures", self._failures)
            self._failures = 0
