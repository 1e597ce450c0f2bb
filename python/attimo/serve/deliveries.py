"""Delivers messages to webhooks: in order for each one, all of them side by side.

Each webhook whose next message is due has a task, which delivers one message after the other until
one fails. So a receiver that stalls delays nobody else. What became of an attempt is written before
the next one begins, together with what others did meanwhile: if the process is killed in between,
the message is delivered once more.
"""

import asyncio
import logging
import random
import secrets
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar

from attimo.control import Control, webhook_queue, webhook_schedule
from attimo.control.webhook_figures import Attempts
from attimo.control.webhook_queue import Attempt, Delivery
from attimo.errors import AttimoError, Busy
from attimo.webhooks import events, retries, signatures
from attimo.webhooks.post import Answer, NoAnswerError

MOST = 64
"""Deliveries at once; as many test deliveries come beside them."""
MOST_OF_ACCOUNT = 8
"""Those of one account. It has fewer if many accounts have some: at most as many as are free, so
that there is a place for another account."""
MOST_TESTS = 4
"""The same for test deliveries."""
TURN = 100
"""Messages that a webhook gets before others that wait for a place have their turn."""
TURN_SECONDS = 2.0
"""How long it has its place, if that is sooner: a receiver may be slow with each of them."""
MOST_ERROR = 200
"""Characters of an error that are kept."""
LONGEST_PAUSE = 60.0
"""In seconds: so that it notices a changed clock."""
AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)
Found = TypeVar("Found")


class Post(Protocol):
    """Sends a request; see `attimo.webhooks.post.Poster.post`."""

    def __call__(
        self, url: str, headers: dict[str, str], body: bytes
    ) -> Coroutine[Any, Any, Answer]:
        """Send it."""


def now() -> float:
    """Return the seconds since 1970."""
    return time.time()


