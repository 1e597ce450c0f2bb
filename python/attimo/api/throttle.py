"""Rate limits: of attempts to guess a password, and of an account's control requests.

After some failures, each source must wait before its next attempt.
Attempts are counted by network and name, and by name alone. A client with IPv6 usually has a whole
/64, and many have several addresses of a /24 or a /48, so these are counted, too. The count by name
is for distributed guessing. Networks from which somebody has signed in by that name are exempt from
it, so that guessing does not lock the owner out; a reset by e-mail exempts another network. Counts
are in memory, within bounds, and lost at a restart.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from attimo.control.plan_limits import CALLS
from attimo.errors import Busy, TooManyAttempts

FREE = 5
"""Attempts without a pause, from one IPv4 address or IPv6 /64."""
FREE_AROUND = 4 * FREE
"""From one IPv4 /24 or IPv6 /48."""
FREE_OF_NAME = 20 * FREE
"""By one name, from networks that are not known for it."""
FIRST_PAUSE = 2
LONGEST_PAUSE = 15 * 60
"""In seconds. Each failure doubles the pause; the count is reset this long after its end."""
MOST_SOURCES = 10_000

MINUTE = 60
PER_MINUTE = 60
"""Attempts per minute of an IPv4 address or a /64; each costs a password hash."""
PER_MINUTE_AROUND = 4 * PER_MINUTE
"""Of a /24 or a /48."""

Source = tuple[str, ...]


@dataclass(slots=True)
class _Tries:
    count: int = 0
    next_at: int = 0


@dataclass(slots=True)
class Throttle:
    """Counts the attempts of sources; `clock` returns the seconds since 1970."""

    clock: Callable[[], int]
    _sources: OrderedDict[Source, _Tries] = field(default_factory=OrderedDict, init=False)
    _familiar: OrderedDict[Source, None] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def attempt(self, what: str, peer: str, name: str = "") -> None:
        """Count an attempt before it is made.

        Args:
            what: The kind of attempt; kinds are counted separately.
            peer: The client's address.
            name: The user's name, if any.

        Raises:
            TooManyAttempts: It comes too soon after others; the error says when to retry.
        """
        now = self.clock()
        near, around = networks(peer)
        free: dict[Source, int] = {
            (what, "near", near, name): FREE,
            (what, "around", around, name): FREE_AROUND,
        }
        with self._lock:
            if name and (around, name) not in self._familiar:
                free[what, "name", name] = FREE_OF_NAME
            tries = [(self._of(source), each) for source, each in free.items()]
            wait = max(each.next_at - now for each, _ in tries)
            if wait > 0:
                raise TooManyAttempts(wait)
            for each, count in tries:
                _count(each, count, now)

    def attempt_at_all(self, what: str, peer: str) -> None:
        """Count an attempt from an address, by any name.

        Raises:
            TooManyAttempts: The limit of its network per minute is reached.
        """
        near, around = networks(peer)
        most = {(what, near): PER_MINUTE, (what, "around", around): PER_MINUTE_AROUND}
        for source, each in most.items():
            if wait := self._wait(source, each, MINUTE):
                raise TooManyAttempts(wait)

    def call(self, account_id: int, limits: Mapping[str, int]) -> None:
        """Count a control request of an account.

        Args:
            account_id: The account.
            limits: Those of its plan.

        Raises:
            Busy: It had as many in this second as its plan allows.
        """
        most = limits.get(CALLS)
        if most is not None and self._wait(("call", str(account_id)), most, seconds=1):
            raise Busy(
                f"Limit exceeded: the account's plan allows {most} control operations per "
                f"second ({CALLS}: {most})"
            )

    def succeeded(self, what: str, peer: str, name: str = "") -> None:
        """Reset the attempts of a source after a success, and remember it."""
        near, around = networks(peer)
        with self._lock:
            self._sources.pop((what, "near", near, name), None)
            self._sources.pop((what, "around", around, name), None)
        if name:
            self.know(peer, name)

    def know(self, peer: str, name: str) -> None:
        """Remember that the owner of a name uses this network."""
        _, around = networks(peer)
        with self._lock:
            self._familiar[around, name] = None
            self._familiar.move_to_end((around, name))
            if len(self._familiar) > MOST_SOURCES:
                self._familiar.popitem(last=False)

    def _wait(self, source: Source, most: int, seconds: int) -> int:
        """Count one of a source within a span of time; return how long it must wait, or 0."""
        now = self.clock()
        with self._lock:
            tries = self._of(source)
            # A clock that was set back must not make anybody wait for longer than the span.
            if not 0 < tries.next_at - now <= seconds:
                tries.count, tries.next_at = 0, now + seconds
            tries.count += 1
            return tries.next_at - now if tries.count > most else 0

    def _of(self, source: Source) -> _Tries:
        """Return the attempts of a source; the least recently used one is evicted for a new one."""
        tries = self._sources.setdefault(source, _Tries())
        self._sources.move_to_end(source)
        if len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)
        return tries


def networks(peer: str) -> tuple[str, str]:
    """Return the network that one client usually has, and the larger one that it may have.

    IPv4-mapped IPv6 addresses count as IPv4 (RFC 4291 §2.5.5.2).
    """
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return peer, peer
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return _network(int(address), 128, 64), _network(int(address), 128, 48)
        address = address.ipv4_mapped
    return _network(int(address), 32, 32), _network(int(address), 32, 24)


def _network(address: int, bits: int, prefix: int) -> str:
    return f"{address >> (bits - prefix):x}/{prefix}"


def _count(tries: _Tries, free: int, now: int) -> None:
    if now >= tries.next_at + LONGEST_PAUSE:
        tries.count = 0
    tries.count += 1
    tries.next_at = now + _pause(tries.count - free)


def _pause(beyond: int) -> int:
    """Return the pause after so many attempts beyond the free ones; the last free one has 0."""
    if beyond < 0:
        return 0
    return min(int(FIRST_PAUSE * 2 ** min(beyond, 20)), LONGEST_PAUSE)
