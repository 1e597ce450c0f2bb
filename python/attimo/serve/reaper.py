"""Deletes caches that end by themselves, when they end.

Nobody can use such a cache from its last second on, whether this is late or not; what this does is
give back its memory and write down its end. One thread sleeps until the next end, and is woken
when a cache is made that ends before it.
"""

import logging
import threading
from dataclasses import dataclass, field

from attimo.control import Control, caches
from attimo.control.directory import Changes
from attimo.errors import AttimoError

LONGEST_SLEEP = 60.0
"""In seconds: so that it notices a clock that is set, and tries again after a failure."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reaper:
    """Ends caches of a control plane, in a thread of its own."""

    control: Control
    _ending: bool = field(default=False, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin, with the caches that ended while no server ran."""
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; what is due stays so until the next start."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def on_changes(self, changes: Changes) -> None:
        """Hear of what was changed: a cache may end earlier than any did before."""
        if any(cache.expires_at is not None for cache in changes.caches):
            self._woken.set()

    def reap(self) -> float:
        """End what is due; return how many seconds to sleep."""
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
        except Exception as error:  # nobody can use the caches, so this can wait
            trace = None if isinstance(error, AttimoError) else error
            log.error("caches that ended cannot be deleted yet: %s", error, exc_info=trace)
            return LONGEST_SLEEP
