"""How requests of caches ended, until it is in the database.

Batches come every few seconds. They are added up here by the minute, and a minute is written once,
when it is over, in portions (`outcome_rows`). Latency is no bill: what is here is lost with the
process if it is killed, at most the last minute.

A portion has a number, which is written in the same transaction. So whoever reads the database
knows which portions it lacks, and adds them from here: nothing is told twice or left out while a
portion is written.
"""

import logging
import secrets
import threading
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from attimo.control import outcomes
from attimo.control.durations import Histogram
from attimo.control.outcomes import ByMethod, Outcomes

METHODS = 1_000
"""How many methods of caches a portion has at most, but for those of its last cache.

One transaction writes it while no other can.
"""

MOST = 20_000
"""The most methods of caches and minutes that wait: 0.7 to 3 KB each, so 60 MB at most."""

_MINUTE = 60

log = logging.getLogger(__name__)


class Used(Protocol):
    """How the requests of a key to a cache by one method ended; see `attimo.control.usage.Used`."""

    @property
    def cache_id(self) -> int: ...  # noqa: D102
    @property
    def api(self) -> str: ...  # noqa: D102
    @property
    def durations(self) -> Histogram: ...  # noqa: D102
    @property
    def failures(self) -> Mapping[str, int]: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Portion:
    """What one transaction writes.

    Attributes:
        writer: Who counts these numbers.
        number: 1, 2, 3, …, in the order in which they are written.
        at: The first second of the minute, since 1970.
        caches: The outcomes, by the cache's id, in their order.
        methods: How many methods of caches that is.
    """

    writer: str
    number: int
    at: int
    caches: Mapping[int, ByMethod]
    methods: int


@dataclass(slots=True)
class Unwritten:
    """The outcomes that are not in the database yet; safe to use from several threads.

    Attributes:
        most: The most methods of caches and minutes that wait. From half of that on, minutes
            are written before they are over; what is more is left out.
        writer: Tells these portions from those of others who write the same database.
    """

    most: int = MOST
    writer: str = field(default_factory=lambda: secrets.token_hex(8), init=False)
    _open: dict[int, dict[int, ByMethod]] = field(default_factory=dict, init=False, repr=False)
    _portions: deque[Portion] = field(default_factory=deque, init=False, repr=False)
    _made: int = field(default=0, init=False)
    _written: int = field(default=0, init=False)
    _waiting: int = field(default=0, init=False)
    _left_out: int = field(default=0, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    def add(self, batch: Iterable[Used], at: int) -> None:
        """Add a batch to its minute; requests to no known cache are left out."""
        with self._lock:
            minute = self._open.setdefault(at - at % _MINUTE, {})
            for used in batch:
                # Made anew whenever they are asked for.
                histogram, failures = used.durations, used.failures
                if used.cache_id and (histogram or failures):
                    self._add(minute, used, histogram, failures)

    def close_minutes(self, before: int | None) -> list[Portion]:
        """Return what is to be written, in the order in which it must be.

        Args:
            before: Minutes before this moment are over; None closes all.
        """
        with self._lock:
            self._forget()
            is_crowded = 2 * self._waiting >= self.most
            for at in sorted(self._open):
                if before is None or at < before or is_crowded:
                    self._portions.extend(self._portions_of(at, self._open.pop(at)))
            return [each for each in self._portions if each.number > self._written]

    def written(self, portion: Portion) -> None:
        """Note that a portion is in the database.

        Who has begun to read the database before still finds it here, until minutes are closed the
        next time.
        """
        with self._lock:
            self._written = portion.number
            self._waiting -= portion.methods

    def found(
        self, after: int, cache_ids: Collection[int], since: int, until: int
    ) -> list[tuple[int, int, ByMethod]]:
        """Return the first second of a minute, the cache and the outcomes, without an order.

        Args:
            after: The number of the last portion that the reader finds in the database.
        """
        with self._lock:
            minutes = [(each.at, each.caches) for each in self._portions if each.number > after]
            return [
                (at, id, outcomes.copy(caches[id]))
                for at, caches in [*minutes, *self._open.items()]
                if since <= at < until
                for id in cache_ids
                if id in caches
            ]

    def _add(
        self,
        minute: dict[int, ByMethod],
        used: Used,
        histogram: Histogram,
        failures: Mapping[str, int],
    ) -> None:
        methods = minute.setdefault(used.cache_id, {})
        sums = methods.get(used.api)
        if sums is None:
            if self._waiting >= self.most:
                self._left_out += 1
                return
            self._waiting += 1
            sums = methods[used.api] = Outcomes()
        sums.add(histogram, failures)

    def _portions_of(self, at: int, minute: Mapping[int, ByMethod]) -> Iterator[Portion]:
        # In the order of the table, which takes less time.
        ids = deque(sorted(id for id, methods in minute.items() if methods))
        while ids:
            caches = dict[int, ByMethod]()
            methods = 0
            while ids and methods < METHODS:
                id = ids.popleft()
                caches[id] = minute[id]
                methods += len(minute[id])
            self._made += 1
            yield Portion(self.writer, self._made, at, caches, methods)

    def _forget(self) -> None:
        while self._portions and self._portions[0].number <= self._written:
            self._portions.popleft()
        if self._left_out:
            log.warning("%d counts of latency were left out: too many caches", self._left_out)
            self._left_out = 0
