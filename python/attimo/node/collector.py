"""Collects usage: takes batches from the node every few seconds and records them in the ledger.

A batch is kept until it is recorded, and no other is taken before. Meanwhile the node keeps
counting, in constant memory. So a full disk neither loses nor duplicates usage.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from attimo.control import usage
from attimo.control.plane import utc_now
from attimo.errors import AttimoError
from attimo.node.batches import Batch, taken

LONGEST_BACKOFF = 8  # times the interval

log = logging.getLogger(__name__)


class KeptUsage(Protocol):
    """Batches that wait for the next start of the server."""

    def read(self) -> list[Batch]:
        """All of them."""

    def add(self, batch: Batch) -> bool:
        """Store one more; False if that is not possible."""

    def clear(self) -> None:
        """Forget them."""


@dataclass(slots=True)
class Collector:
    """Records the usage of a node in a ledger, in a thread of its own.

    Attributes:
        take: Returns the next batch, or None.
        record: Records a batch once, however often it is passed; raises an error if it could not.
        every_seconds: The interval.
        on_recorded: Called after each attempt with whether the batch is in the ledger now.
        on_turn: Called when there is nothing to record, and after each batch that is in the ledger.
            What it raises is logged, and changes nothing here.
        kept: Stores usage that could not be recorded before the server stopped, for its next start.
        clock: The seconds since 1970 (UTC).
    """

    take: Callable[[], usage.Batch | None]
    record: Callable[[Batch], object]
    every_seconds: float
    on_recorded: Callable[[bool], None] = lambda _: None
    on_turn: Callable[[], None] = lambda: None
    kept: KeptUsage | None = None
    clock: Callable[[], int] = utc_now
    _earlier: deque[Batch] = field(default_factory=deque, init=False)
    _is_earlier: bool = field(default=False, init=False)
    _waiting: Batch | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _has_failed_turn: bool = field(default=False, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    @property
    def failures(self) -> int:
        """How often in a row a batch could not be recorded."""
        return self._failures

    def start(self) -> None:
        """Start to collect, beginning with stored batches."""
        self._ending.clear()
        if self.kept is not None:
            self._earlier.extend(self.kept.read())
        self._thread = threading.Thread(target=self._run, name="collector", daemon=True)
        self._thread.start()

    def pause(self) -> bool:
        """Collect a last time and stop until the next start; return whether all is recorded."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        while self.collect():
            pass
        return self._waiting is None

    def stop(self) -> None:
        """Collect a last time, after the node has stopped, and stop."""
        if not self.pause():
            self._keep_rest()

    def collect(self) -> bool:
        """Record a batch; return whether there was one and it is in the ledger now."""
        if self._waiting is None:
            self._is_earlier = bool(self._earlier)
            self._waiting = self._earlier.popleft() if self._earlier else self._take()
        if self._waiting is None:
            self._turn()
            return False
        try:
            self.record(self._waiting)
        except Exception as error:  # a bug must not stop the metering, either
            self._fail(error)
            self.on_recorded(False)
            return False
        self._waiting = None
        if self._is_earlier and not self._earlier and self.kept is not None:
            self.kept.clear()
        self.on_recorded(True)
        self._recover()
        self._turn()
        return True

    def _run(self) -> None:
        while not self._ending.wait(self.pause_seconds):
            try:
                self.collect()
            except Exception as error:  # nothing else would record usage until a restart
                self._fail(error)

    @property
    def pause_seconds(self) -> float:
        """The time until the next attempt: longer after each failure in a row."""
        return float(self.every_seconds * min(2**self._failures, LONGEST_BACKOFF))

    def _take(self) -> Batch | None:
        batch = self.take()
        return None if batch is None else taken(batch, self.clock())

    def _keep_rest(self) -> None:
        """Store the node's remaining usage; stored batches are still stored."""
        rest = [] if self._is_earlier or self._waiting is None else [self._waiting]
        while (batch := self._take()) is not None:
            rest.append(batch)
        kept = self.kept
        if kept is not None and all(kept.add(batch) for batch in rest):
            log.warning("the last usage could not be recorded; it is kept for the next start")
        else:
            log.error("the last usage could not be recorded and is lost")

    def _turn(self) -> None:
        try:
            self.on_turn()
        except Exception as error:  # a batch that is recorded stays so, and metering goes on
            if not self._has_failed_turn:
                self._has_failed_turn = True
                log.error(
                    "what follows usage failed; it is tried again: %s", error, exc_info=_bug(error)
                )
        else:
            self._has_failed_turn = False

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            log.error(
                "usage cannot be recorded; it is kept and tried again: %s",
                error,
                exc_info=_bug(error),
            )

    def _recover(self) -> None:
        if self._failures:
            log.warning("usage is recorded again, after %d failures", self._failures)
            self._failures = 0


def _bug(error: Exception) -> Exception | None:
    """The error, if its trace tells developers something."""
    return None if isinstance(error, AttimoError) else error
