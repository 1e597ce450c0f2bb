"""The last use of keys for control requests, until it is in the database.

Requests that only read do not write, so the time is kept here until the next collection of usage,
which writes it with that of data requests.
"""

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class KeyUses:
    """The last use of each key, in seconds since 1970; safe to use from several threads."""

    _last: dict[str, int] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def note(self, key_id: str, now: int) -> None:
        """Record that a key is used now."""
        with self._lock:
            self._last[key_id] = now

    def last(self, key_id: str) -> int | None:
        """When a key was used, if that is not in the database yet."""
        with self._lock:
            return self._last.get(key_id)

    def all(self) -> dict[str, int]:
        """Everything that is not in the database yet."""
        with self._lock:
            return dict(self._last)

    def written(self, uses: dict[str, int]) -> None:
        """Drop what is in the database now, unless the key was used again since."""
        with self._lock:
            for key_id, at in uses.items():
                if self._last.get(key_id) == at:
                    del self._last[key_id]
