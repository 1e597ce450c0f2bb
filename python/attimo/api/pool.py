"""Threads for doors that are open to anybody, and for password hashes.

Known callers are served by other threads, so no crowd at the open doors makes them wait. There are
as many threads here as may hash at once: a hash takes one processor and much memory.
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
"""How much work may wait for a thread; what comes on top is refused at once."""

P = ParamSpec("P")
T = TypeVar("T")

_limiter: RunVar[CapacityLimiter] = RunVar("attimo_pool")


def apart(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """Let work be done in these threads.

    Raises:
        Busy: Too much waits already; nothing was done.
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
