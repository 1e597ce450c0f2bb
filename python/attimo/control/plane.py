"""The control plane's transactions, whose changes are published to the node."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from attimo import tracing
from attimo.control import access, account_events, api_keys, directory, outcome_rows
from attimo.control.actions import Action
from attimo.control.actor import SYSTEM, Actor
from attimo.control.directory import Changes
from attimo.control.key_uses import KeyUses
from attimo.control.ledger_tables import MINUTE, floor
from attimo.control.limits import CacheLimits
from attimo.control.policy import Policy
from attimo.control.tx import Tx
from attimo.control.unwritten import Portion, Unwritten
from attimo.errors import StoreUnavailable
from attimo.store.connection import BUSY_SECONDS, Connection, Database

PORTIONS = 20
"""How many transactions write how requests ended, after each batch of usage."""

log = logging.getLogger(__name__)
Args = ParamSpec("Args")
Result = TypeVar("Result")


def utc_now() -> int:
    """Return the seconds since 1970 (UTC)."""
    return int(time.time())


@dataclass(slots=True)
class Control:
    """Opens transactions, and publishes their changes to the node.

    Safe to use from several threads: one writes and publishes at a time, so revisions reach the
    node in their order; readers do not wait.

    Attributes:
        database: The database.
        publish: Applies changes before it returns; a ValueError asks for the whole directory.
        clock: The seconds since 1970 (UTC).
        cache_limits: The server's limits of each cache, as callers are shown them.
        policy: What the operator has decided about people who sign in.
        uses: The last use of keys for control requests, until it is in the database.
        unwritten: How requests ended, until it is in the database.
        on_write: Called after each transaction that may write, with whether the database could be
            written.
        need_space: Called before each transaction that may write; raises StoreUnavailable if there
            is no space on the disk.
        tell: Called with an account, the topic of events and each event in JSON, once it is
            committed and published; tells the subscribers of this topic.
    """

    database: Database
    publish: Callable[[Changes], None]
    clock: Callable[[], int] = utc_now
    cache_limits: CacheLimits = field(default_factory=CacheLimits)
    policy: Policy = field(default_factory=Policy)
    uses: KeyUses = field(default_factory=KeyUses)
    unwritten: Unwritten = field(default_factory=Unwritten)
    on_write: Callable[[bool], None] = field(default=lambda _: None)
    need_space: Callable[[], None] = field(default=lambda: None)
    tell: Callable[[int, str, str], None] = field(default=lambda _account, _topic, _event: None)
    _published: int | None = field(default=None, init=False)
    _limits: dict[int, Mapping[str, int]] = field(default_factory=dict, init=False, repr=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a transaction; on a clean exit, commit it and publish the changes.

        The node has applied them when this returns, so a client can use what it has created as soon
        as it has the response. On an exception, nothing is committed or published.

        Raises:
            StoreUnavailable: The disk is full, or the lock was held too long; nothing was changed.
        """
        with self._report_writes(), self._alone():
            self.need_space()
            with tracing.span("transaction"), self.database.begin() as connection:
                with self._accounted(connection) as tx:
                    yield tx
                    events = _events(tx)
                news = None if tx.revision is None else directory.changes(tx, self._published)
            for used, at in tx.ended:
                self.unwritten.add(used, at)
            if news is not None:
                self._publish(news)
            for event in events:
                self.tell(event.account_id, account_events.TOPIC, event.text)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that only reads: a snapshot that waits for no writer."""
        with self.database.read() as connection, self._accounted(connection) as tx:
            yield tx

    def perform(
        self,
        identify: Callable[[Tx], Actor],
        action: Action[Args, Result],
        /,
        *args: Args.args,
        **kwargs: Args.kwargs,
    ) -> Result:
        """Perform an action for a caller, in a transaction of its own.

        Args:
            identify: Returns the caller's current identity and permissions.

        Raises:
            Exception: Those of `identify`, of the action, and of `begin`.
        """
        with self.begin() if action.writes else self.read() as tx:
            try:
                tx.actor = identify(tx)
                return action(tx, *args, **kwargs)
            finally:
                self._note_use(tx)

    def record_uses(self) -> None:
        """Write the last use of keys for control requests.

        Raises:
            StoreUnavailable: It could not be written, and is kept for the next call.
        """
        if uses := self.uses.all():
            with self.begin() as tx:
                api_keys.used_at(tx, uses)
            self.uses.written(uses)

    def record_outcomes(self, most: int = PORTIONS) -> None:
        """Write how requests ended in minutes that are over, some caches in each transaction.

        Args:
            most: The most transactions; what is left is written by the next call.

        Raises:
            StoreUnavailable: It could not be written, and is kept for the next call.
        """
        self._write(self.unwritten.close_minutes(floor(self.clock(), MINUTE))[:most])

    def record_last_outcomes(self) -> None:
        """The same of all minutes, before the process ends; what cannot be written is lost."""
        try:
            self._write(self.unwritten.close_minutes(None))
        except StoreUnavailable as error:
            log.error("the latency of the last minute could not be recorded: %s", error)

    def limits_of(self, account_id: int) -> Mapping[str, int]:
        """Return the limits of an account that are numbers, as the node has them."""
        return self._limits.get(account_id, {})

    def announce(self) -> None:
        """Publish the whole directory; once, before the node serves."""
        with self._alone():
            self._publish_all()

    def _write(self, portions: Iterable[Portion]) -> None:
        for portion in portions:
            with self.begin() as tx:
                outcome_rows.write(tx, portion)
            self.unwritten.written(portion)

    def _note_use(self, tx: Tx) -> None:
        if tx.actor.key_id not in (None, access.LOCAL):
            self.uses.note(str(tx.actor.key_id), tx.now)

    @contextmanager
    def _accounted(self, connection: Connection) -> Iterator[Tx]:
        """A transaction that fails if anything was written outside an action."""
        tx = Tx(connection, self.clock(), policy=self.policy, unwritten=self.unwritten)
        before = connection.changes
        yield tx
        if connection.changes - before != tx.accounted:
            raise RuntimeError("Rows were written outside an action")

    @contextmanager
    def _report_writes(self) -> Iterator[None]:
        try:
            yield
        except StoreUnavailable:
            self.on_write(False)
            raise
        self.on_write(True)

    def _publish(self, news: Changes) -> None:
        try:
            with tracing.span("publish", {"attimo.revision": news.revision}):
                self.publish(news)
        except ValueError:  # the node has another revision than expected
            self._publish_all()
        else:
            self._note_published(news)

    def _publish_all(self) -> None:
        with self.read() as tx:
            whole = directory.changes(tx, since=None)
        self.publish(whole)
        self._note_published(whole)

    def _note_published(self, news: Changes) -> None:
        kept = {} if news.since is None else self._limits
        changed = {each.account_id: each.numbers for each in news.limits}
        # Replaced, not changed: other threads read it without a lock.
        self._limits = {id: each for id, each in (kept | changed).items() if each}
        self._published = news.revision

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"Another change took more than {BUSY_SECONDS} s")
        try:
            yield
        finally:
            self._writing.release()


def _events(tx: Tx) -> list[account_events.Entry]:
    """Store what the transaction has done that is an event, and return it."""
    if not tx.entries:
        return []
    tx.actor = SYSTEM
    return account_events.tell(tx)
