"""The control plane: a database, and somebody to tell about changes."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from attimo import tracing
from attimo.control import access, api_keys, directory
from attimo.control.actions import Action
from attimo.control.actor import Actor
from attimo.control.directory import Changes
from attimo.control.key_uses import KeyUses
from attimo.control.limits import CacheLimits
from attimo.control.tx import Tx
from attimo.errors import StoreUnavailable
from attimo.store.connection import Connection
from attimo.store.database import BUSY_SECONDS, Database

Args = ParamSpec("Args")
Result = TypeVar("Result")


def utc_now() -> int:
    """Return the seconds since 1970 (UTC)."""
    return int(time.time())


@dataclass(slots=True)
class Control:
    """Opens transactions, and tells the node what they changed.

    Safe to use from several threads: one writes and publishes at a time, so revisions reach the
    node in their order; readers do not wait.

    Attributes:
        database: Where everything is kept.
        publish: Takes changes over before it returns; a ValueError asks for the whole directory.
        clock: The seconds since 1970 (UTC).
        cache_limits: What callers are told of the limits of each cache.
        uses: Which keys were used for control requests since that was last written down.
        on_write: Called after each transaction that may write, with whether the database could be
            written.
        need_space: Called before each transaction that may write; raises StoreUnavailable if there
            is no space on the disk.
    """

    database: Database
    publish: Callable[[Changes], None]
    clock: Callable[[], int] = utc_now
    cache_limits: CacheLimits = field(default_factory=CacheLimits)
    uses: KeyUses = field(default_factory=KeyUses)
    on_write: Callable[[bool], None] = field(default=lambda _: None)
    need_space: Callable[[], None] = field(default=lambda: None)
    _published: int | None = field(default=None, init=False)
    _writing: threading.Lock = field(default_factory=threading.Lock, init=False, repr=False)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """Open a transaction; on a clean exit, commit it and tell the node here.

        The node has taken over the change when this returns, so a client that is told "created" can
        use what was created. On an exception nothing is kept and nothing is told.

        Raises:
            StoreUnavailable: The disk is full or the lock is held too long; nothing was changed.
        """
        with self._report_writes(), self._alone():
            self.need_space()
            with tracing.span("transaction"), self.database.begin() as connection:
                with self._accounted(connection) as tx:
                    yield tx
                news = None if tx.revision is None else directory.changes(tx, self._published)
            if news is not None:
                self._publish(news)

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """Open a transaction that only reads: it sees one moment, and waits for no writer."""
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
            identify: Returns who the caller is at this moment.

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
        """Write down which keys were used for control requests.

        Raises:
            StoreUnavailable: It could not be written; it is kept for the next time.
        """
        if uses := self.uses.all():
            with self.begin() as tx:
                api_keys.used_at(tx, uses)
            self.uses.written(uses)

    def announce(self) -> None:
        """Tell the node the whole directory; once, before it serves."""
        with self._alone():
            self._publish_all()

    def _note_use(self, tx: Tx) -> None:
        if tx.actor.key_id not in (None, access.LOCAL):
            self.uses.note(str(tx.actor.key_id), tx.now)

    @contextmanager
    def _accounted(self, connection: Connection) -> Iterator[Tx]:
        """A transaction that fails if anything was written outside an action."""
        tx, before = Tx(connection, self.clock()), connection.changes
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
        except ValueError:  # the node is not where we thought: start it over
            self._publish_all()
        else:
            self._published = news.revision

    def _publish_all(self) -> None:
        with self.read() as tx:
            whole = directory.changes(tx, since=None)
        self.publish(whole)
        self._published = whole.revision

    @contextmanager
    def _alone(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=BUSY_SECONDS):
            raise StoreUnavailable(f"Another change has taken more than {BUSY_SECONDS} s")
        try:
            yield
        finally:
            self._writing.release()
