"""Deletes expired caches.

No request finds an expired cache, even if this is late; it frees the memory and records the
expiry. A thread sleeps until the next cache expires, and is woken when one is created that expires
earlier.
"""

import logging
import threading
from dataclasses import dataclass, field

from attimo.control import Control, caches
from attimo.control.directory import Changes
from attimo.errors import AttimoError

LONGEST_SLEEP = 60.0
"""In seconds: so that it notices a changed clock, and retries after a failure."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reaper:
    """Deletes the expired caches of a control plane, in a thread of its own."""

    control: Control
    _ending: bool = field(default=False, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start, with the caches that expired while no server ran."""
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; the rest is deleted after the next start."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def on_changes(self, changes: Changes) -> None:
        """Wake the thread if a changed cache may expire earlier than the next one."""
        if any(cache.expires_at is not None for cache in changes.caches):
            self._woken.set()

    def reap(self) -> float:
        """Delete expired caches; return how many seconds to sleep."""
        with self.control.read() as tx:
            now, end = tx.now, caches.next_end(tx)
        if end is None:
            return LONGEST_SLEEP
        if end > now:
            return min(end - now, LONGEST_SLEEP)
        with self.control.begin() as tx:
            caches.end_due(tx)
        return 0

    def _run(self) -> None:
        pause = 0.0
        while not self._ending:
            self._woken.wait(pause)
            self._woken.clear()
            if not self._ending:
                pause = self._tried()

    def _tried(self) -> float:
        try:
            return self.reap()
        except Exception as error:  # no request finds the caches, so this can wait
            trace = None if isinstance(error, AttimoError) else error
            log.error("expired caches cannot be deleted yet: %s", error, exc_info=trace)
            return LONGEST_SLEEP
