"""Parts of pages that many look at: made once in a while for all who may see the same."""

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock

MOST_KEPT = 256
"""How many parts are kept of a period; more of them are made for each who asks."""


@dataclass(slots=True)
class _Part:
    text: str | None = None
    lock: Lock = field(default_factory=Lock)


class Shared:
    """Texts by what they depend on, for a period: a number that grows with time."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._period = 0
        self._parts: dict[Hashable, _Part] = {}

    def get(self, key: Hashable, period: int, make: Callable[[], str]) -> str:
        """Return the text of a key in a period; who asks first makes it, and others wait for it.

        Args:
            key: All that the text depends on apart from time: also what a viewer may see.

        Raises:
            Exception: That of `make`, which the next one who asks tries again.
        """
        part = self._part(key, period)
        with part.lock:
            if part.text is None:
                part.text = make()
            return part.text

    def _part(self, key: Hashable, period: int) -> _Part:
        with self._lock:
            if period != self._period:
                self._period = period
                self._parts.clear()
            if key not in self._parts and len(self._parts) >= MOST_KEPT:
                return _Part()
            return self._parts.setdefault(key, _Part())
