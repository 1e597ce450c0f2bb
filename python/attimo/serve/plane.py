"""The control plane of a server: what only one process at a time uses of a data directory.

That is the database, the socket of the app, and the threads that write. Data is served without it,
so it can be closed and opened again while the node runs.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attimo import mail
from attimo.billing.card_file import Cards
from attimo.certificates import Certificate, Source
from attimo.control import Control, caches, transfer, usage, webhook_queue
from attimo.control.directory import Changes
from attimo.control.limits import CacheLimits
from attimo.control.plane import utc_now
from attimo.control.policy import Policy
from attimo.data_directory import Credentials, DataDirectory, Running, reachable
from attimo.errors import AttimoError, StoreUnavailable
from attimo.node.batches import Batch
from attimo.node.collector import Collector
from attimo.node.intake import Intake
from attimo.node.kept import Kept
from attimo.node.local import LocalNode
from attimo.payments import Payments
from attimo.serve import backups, certificate, control_app, owner, payments, upgrade
from attimo.serve.addresses import listening_at
from attimo.serve.allowances import Allowances
from attimo.serve.app import AppThread, app_socket
from attimo.serve.ledger_keeper import LedgerKeeper
from attimo.serve.limit_watch import LimitWatch
from attimo.serve.owner import Owner
from attimo.serve.readiness import Readiness
from attimo.serve.reaper import Reaper
from attimo.serve.signals import Shutdown
from attimo.serve.space import Space
from attimo.serve.webhooks import Webhooks
from attimo.settings import Settings
from attimo.store.database import Database, open_database

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from attimo.console.health import Health


CONTROL_SECONDS = 10.0
"""How long closing the control plane waits for requests in flight before it is given up."""

AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Plane:
    """A control plane, open or closed.

    Attributes:
        settings: The server's.
        home: The data directory, whose lock this process holds.
        lock: That lock.
        space: Whether its disk has space for changes.
        socket: The path of the app's socket.
        node: The data plane.
        running: The addresses where it listens.
        source: The source of certificates, with TLS.
        shown: The certificate in use.
        answers: The responses to an ACME authority's challenges, by token.
        shutdown: Set when the server should stop.
        cards: The rate cards.
        provider: The provider of payments, if there is one.
        made: The owner created at this start, until it has been printed.
    """

    settings: Settings
    home: DataDirectory
    lock: int
    space: Space
    socket: Path
    node: LocalNode
    running: Running
    source: Source | None
    shown: Certificate | None
    answers: Mapping[str, str]
    shutdown: Shutdown
    cards: Cards
    provider: Payments | None = None
    made: Owner | None = None
    readiness: Readiness = field(init=False)
    collector: Collector = field(init=False)
    intake: Intake = field(init=False)
    _control: Control | None = field(default=None, init=False)
    _keeper: certificate.Keeper | None = field(default=None, init=False)
    _reaper: Reaper | None = field(default=None, init=False)
    _ledger_keeper: LedgerKeeper | None = field(default=None, init=False)
    _backups: backups.Backups | None = field(default=None, init=False)
    _allowances: Allowances | None = field(default=None, init=False)
    _seller: payments.Seller | None = field(default=None, init=False)
    _limit_watch: LimitWatch | None = field(default=None, init=False)
    _webhooks: Webhooks | None = field(default=None, init=False)
    _app: AppThread | None = field(default=None, init=False)
    _started_at: int = field(default_factory=utc_now, init=False)
    _stack: ExitStack = field(default_factory=ExitStack, init=False)

    def __post_init__(self) -> None:
        """Create what outlives an open control plane."""
        self.readiness = Readiness(self.node.set_readiness)
        self.collector = Collector(
            self.node.take_usage,
            self.record,
            self.settings.collect_seconds,
            on_recorded=self.node.note_usage,
            on_turn=self._look,
            kept=Kept(self.space.reserve),
        )
        self.intake = Intake(self.node.take_messages, self.record_messages)

    @property
    def failed(self) -> bool:
        """Whether the app has ended by itself."""
        return self._app is not None and self._app.failed

    def begin(self) -> None:
        """Open the database and publish the directory to the node.

        Raises:
            Misconfigured: An older version left the database, and it cannot be backed up.
            StoreUnavailable: The database cannot be opened.
        """
        self.home.sign(self.lock)
        place = self.settings.database or self.home.database
        if place == self.home.database:
            upgrade.back_up_first(self.home)
        with ExitStack() as stack:
            opened = stack.enter_context(app_socket(self.socket))
            database = stack.enter_context(closing(open_database(place)))
            self._control = control = self._new_control(database)
            self._reaper = reaper = Reaper(control)
            self._ledger_keeper = self._new_ledger_keeper(control)
            control.need_space = self.space.need
            self.readiness.wrote(not self.space.is_short)
            networks, own = self.settings.webhook_networks, listening_at(self.running)
            tell = self.node.note_webhooks
            self._webhooks = webhooks = Webhooks(control, self.intake, networks, own, tell)
            control.publish = _to_all(self.node, reaper, webhooks)
            send = _mail(self.settings, self.home, stack)
            self._allowances = self._new_allowances(control, send)
            self._allowances.begin()
            self._seller = self._new_seller(control, send)
            self._limit_watch = LimitWatch(control, self._stored, self.node.note_limits)
            control.announce()
            self._keeper = self._new_keeper()
            self._backups = backups.of_settings(self.settings, self.home, self.node.note_backup)
            make = partial(self._new_app, control, send)
            self._app = AppThread(opened, make, on_failure=self.shutdown.set)
            # Closed in reverse order.
            stack.callback(self._app.stop)
            stack.callback(reaper.stop)
            stack.callback(control.record_last_outcomes)
            stack.callback(self.collector.pause)
            stack.callback(webhooks.stop)
            for each in (self._keeper, self._backups, self._ledger_keeper, self._seller):
                if each:
                    stack.callback(each.stop)
            self._stack = stack.pop_all()

    def introduce(self) -> tuple[Credentials, owner.Owner]:
        """Ensure that there is an owner; return the credentials, and the owner."""
        who = self.made or owner.ensure(self._opened(), self.home.credentials())
        self.made = None
        running = self.running
        credentials = Credentials(
            endpoint=running.endpoint,
            api_key=who.api_key,
            http=f"http://{reachable(running.http)}" if running.http else None,
            https=f"https://{running.endpoint}" if running.https else None,
            ca=_root(self.shown),
            account_id=who.account_id,
            cache=owner.CACHE,
        )
        self.home.keep(credentials)
        return credentials, who

    def start(self, follows: bool = False) -> None:
        """Start the app and what works in the background.

        Args:
            follows: Whether another server still has messages for webhooks, which come first:
                `start_webhooks` follows.
        """
        for each in (
            self._app,
            self.collector,
            self._reaper,
            self._keeper,
            self._backups,
            self._ledger_keeper,
            self._seller,
        ):
            if each is not None:
                each.start()
        if not follows:
            self.start_webhooks()

    def start_webhooks(self) -> None:
        """Store and deliver what is published to topics with webhooks."""
        if self._webhooks is not None:
            self._webhooks.start()

    def close(self) -> None:
        """Close it, after recording the last usage; does nothing if it is closed."""
        self._stack.close()
        if self._keeper:
            self.shown = self._keeper.used
        self._control = None

    def give_up(self) -> str | None:
        """Close it while requests wait for the process that opens it next, or return why not."""
        try:
            if not self.node.hold_control(CONTROL_SECONDS):
                return "a control request is in flight; try again"
        except OSError as error:
            return f"its control requests cannot be held: {error}"
        self.close()
        return None

    def take_back(self, *, flush: bool = False) -> bool:
        """Open it again, and let requests continue; retried until it works.

        Args:
            flush: Whether all items are out of date.

        Returns:
            False if the server should stop: it is not opened then.
        """
        self.collector.record, self.intake.record = self.record, self.record_messages
        level = logging.ERROR
        while not self.shutdown.is_set():
            try:
                self._open_again(flush)
            except (AttimoError, OSError) as error:
                log.log(level, "the control plane cannot be opened again yet: %s", error)
                level = logging.DEBUG
                self._stack.close()
                self.shutdown.wait(AGAIN_SECONDS)
            else:
                self.start()
                self.node.release_control()
                return True
        return False

    def _open_again(self, flush: bool) -> None:
        self.begin()
        if flush:
            with self._opened().begin() as tx:
                caches.flush_all(tx)
        self.introduce()
        self.home.announce(self.running)

    def record(self, batch: Batch) -> None:
        """Record a batch in the ledger, once, however often it is passed.

        Raises:
            StoreUnavailable: The database cannot be written, or is not open.
        """
        control = self._opened()
        with control.begin() as tx:
            accounts = usage.record(tx, batch, batch.taken_at)
            transferred = transfer.used_by(tx, accounts or ())
        self.node.note_transferred(transferred, False)

    def record_messages(self, batch: webhook_queue.Batch) -> None:
        """Store messages for webhooks, once, however often they are passed.

        Raises:
            StoreUnavailable: The database cannot be written, or is not open.
        """
        with self._opened().begin() as tx:
            webhook_queue.record(tx, batch, int(time.time() * 1000))

    def look_for_certificate(self) -> None:
        """Look for a new certificate now."""
        if self._keeper:
            self._keeper.wake()

    def _opened(self) -> Control:
        if self._control is None:
            raise StoreUnavailable("The database is not open")
        return self._control

    def _look(self) -> None:
        if self._control is not None:
            self._control.database.checkpoint()
            self.readiness.look(self._control)
            self._control.record_uses()
            for each in (self._allowances, self._limit_watch, self._webhooks):
                if each is not None:
                    each.look()
            self._control.record_outcomes()

    def _stored(self, cache_id: int) -> int:
        return (self.node.cache_stats(cache_id) or {}).get("stored_bytes", 0)

    def _new_control(self, database: Database) -> Control:
        return Control(
            database,
            self.node.learn,
            cache_limits=CacheLimits(max_item_size_kb=self.settings.item_bytes // 1024),
            policy=Policy(self.settings.session_idle),
            on_write=self.readiness.wrote,
            tell=self.node.tell,
        )

    def _new_allowances(self, control: Control, send: mail.Send) -> Allowances:
        node = self.node
        return Allowances(control, self.cards, send, node.note_allowance, node.note_transferred)

    def _new_ledger_keeper(self, control: Control) -> LedgerKeeper:
        settings, kept = self.settings, Kept(self.space.reserve)
        return LedgerKeeper(control, kept, settings.keep_usage_minutes, settings.keep_usage_hours)

    def _new_seller(self, control: Control, send: mail.Send) -> payments.Seller | None:
        if self.provider is None:
            return None
        meters, rule = payments.meters_of(self.settings), payments.rule_of(self.settings)
        note = self.node.note_payments
        return payments.Seller(control, self.provider, meters, rule, send, note=note)

    def _new_keeper(self) -> certificate.Keeper | None:
        """Return what replaces the certificate, and the root that the command line trusts."""
        if self.source is None or self.shown is None:
            return None
        return certificate.Keeper(
            self.source,
            self.shown,
            self.settings.endpoint,
            self._use_certificate,
            self.settings.also_endpoint,
        )

    def _use_certificate(self, found: Certificate) -> None:
        self.node.use_certificate(found.chain, found.private_key)
        if kept := self.home.credentials():
            self.home.keep(replace(kept, ca=_root(found)))

    def _new_app(self, control: Control, send: mail.Send) -> "Starlette":
        return control_app.make(
            control,
            self.settings,
            self.running,
            self.node,
            self.cards,
            control_app.Parts(send, self.answers, self._keeper, self._seller, self._webhooks),
            self._health,
        )

    def _health(self) -> "Health":
        from attimo.console.health import Health

        shown = self._keeper.used if self._keeper else self.shown
        return Health(
            started_at=self._started_at,
            listeners=self.running.listeners,
            certificate_ends=shown.until() if shown else None,
            data_threads=self.settings.threads,
            memory_bytes=self.settings.memory,
            is_writable=self.readiness.is_writable,
            failures=self.collector.failures,
        )


def _mail(settings: Settings, home: DataDirectory, stack: ExitStack) -> mail.Send:
    if settings.smtp is None:
        return mail.ToFolder(home.mail)
    send = mail.BySmtp(settings.smtp, settings.mail_from)
    stack.callback(send.close)
    return send


def _to_all(node: LocalNode, reaper: Reaper, webhooks: Webhooks) -> Callable[[Changes], None]:
    def publish(changes: Changes) -> None:
        node.learn(changes)
        reaper.on_changes(changes)
        webhooks.on_changes(changes)

    return publish


def _root(shown: Certificate | None) -> str | None:
    return str(shown.root) if shown and shown.root else None
