"""Threads for requests that may take long, so that these delay no others.

Unauthenticated ones may hash passwords. There are as many threads for them as hashes at once: a
hash uses one processor and much memory. A few more are for requests that wait for other servers.
"""

from collections.abc import Awaitable, Callable
from functools import partial, wraps
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar

from attimo.control import passwords
from attimo.errors import Busy
from attimo.settings import host

MOST_WAITING = 64
"""The most requests that wait for a thread; others are refused immediately."""

P = ParamSpec("P")
T = TypeVar("T")

ASKING = 2
"""How many requests ask other servers at once."""
MOST_ASKING = 8
"""The most that wait to do so."""

_hashing: RunVar[CapacityLimiter] = RunVar("attimo_hashing")
_asking: RunVar[CapacityLimiter] = RunVar("attimo_asking")


def apart(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run a function in the threads for unauthenticated requests.

    Raises:
        Busy: Too many requests wait already; nothing was done.
    """
    at_once = partial(_at_once, _hashing, lambda: passwords.at_once(host.memory_bytes()))
    return _run_in(at_once, MOST_WAITING, work)


def asking_others(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run a function in the threads for requests that wait for other servers.

    Raises:
        Busy: Too many requests wait already; nothing was done.
    """
    return _run_in(partial(_at_once, _asking, lambda: ASKING), MOST_ASKING, work)


def _run_in(
    at_once: Callable[[], CapacityLimiter], most_waiting: int, work: Callable[P, T]
) -> Callable[P, Awaitable[T]]:
    @wraps(work)
    async def do(*args: P.args, **kwargs: P.kwargs) -> T:
        limiter = at_once()
        if limiter.statistics().tasks_waiting >= most_waiting:
            raise Busy
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)

    return do


def _at_once(of_loop: RunVar[CapacityLimiter], most: Callable[[], int]) -> CapacityLimiter:
    """The limiter of this event loop."""
    found = of_loop.get(None)
    if found is None:
        found = CapacityLimiter(most())
        of_loop.set(found)
    return found
