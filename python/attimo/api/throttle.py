"""Slows down who guesses: after some failures, each source must wait before its next try.

Tries are counted by network and name, and by name alone. Whoever holds one address of IPv6 has a
whole /64 of them, and many have several addresses of a /24 or a /48, so these count as one, too.
The count by name alone is for guesses that come from everywhere. Networks from which somebody has
signed in by that name are exempt, so that guesses do not lock the owner out; a reset by e-mail
exempts another network. All is kept in memory, within bounds, and forgotten at a restart.
"""

import ipaddress
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from attimo.errors import TooManyAttempts

FREE = 5
"""How many tries need no pause, from one address of IPv4 or one /64 of IPv6."""
FREE_AROUND = 4 * FREE
"""How many from one /24 of IPv4 or one /48 of IPv6."""
FREE_OF_NAME = 20 * FREE
"""How many by one name, from networks that it is not known from."""
FIRST_PAUSE = 2
LONGEST_PAUSE = 15 * 60
"""In seconds; each failure doubles the pause up to the longest, after which all is forgiven."""
MOST_SOURCES = 10_000

PER_MINUTE = 60
"""How many tries an address of IPv4, or a /64, has in a minute: each costs a password hash."""
PER_MINUTE_AROUND = 4 * PER_MINUTE
"""How many a /24 or a /48 has."""

Source = tuple[str, ...]


@dataclass(slots=True)
class _Tries:
    count: int = 0
    next_at: int = 0


@dataclass(slots=True)
class Throttle:
    """Counts the tries of sources; `clock` tells the seconds since 1970."""

    clock: Callable[[], int]
    _sources: OrderedDict[Source, _Tries] = field(default_factory=OrderedDict, init=False)
    _familiar: OrderedDict[Source, None] = field(default_factory=OrderedDict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def attempt(self, what: str, peer: str, name: str = "") -> None:
        """Count a try before it is made.

        Args:
            what: What is tried; each kind is counted for itself.
            peer: The address from which it comes.
            name: By whose name, if any.

        Raises:
            TooManyAttempts: It comes too soon after others; says when to come again.
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
        """Count a try of an address, by whatever name.

        Raises:
            TooManyAttempts: Its network has made as many as it may in this minute.
        """
        now = self.clock()
        near, around = networks(peer)
        most = {(what, near): PER_MINUTE, (what, "around", around): PER_MINUTE_AROUND}
        with self._lock:
            for source, each in most.items():
                tries = self._of(source)
                if now >= tries.next_at:
                    tries.count, tries.next_at = 0, now + 60
                tries.count += 1
                if tries.count > each:
                    raise TooManyAttempts(tries.next_at - now)

    def succeeded(self, what: str, peer: str, name: str = "") -> None:
        """Forget the tries of a source that has shown that it may, and know it from now on."""
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

    def _of(self, source: Source) -> _Tries:
        """The tries of a source; the one that was heard of least recently is forgotten for it."""
        tries = self._sources.setdefault(source, _Tries())
        self._sources.move_to_end(source)
        if len(self._sources) > MOST_SOURCES:
            self._sources.popitem(last=False)
        return tries


def networks(peer: str) -> tuple[str, str]:
    """The network of an address that one party has for itself, and a larger one that it may have.

    An address of IPv4 that is written as one of IPv6 is the former (RFC 4291 §2.5.5.2).
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
    """For the last free try, the first pause: it comes before the next one."""
    if beyond < 0:
        return 0
    return min(int(FIRST_PAUSE * 2 ** min(beyond, 20)), LONGEST_PAUSE)
