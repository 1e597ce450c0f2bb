"""One server, from its settings to its end. Whoever reads `serve` knows the order of things.

The node answers before the control app has been imported; what it forwards meanwhile waits in the
socket. At the end the node stops first, so that the last usage is whole when it is recorded.
"""

import logging
import os
import resource
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from attimo import logs, mail, outlet, tracing
from attimo.certificates import Certificate, Source
from attimo.control import Control, usage
from attimo.control.directory import Changes
from attimo.control.limits import CacheLimits
from attimo.data_directory import Credentials, DataDirectory, Running
from attimo.node import local
from attimo.node.collector import Collector
from attimo.node.events import Events
from attimo.node.kept import Kept
from attimo.node.local import LocalNode
from attimo.reserve import Reserve
from attimo.serve import addresses, certificate, owner, words
from attimo.serve.app import AppThread, Door, door
from attimo.serve.readiness import Readiness
from attimo.serve.reaper import Reaper
from attimo.serve.signals import asked_to_end, hung_up
from attimo.serve.space import Space
from attimo.settings import NodeSettings, Settings
from attimo.store.database import Database, open_database

if TYPE_CHECKING:
    from fastapi import FastAPI

log = logging.getLogger(__name__)

GRACE_SECONDS = 7.0  # of the ten in which a server must have ended