@dataclass(slots=True)
class Deliverer:
    """Delivers what is due, in an event loop.

    Attributes:
        control: The control plane.
        post: Sends a request.
        clock: The seconds since 1970.
        chance: Returns a random number from 0 to 1.
        attempts: Counts all attempts, tests too.
    """

    control: Control
    post: Post
    clock: Callable[[], float] = now
    chance: Callable[[], float] = random.random
    attempts: Attempts = field(default_factory=Attempts)
    _busy: dict[int, int] = field(default_factory=dict, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _attempts: list[tuple[Attempt, asyncio.Future[None]]] = field(default_factory=list, init=False)
    _recording: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _tests: Counter[int] = field(default_factory=Counter, init=False)
    _last: int = field(default=0, init=False)
    _has_orphans: bool = field(default=True, init=False)
    _has_failed: bool = field(default=False, init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _database: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(2, "webhook-store"), init=False
    )

    async def run(self) -> None:
        """Deliver until it is cancelled; deliveries in flight are cancelled, too."""
        try:
            while True:
                self._woken.clear()
                pause = await self._start_due()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), pause)
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            self._database.shutdown()

    def wake(self) -> None:
        """Look again now; to be called in the loop."""
        self._woken.set()

    def look_for_orphans(self) -> None:
        """A cache was deleted, so its webhooks end; to be called in the loop."""
        self._has_orphans = True
        self._woken.set()

    async def settle(self) -> None:
        """Deliver all that is due now, and return when nothing of it is in flight."""
        self._woken.set()
        while self._tasks or self._woken.is_set():
            self._woken.clear()
            await self._start_due()
            await asyncio.gather(*self._tasks)

    async def test(self, delivery: Delivery) -> Attempt:
        """Try to deliver a message that is in no queue, and log it.

        Raises:
            Busy: The account has enough tests in flight.
        """
        account = delivery.account_id
        if self._tests[account] >= _most_of_account(MOST_TESTS, self._tests.total()):
            raise Busy(f"Limit exceeded: {self._tests[account]} tests of webhooks run already")
        self._tests[account] += 1
        try:
            attempt = await self._attempt(delivery, f"test-{secrets.token_hex(8)}")
        finally:
            self._tests -= Counter([account])
        await self._store(lambda tx: webhook_queue.log(tx, delivery.webhook_id, attempt))
        return attempt

    async def _start_due(self) -> float:
        """Start what is due and has a place; return how many seconds to wait for more."""
        at = int(self.clock() * 1000)
        try:
            await self._end_orphans()
            await self._fill_places(at)
            later = await self._read(lambda tx: webhook_schedule.next_due(tx, at))
        except Exception as error:  # what is due stays so
            self._report(error)
            return AGAIN_SECONDS
        self._has_failed = False
        return LONGEST_PAUSE if later is None else min((later - at) / 1000, LONGEST_PAUSE)

    async def _end_orphans(self) -> None:
        while self._has_orphans:
            self._has_orphans = False  # before the look: a cache may be deleted during it
            try:
                has_more = await self._store(webhook_queue.end_orphans)
            except Exception:
                self._has_orphans = True
                raise
            self._has_orphans |= has_more

    async def _fill_places(self, at: int) -> None:
        """Start what is due, by ID, from the last one on: so each has its turn."""
        begin, is_round = self._last, False
        while free := MOST - len(self._busy):
            due = await self._read(self._asking(at, free))
            if is_round:
                due = [each for each in due if each[0] <= begin]
            for webhook, account in due:
                self._start(webhook, account)
            if len(due) == free:
                continue
            if is_round:
                return
            self._last, is_round = 0, True

    def _asking(self, at: int, most: int) -> Callable[[Any], list[tuple[int, int]]]:
        """The question for what is due after the last one, and has a place."""
        full = [account for account in set(self._busy.values()) if not self._has_place(account)]
        after, busy = self._last, list(self._busy)
        return lambda tx: webhook_schedule.due(tx, at, most, after, busy, full)

    def _start(self, webhook: int, account: int) -> None:
        """Start a webhook, if its account has a place."""
        if not self._has_place(account):
            return
        self._last = webhook
        self._busy[webhook] = account
        task = asyncio.create_task(self._deliver(webhook))
        self._tasks.add(task)
        task.add_done_callback(partial(self._end, webhook))

    def _has_place(self, account: int) -> bool:
        busy = Counter(self._busy.values())
        return busy[account] < _most_of_account(MOST_OF_ACCOUNT, busy.total())

    def _end(self, webhook: int, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        del self._busy[webhook]
        if not task.cancelled() and (error := task.exception()):
            self._report(error)
            asyncio.get_running_loop().call_later(AGAIN_SECONDS, self.wake)
        else:
            self.wake()

    async def _deliver(self, webhook: int) -> None:
        until = time.monotonic() + TURN_SECONDS
        for turn in range(TURN):
            delivery = await self._read(lambda tx: webhook_queue.head(tx, webhook))
            if delivery is None:
                # It was deleted just now; if not, this keeps the loop from turning idly.
                await asyncio.sleep(0 if turn else AGAIN_SECONDS)
                return
            attempt = await self._attempt(delivery, delivery.message)
            await self._record(attempt)
            if not attempt.is_delivered or time.monotonic() >= until:
                return

    async def _attempt(self, delivery: Delivery, message_id: str) -> Attempt:
        began, body = self.clock(), events.body(delivery)
        headers = signatures.headers(delivery.secrets, message_id, int(began), body)
        at, retry_after, status, error = int(began * 1000), None, None, ""
        started = time.monotonic()
        try:
            answer = await self.post(delivery.url, headers, body)
            status, retry_after = answer.status, answer.retry_after
        except NoAnswerError as refused:
            error = str(refused)[:MOST_ERROR]
        except Exception as fault:  # ours: the receiver's next attempt may fare better
            self._report(fault)
            error = "the delivery failed"
        took = int((time.monotonic() - started) * 1000)
        pause = retries.pause(delivery.failures + 1, retry_after, self.chance())
        attempt = Attempt(delivery, at, took, status, error, int(pause * 1000))
        self.attempts.unanswered += status is None
        self.attempts.delivered += attempt.is_delivered
        self.attempts.refused += status is not None and not attempt.is_delivered
        return attempt

    async def _record(self, attempt: Attempt) -> None:
        """Write what became of an attempt, with all others that wait to be written."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._attempts.append((attempt, done))
        async with self._recording:
            while not done.done():
                await self._record_all()

    async def _record_all(self) -> None:
        taken, self._attempts = self._attempts, []
        try:
            await self._store(lambda tx: webhook_queue.settle(tx, [each for each, _ in taken]))
        except Exception as error:  # none of these is tried again before it is written
            self._attempts = taken + self._attempts
            self._report(error)
            await asyncio.sleep(AGAIN_SECONDS)
            return
        for _, done in taken:
            if not done.cancelled():
                done.set_result(None)

    async def _read(self, ask: Callable[[Any], Found]) -> Found:
        def read() -> Found:
            with self.control.read() as tx:
                return ask(tx)

        return await asyncio.get_running_loop().run_in_executor(self._database, read)

    async def _store(self, change: Callable[[Any], Found]) -> Found:
        def store() -> Found:
            with self.control.begin() as tx:
                return change(tx)

        return await asyncio.get_running_loop().run_in_executor(self._database, store)

    def _report(self, error: BaseException) -> None:
        if not self._has_failed:
            trace = None if isinstance(error, AttimoError) else error
            log.error("webhooks cannot go on; tried again: %s", error, exc_info=trace)
        self._has_failed = True


def _most_of_account(most: int, busy: int) -> int:
    """How many an account may have if so many are busy: at most as many as are free."""
    return min(most, MOST - busy)
