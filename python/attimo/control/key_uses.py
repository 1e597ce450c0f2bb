"""Which keys were used for control requests and not yet written down.

A request that only reads writes nothing, so the moment is kept here until the next collection of
usage, which writes it beside that of the data requests.
"""

import threading
from dataclasses import dataclass, field


@dataclass(slots=True)
class KeyUses:
    """The last use of each key, in seconds since 1970; safe to use from several threads."""

    _last: dict[str, int] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def note(self, key_id: str, now: int) -> None:
        """Note that a key is used now."""
        with self._lock:
            self._last[key_id] = now

    def last(self, key_id: str) -> int | None:
        """When a key was used, if that is not written down yet."""
        with self._lock:
            return self._last.get(key_id)

    def all(self) -> dict[str, int]:
        """Everything that is not written down yet."""
        with self._lock:
            return dict(self._last)

    def written(self, uses: dict[str, int]) -> None:
        """Forget what is written down, unless the key was used again since."""
        with self._lock:
            for key_id, at in uses.items():
                if self._last.get(key_id) == at:
                    del self._last[key_id]
