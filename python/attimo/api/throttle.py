"""Slows down whoever guesses: after some failures, each source must wait before its next try.

A source is an address together with a name, so that nobody can lock out the owner of a name from
elsewhere. All is kept in memory, within bounds, and forgotten at a restart.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from attimo.errors import TooManyAttempts

FREE = 5
"""How many tries need no pause."""
FIRST_PAUSE = 2
LONGEST_PAUSE = 15 * 60
"""In seconds; each failure doubles the pause up to the longest, after which all is forgiven."""
MOST_SOURCES = 10_000


PER_MINUTE = 60
"""How many tries an address has in a minute, whatever the names: each costs a password hash."""


@dataclass(slots=True)
class _Tries:
    count: int = 0
    next_at: int = 0


@dataclass(slots=True)
class Throttle:
    """Counts the tries of sources; `clock` tells the seconds since 1970."""

    clock: Callable[[], int]
    _sources: OrderedDict[tuple[str, ...], _Tries] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def attempt(self, *source: str) -> None:
        """Count a try before it is made.

        Raises:
            TooManyAttempts: It comes too soon after others; says when to come again.
        """
        now = self.clock()
        with self._lock:
            tries = self._of(source)
            if now >= tries.next_at + LONGEST_PAUSE:
                tries.count = 0
            if now < tries.next_at:
                raise TooManyAttempts(tries.next_at - now)
            tries.count += 1
            tries.next_at = now + _pause(tries.count)

    def attempt_at_all(self, *source: str) -> None:
        """Count a try of an address, whatever it tries.

        Raises:
            TooManyAttempts: It has made as many as it may in this minute.
        """
        now = self.clock()
        with self._lock:
            tries = self._of(source)
            if now >= tries.next_at:
                tries.count, tries.next_at = 0, now + 60
            tries.count += 1
            if tries.count > PER_MINUTE:
                raise TooManyAttempts(tries.next_at - now)

    def succeeded(self, *source: str) -> None:
        """Forget the tries of a source that has shown that it may."""
        with self._lock:
            self._sources.pop(source, None)

    def _of(self, source: tuple[str, ...]) -> _Tries:
        """The tries of a source; the one that was heard of least recently is forgotten for it."""
        tries = self._sources.setdefault(source, _Tries())
        self._sources.move_to_end(source)
        if len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)
        return tries


def _pause(count: int) -> int:
    if count < FREE:
        return 0
    return min(int(FIRST_PAUSE * 2 ** min(count - FREE, 20)), LONGEST_PAUSE)
