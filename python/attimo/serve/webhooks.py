"""Runs webhooks: stores what is published for them, and delivers it, each in a thread of its own.

Both threads begin with the first webhook: a server without one takes no memory and no time for
them.
"""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attimo.control import Control, webhook_figures, webhook_queue
from attimo.control.directory import Changes
from attimo.control.webhook_figures import Figures
from attimo.control.webhook_queue import Attempt, Delivery
from attimo.errors import StoreUnavailable
from attimo.node.intake import Intake
from attimo.webhooks.addresses import Address, Guard, Network

if TYPE_CHECKING:
    from attimo.serve.deliveries import Deliverer

STOP_SECONDS = 3.0
LOOK_SECONDS = 10.0


@dataclass(slots=True)
class Webhooks:
    """The webhooks of an open control plane.

    Attributes:
        control: The control plane.
        intake: Stores messages; it outlives this.
        networks: Networks of the operator to which they may connect.
        own: Where this server listens, to which they must not connect.
        tell: Is told every ten seconds what waits, and what became of deliveries.
    """

    control: Control
    intake: Intake
    networks: Sequence[Network]
    own: Sequence[tuple[Address, int]] = ()
    tell: Callable[[Figures], None] = lambda _: None
    _dropped_before: int = field(default=0, init=False)
    _look_at: float = field(default=0.0, init=False)
    _is_on: bool = field(default=False, init=False)
    _is_over: bool = field(default=False, init=False)
    _turn: threading.Lock = field(default_factory=threading.Lock, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, init=False)
    _deliverer: "Deliverer | None" = field(default=None, init=False)
    _running: asyncio.Task[None] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start if there are webhooks, or when there are; does nothing after the stop."""
        if self._is_over:
            return
        with self.control.read() as tx:
            exist = webhook_queue.exist(tx)
            self._dropped_before = webhook_figures.dropped(tx)
        self._is_on = True
        if exist:
            self._begin()

    def stop(self) -> None:
        """Store what was published, and stop; the rest is delivered after the next start."""
        self._is_on, self._is_over = False, True
        self.intake.pause()
        self.intake.finish()
        self._call(self._cancel)
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            self._thread = None

    def on_changes(self, changes: Changes) -> None:
        """Begin with the first webhook, and look at what is new."""
        if self._is_on and changes.webhooks:
            self._begin()
        self.wake()  # for a new webhook, and for events, most of which change the directory
        if changes.deleted_caches and self._deliverer is not None:
            self._call(self._deliverer.look_for_orphans)

    def look(self) -> None:
        """Tell the figures, if ten seconds are over since the last time."""
        if self._deliverer is None or time.monotonic() < self._look_at:
            return
        self._look_at = time.monotonic() + LOOK_SECONDS
        with self.control.read() as tx:
            found = webhook_figures.measure(tx, self._deliverer.attempts, self._dropped_before)
        self.tell(found)

    def wake(self) -> None:
        """Look for what is due now."""
        if self._deliverer is not None:
            self._call(self._deliverer.wake)

    def test(self, delivery: Delivery) -> "Future[Attempt]":
        """Deliver a message that is in no queue.

        Raises:
            StoreUnavailable: The server is stopping.
        """
        loop, deliverer = self._loop, self._deliverer
        if loop is None or deliverer is None:
            raise StoreUnavailable("The server is stopping")
        return asyncio.run_coroutine_threadsafe(deliverer.test(delivery), loop)

    def _begin(self) -> None:
        with self._turn:
            if self._thread is not None:
                return
            self._prepare()
            self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)
            self._thread.start()
        self.intake.on_recorded = self.wake
        self.intake.start()

    def _prepare(self) -> None:
        from attimo.serve.deliveries import Deliverer, now
        from attimo.webhooks.post import Poster

        self._loop = asyncio.new_event_loop()
        poster = Poster(Guard(self.networks, self.own), now)
        self._deliverer = Deliverer(self.control, poster.post)

    def _run(self) -> None:
        loop, deliverer = self._loop, self._deliverer
        if loop is None or deliverer is None:
            return
        asyncio.set_event_loop(loop)
        self._running = loop.create_task(deliverer.run())
        try:
            with suppress(asyncio.CancelledError):
                loop.run_until_complete(self._running)
        finally:
            self._loop = None
            loop.close()

    def _cancel(self) -> None:
        if self._running is not None:
            self._running.cancel()

    def _call(self, function: Callable[[], object]) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # it has just been closed
                loop.call_soon_threadsafe(function)
