"""Tells the node once a minute how near accounts are to the limits of their plans, for metrics."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from attimo.control import Control, limit_use
from attimo.control.limit_use import LimitUse, Stored

EVERY_SECONDS = 60.0


@dataclass(slots=True)
class LimitWatch:
    """Measures how much accounts use of their limits, whenever it is due.

    Attributes:
        control: The control plane.
        stored: Returns how many bytes the items of a cache take, by its ID.
        tell: Is told what is used, by the name of the limit.
        time: Seconds that no change of the clock changes.
    """

    control: Control
    stored: Stored
    tell: Callable[[Mapping[str, LimitUse]], None]
    time: Callable[[], float] = time.monotonic
    _next_at: float = field(default=0.0, init=False)

    def look(self) -> None:
        """Measure, if a minute is over since the last time."""
        if self.time() < self._next_at:
            return
        self._next_at = self.time() + EVERY_SECONDS
        with self.control.read() as tx:
            found = limit_use.measure(tx, self.stored)
        self.tell(found)
