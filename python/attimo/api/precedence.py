"""Authenticated callers first: requests without a key wait while requests with one are in flight.

One thread reads and answers all requests, and Python runs one thread at a time. So unauthenticated
requests run when no authenticated one waits, or after a short time, and only a few at once. Those
with a cookie, which may be a session's, have slots of their own.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from attimo.api import caller

AT_ONCE = 2
"""How many requests without a key run at once; as many again with a cookie."""
LONGEST_SECONDS = 0.1
"""How long such a request waits for others once it has a slot."""


@dataclass(slots=True)
class _Order:
    """The requests of one event loop."""

    known: int = 0
    idle: asyncio.Event = field(default_factory=asyncio.Event)
    turns: tuple[asyncio.Semaphore, asyncio.Semaphore] = field(
        default_factory=lambda: (asyncio.Semaphore(AT_ONCE), asyncio.Semaphore(AT_ONCE))
    )


class KnownFirst:
    """Middleware that orders requests."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._order: tuple[asyncio.AbstractEventLoop, _Order] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request in its turn."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        order, headers = self._of_this_loop(), Headers(scope=scope)
        if caller.is_known(headers):
            await self._first(order, scope, receive, send)
            return
        async with order.turns["cookie" in headers]:
            if order.known:
                with suppress(TimeoutError):
                    await asyncio.wait_for(order.idle.wait(), LONGEST_SECONDS)
            await self._app(scope, receive, send)

    async def _first(self, order: _Order, scope: Scope, receive: Receive, send: Send) -> None:
        order.known += 1
        order.idle.clear()
        try:
            await self._app(scope, receive, send)
        finally:
            order.known -= 1
            if not order.known:
                order.idle.set()

    def _of_this_loop(self) -> _Order:
        """Events belong to an event loop; a server has one."""
        loop = asyncio.get_running_loop()
        if self._order is None or self._order[0] is not loop:
            self._order = loop, _Order()
        return self._order[1]