def serve(settings: Settings) -> None:
    """Run a server until SIGTERM or SIGINT.

    Raises:
        Misconfigured: The server cannot start as it is set up; nothing was damaged.
        StoreUnavailable: The database cannot be opened or written.
    """
    home = DataDirectory(settings.data_dir)
    with ExitStack() as stack:
        stack.enter_context(outlet.never_blocking())
        _prepare_process(settings)
        home.prepare()
        asked = stack.enter_context(asked_to_end())
        stack.enter_context(tracing.traced(settings.otlp_endpoint))
        stack.enter_context(home.lock())
        if open_to_others := home.tighten():
            log.warning("others could read %s; now the owner alone", ", ".join(open_to_others))
        space = Space(Reserve(home.reserve))
        with home.writing():
            space.begin(has_data=home.database.exists())
        stack.callback(space.end)
        answers: dict[str, str] = {}
        source = certificate.source_of(settings, home, answers)
        _prepare_files(source, home)
        socket = stack.enter_context(door(home))
        database = stack.enter_context(_database(home))
        shown = _first(source, home)
        node = _node(settings, shown, socket)
        outlet.dropped.watch(node.note_dropped_lines)
        limits = CacheLimits(max_item_size_kb=settings.item_bytes // 1024)
        readiness = Readiness(node.set_readiness)
        control = Control(database, node.learn, cache_limits=limits, wrote=readiness.wrote)
        control.need_space = space.need
        readiness.wrote(not space.is_short)
        reaper = Reaper(control)
        control.publish = _to_both(node, reaper)
        control.announce()

        listeners = node.start()
        send = _mail(settings, home, stack)
        collector = _collector(settings, node, control, readiness)
        collector.kept = Kept(space.reserve)
        events = Events(node.next_event)
        running = addresses.running(settings.endpoint, listeners)
        keeper = _keeper(source, shown, settings.endpoint, node, home)
        known = partial(_root_in_use, keeper), answers
        make_app = partial(_control_app, control, running.endpoint, settings, send, known)
        app = AppThread(socket, make_app, on_failure=asked.set)
        # Undone from the last to the first: the node ends, its usage is recorded, the app ends.
        stack.callback(app.stop)
        stack.callback(reaper.stop)
        stack.callback(collector.stop)
        stack.callback(events.wait)
        stack.callback(node.stop, GRACE_SECONDS)
        events.start()
        _introduce(control, home, running, addresses.at_endpoint(listeners), shown)
        stack.enter_context(home.announced(running))

        app.start()
        collector.start()
        reaper.start()
        if keeper:
            stack.callback(keeper.stop)
            keeper.start()
        stack.enter_context(hung_up(keeper.wake if keeper else _nothing))
        app.wait()
        if not asked.is_set():
            readiness.started()
            print(words.ready())
        asked.wait()
        print("Attimo is ending: finishing what is under way")
    if app.failed:
        raise SystemExit(1)


def _prepare_process(settings: Settings) -> None:
    """Only the owner reads what this process writes; only the system limits connections."""
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    logs.begin(settings.log_format, settings.log_level)


def _prepare_files(source: Source | None, home: DataDirectory) -> None:
    """Make database and certificates at the first start.

    A child does it, so that the 20 MB of libraries that it takes end with it. If it fails, what it
    left undone is tried again here, where the error has somebody to tell.
    """
    if home.database.exists():
        return
    child = os.fork()  # no other thread runs yet
    if child == 0:
        status = 1
        try:
            open_database(home.database).close()
            if source:
                source.first()
            status = 0
        finally:
            outlet.drain()
            os._exit(status)
    os.waitpid(child, 0)


def _first(source: Source | None, home: DataDirectory) -> Certificate | None:
    with home.writing():
        return source.first() if source else None


@contextmanager
def _database(home: DataDirectory) -> Iterator[Database]:
    database = open_database(home.database)
    try:
        yield database
    finally:
        database.close()


def _node(settings: Settings, shown: Certificate | None, socket: Door) -> LocalNode:
    return LocalNode(
        NodeSettings(
            listeners=settings.listeners,
            certificate=shown.chain if shown else None,
            private_key=shown.private_key if shown else None,
            threads=settings.threads,
            memory_bytes=settings.memory,
            item_bytes=settings.item_bytes,
            element_bytes=settings.element_bytes,
            app_socket=str(socket.path),
            local=settings.local,
            endpoint=settings.endpoint,
            allowed_origins=settings.allowed_origins,
            metrics=settings.metrics,
            metrics_caches=settings.metrics_caches,
        )
    )


def _keeper(
    source: Source | None,
    shown: Certificate | None,
    endpoint: str,
    node: LocalNode,
    home: DataDirectory,
) -> certificate.Keeper | None:
    """Who changes the certificate, and what the command line trusts, while the server runs."""
    if source is None or shown is None:
        return None

    def use(found: Certificate) -> None:
        node.use_certificate(found.chain, found.private_key)
        if kept := home.credentials():
            home.keep(replace(kept, ca=_root(found)))

    return certificate.Keeper(source, shown, endpoint, use)


def _root_in_use(keeper: certificate.Keeper | None) -> Path | None:
    return keeper.used.root if keeper else None


def _root(shown: Certificate | None) -> str | None:
    return str(shown.root) if shown and shown.root else None


def _nothing() -> None:
    """What there is to do about the certificate where there is none."""


def _to_both(node: LocalNode, reaper: Reaper) -> Callable[[Changes], None]:
    def publish(changes: Changes) -> None:
        node.learn(changes)
        reaper.heed(changes)

    return publish


def _collector(
    settings: Settings, node: LocalNode, control: Control, readiness: Readiness
) -> Collector:
    return Collector(
        node.take_usage,
        _recorder(control),
        settings.collect_seconds,
        told=node.note_usage,
        otherwise=partial(_when_unused, control, readiness),
    )


def _when_unused(control: Control, readiness: Readiness) -> None:
    readiness.look(control)
    control.record_uses()


def _recorder(control: Control) -> Callable[[usage.Batch], None]:
    def record(batch: usage.Batch) -> None:
        with control.begin() as tx:
            usage.record(tx, batch)
        control.record_uses()

    return record


def _control_app(
    control: Control,
    endpoint: str,
    settings: Settings,
    send: mail.Send,
    known: tuple[Callable[[], Path | None], Mapping[str, str]],
) -> "FastAPI":
    from attimo.api import create_app
    from attimo.api.certificates import Certificates

    given = {
        "memory": settings.memory,
        "item_bytes": settings.item_bytes,
        "element_bytes": settings.element_bytes,
    }
    limits = given | local.limits()
    return create_app(control, endpoint, settings.signup, send, limits, Certificates(*known))


def _mail(settings: Settings, home: DataDirectory, stack: ExitStack) -> mail.Send:
    if settings.smtp is None:
        return mail.ToFolder(home.mail)
    send = mail.BySmtp(settings.smtp, settings.mail_from)
    stack.callback(send.close)
    return send


def _introduce(
    control: Control,
    home: DataDirectory,
    running: Running,
    at_endpoint: tuple[str, ...],
    shown: Certificate | None,
) -> None:
    """Say where the server is, and to a new owner how to use it; keep it for the command line."""
    who = owner.ensure(control, home.credentials())
    credentials = Credentials(
        endpoint=running.endpoint,
        api_key=who.api_key,
        http=f"http://{addresses.reachable(running.http)}" if running.http else None,
        https=f"https://{running.endpoint}" if running.https else None,
        ca=_root(shown),
        account_id=who.account_id,
        cache=owner.CACHE,
    )
    home.keep(credentials)
    print(words.addresses(running, home))
    if who.is_new:
        key = words.key_shown(credentials) if sys.stdout.isatty() else words.key_kept(home)
        print(words.welcome(credentials, at_endpoint, key))
