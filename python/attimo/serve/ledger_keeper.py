"""Keeps the ledger small: deletes what is not kept for ever, a few rows in each transaction.

It also closes months.

It trusts no clock that has just jumped: by one that is a year ahead, all minutes would be old. What
it deletes must be old by a clock that has been right for a day (`retention`), and after a jump this
day is measured.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from attimo.control import Control, closing, retention
from attimo.errors import AttimoError
from attimo.node.kept import Kept

MOST_ROWS = 1_000
"""What one transaction deletes, while no other can write."""

PAUSE = 0.1
"""In seconds, between two transactions: others that want to write come first."""

LONGEST_SLEEP = 60.0
"""In seconds: so that it notices a changed clock."""

STEADY_SECONDS = 600.0
"""How long a clock has gone like time itself before it is trusted."""

MOST_DRIFT = 5.0
"""By how many seconds a clock can be corrected in that time without having jumped."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class LedgerKeeper:
    """Keeps the ledger of a control plane small, in a thread of its own.

    Attributes:
        control: The control plane.
        kept: Usage that waits for the next start.
        minutes_seconds: How long minutes are kept.
        hours_seconds: How long hours are kept.
        time: Seconds that no change of the clock changes.
    """

    control: Control
    kept: Kept
    minutes_seconds: int
    hours_seconds: int
    time: Callable[[], float] = time.monotonic
    _ahead: float | None = field(default=None, init=False)
    _steady_since: float = field(default=0.0, init=False)
    _has_jumped: bool = field(default=False, init=False)
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start; nothing is deleted before the clock is trusted."""
        self._thread = threading.Thread(target=self._run, name="ledger-keeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; the rest is deleted after the next start."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> float:
        """Delete some of what is not kept; return how many seconds to wait."""
        deleted = self._forget_batches()
        steady = self._steady_seconds()
        if steady >= STEADY_SECONDS:
            self._close()
        if steady >= (retention.WAIT_SECONDS if self._has_jumped else STEADY_SECONDS):
            deleted += self._prune()
        return PAUSE if deleted else LONGEST_SLEEP

    def _close(self) -> None:
        with self.control.read() as tx:
            if not closing.is_due(tx):
                return
        with self.control.begin() as tx:
            closing.close(tx)

    def _prune(self) -> int:
        with self.control.read() as tx:
            if not retention.is_due(tx, self.minutes_seconds, self.hours_seconds):
                return 0
        with self.control.begin() as tx:
            retention.keep(tx, self.minutes_seconds, self.hours_seconds)
            return retention.prune(tx, MOST_ROWS)

    def _forget_batches(self) -> int:
        with self.control.read() as tx:
            if retention.followed_batches(tx, MOST_ROWS) < MOST_ROWS or not self.kept.is_empty():
                return 0
        with self.control.begin() as tx:
            return retention.forget_batches(tx, MOST_ROWS)

    def _steady_seconds(self) -> float:
        """How long the clock has not jumped, since the start at most."""
        now = self.time()
        ahead = self.control.clock() - now
        if self._ahead is None or abs(ahead - self._ahead) > MOST_DRIFT:
            self._has_jumped = self._ahead is not None
            self._steady_since = now
        self._ahead = ahead
        return now - self._steady_since

    def _run(self) -> None:
        pause = 0.0
        while not self._ending.wait(pause):
            pause = self._looked()

    def _looked(self) -> float:
        try:
            return self.look()
        except Exception as error:  # nothing is wrong with a ledger that is larger
            trace = None if isinstance(error, AttimoError) else error
            log.error("the ledger cannot be made smaller yet: %s", error, exc_info=trace)
            return LONGEST_SLEEP
