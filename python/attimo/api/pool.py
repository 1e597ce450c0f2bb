"""Threads for unauthenticated requests, which may hash passwords.

Authenticated callers are served by other threads, so bursts of unauthenticated ones do not delay
them. There are as many threads as hashes at once: a hash uses one processor and much memory.
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

_limiter: RunVar[CapacityLimiter] = RunVar("attimo_pool")


def apart(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Run a function in these threads.

    Raises:
        Busy: Too many requests wait already; nothing was done.
    """

    @wraps(work)
    async def do(*args: P.args, **kwargs: P.kwargs) -> T:
        limiter = _of_this_loop()
        if limiter.statistics().tasks_waiting >= MOST_WAITING:
            raise Busy
        return await to_thread.run_sync(partial(work, *args, **kwargs), limiter=limiter)

    return do


def _of_this_loop() -> CapacityLimiter:
    found = _limiter.get(None)
    if found is None:
        found = CapacityLimiter(passwords.at_once(host.memory_bytes()))
        _limiter.set(found)
    return found
