"""One server, from its settings to its end: `serve` shows the order.

The node answers before the control app is imported; control requests wait in the socket meanwhile.
On shutdown the node stops first, so that the last usage is complete when it is recorded.

A server that replaces another opens its control plane first, and serves when all of it is open.
Until then the other one serves, and continues if this one fails.
"""

import logging
import os
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from attimo import logs, outlet, tracing
from attimo.billing import card_file
from attimo.certificates import Certificate, Source
from attimo.control import passwords
from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.node.events import Events
from attimo.node.local import LocalNode
from attimo.reserve import Reserve
from attimo.serve import (
    addresses,
    banner,
    certificate,
    control_app,
    first_start,
    listening,
    outage,
    payments,
)
from attimo.serve.handover import Handover, Successor
from attimo.serve.kept_items import DRAIN_SECONDS, KeptItems
from attimo.serve.listening import Listening
from attimo.serve.outage import Outages
from attimo.serve.plane import Plane
from attimo.serve.predecessor import Predecessor, predecessor
from attimo.serve.signals import Shutdown, on_sighup, shutdown_signals
from attimo.serve.space import Space
from attimo.settings import NodeSettings, Settings, host, supervisor
from attimo.store.sqlite import check_ours

GRACE_SECONDS = 7.0  # of the ten within which a server must stop
LONGEST_FOLDER = 85  # bytes; the kernel allows 107 for the path of a socket

log = logging.getLogger(__name__)


def serve(settings: Settings, *, replaces: bool = False) -> None:
    """Run a server until SIGTERM or SIGINT, or until another one replaces it.

    Args:
        settings: The server's.
        replaces: Whether it replaces the server that uses the data directory.

    Raises:
        Misconfigured: The server cannot start with these settings; nothing was damaged.
        StoreUnavailable: The database cannot be opened or written.
    """
    home = DataDirectory(settings.data_dir)
    with ExitStack() as stack:
        stack.enter_context(outlet.never_blocking())
        _prepare_process(settings)
        if home.may_be_foreign():
            check_ours(home.database)
        home.prepare()
        shutdown = stack.enter_context(shutdown_signals())
        stack.enter_context(tracing.traced(settings.otlp_endpoint))
        folder = stack.enter_context(_short(home.path))
        before = stack.enter_context(predecessor(home, folder, shutdown)) if replaces else None
        if before:
            _check_for_two(settings)
        lock = stack.enter_context(home.lock(before.lock if before else None))
        if settings.database is None:
            home.check_database()
        if open_to_others := home.tighten():
            log.warning("others could read %s; now only its owner can", ", ".join(open_to_others))
        kept = KeptItems(home.kept_items, settings.keep_items and not settings.backend)
        # After the reserve was filled again, which comes first if the disk is nearly full.
        stack.callback(kept.save)
        space = _space(home)
        stack.callback(space.end)
        given = stack.enter_context(listening.of_supervisor())
        offered = [*(before.sockets if before else []), *given]
        sockets = stack.enter_context(listening.opened(settings.listeners, offered))
        control = _control(settings, home, folder, lock, space, sockets, shutdown)
        server = Server(control, sockets, folder, kept)
        # Closed in reverse order: the node stops, its usage is recorded, the app stops.
        stack.callback(control.collector.stop)
        stack.callback(control.close)
        if before:
            stack.callback(before.wait)
        stack.callback(server.stop)
        # Before it says that it is ready: until then, the signal ends the process.
        stack.enter_context(on_sighup(control.look_for_certificate))
        is_replacing = before is not None
        with outage.offered(settings.local_admin, server.outages, is_replacing=is_replacing):
            server.start(before, stack)
            server.run()
    if control.failed:
        raise SystemExit(1)


@dataclass(slots=True)
class Server:
    """A data plane and its control plane, from start-up to shutdown or handover.

    Attributes:
        control: The control plane, which has the node.
        sockets: The sockets on which it listens.
        folder: The directory of the handover socket, by a path that is short enough.
        kept: The items between two servers.
        handover: Lets another server replace this one.
        outages: Cuts all clients off, for tests.
    """

    control: Plane
    sockets: list[Listening]
    folder: Path
    kept: KeptItems
    handover: Handover = field(init=False)
    outages: Outages = field(init=False)
    _events: Events | None = field(default=None, init=False)
    _is_ready: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        """Create it; nothing can replace it yet."""
        control, wake = self.control, self.control.shutdown.woken.set
        self.handover = Handover(
            *(self.folder, control.lock, self.sockets, control.give_up, self._take_back, wake),
            gives_items=self.kept.is_on,
        )
        sockets = [each.socket for each in self.sockets]
        self.outages = Outages(lambda: self.stop(0.0), self._listen, sockets)

    def start(self, before: Predecessor | None, stack: ExitStack) -> None:
        """Start to serve, and announce it until `stack` is closed."""
        control = self.control
        if before:
            control_app.load()
            before.give_place()
        control.begin()
        if not before:
            with control.home.writing():
                self.kept.load(control.node)
            self._serve()
        credentials, who = control.introduce()
        print(banner.addresses(control.running, control.home))
        if who.is_new:
            at_endpoint = addresses.at_endpoint([each.listener for each in self.sockets])
            to_person = sys.stdout.isatty()
            key = banner.key_shown(credentials) if to_person else banner.key_kept(control.home)
            print(banner.welcome(credentials, at_endpoint, key, who.is_first))
        stack.enter_context(control.home.announced(control.running))
        control.start(follows=before is not None)
        if control.shutdown.is_set():
            return
        if before:
            # A service ends with its main process, so the supervisor learns of the new one first.
            supervisor.tell(f"MAINPID={os.getpid()}")
            self._follow(before)
            self._serve(before)
        self.handover.start()
        control.readiness.started()
        self.outages.begin()
        self._tell_ready()
        print(banner.ready())

    def run(self) -> None:
        """Serve until the end."""
        while True:
            self.control.shutdown.woken.wait()
            if self.control.shutdown.is_set():
                self.kept.end_soon()
            self.handover.finish()
            successor = self.handover.successor
            if successor is None:
                self.kept.end_soon()
                if self._is_ready:
                    supervisor.tell("STOPPING=1")
                print("Attimo is stopping: finishing requests in flight")
                self.outages.end()
                # Nothing will accept new connections, so they are refused.
                for each in self.sockets:
                    each.socket.close()
                return
            print("Attimo has been replaced: finishing requests in flight")
            self._leave(successor)
            if successor.takes_all(self.control.collector, self.control.intake):
                return
            self._resume(is_stale=successor.has_served())
            self._wait_again()

    def _follow(self, before: Predecessor) -> None:
        """Have the old server stop, and take its items and its last usage."""
        control = self.control
        with control.home.writing():
            record = (control.record, control.record_messages)
            if not before.end(record, self.kept, control.node, control.start_webhooks):
                control.start_webhooks()
                self.kept.load(control.node)
                # It may have stored usage that it could not record.
                control.collector.pause()
                control.collector.start()

    def _leave(self, successor: Successor) -> None:
        """Finish requests in flight, and give the items to the new server as soon as possible."""
        began, node = time.monotonic(), self.control.node
        self.outages.end()
        self.kept.abandon()
        if successor.stream and successor.takes_items:
            node.drain(DRAIN_SECONDS)
            self.kept.send(node, successor.stream)
        self.stop(max(0.0, began + GRACE_SECONDS - time.monotonic()))

    def stop(self, grace_seconds: float = GRACE_SECONDS) -> None:
        """Finish requests in flight, and stop serving."""
        self.control.node.stop(grace_seconds)
        if self._events:
            self._events.wait()

    def _serve(self, before: Predecessor | None = None) -> None:
        with before.serving() if before else nullcontext():
            self._listen()
        self.kept.begin(self.control.node)

    def _listen(self) -> None:
        self.control.node.start([each.socket for each in self.sockets])
        self._events = Events(self.control.node.next_event)
        self._events.start()

    def _resume(self, is_stale: bool) -> None:
        """Serve again, unless it was told to stop; items stay if no other server changed any."""
        if not is_stale:
            self.kept.begin(self.control.node)
        if self._take_back(flush=is_stale):
            without = " without its items, which are out of date" if is_stale else ""
            log.error(
                "the server that replaced this one has ended; this one serves again%s", without
            )
            self._serve()
            self.outages.begin()

    def _take_back(self, *, flush: bool = False) -> bool:
        if not self.control.take_back(flush=flush):
            return False
        self._tell_ready()
        return True

    def _tell_ready(self) -> None:
        self._is_ready = True
        supervisor.tell("READY=1", f"MAINPID={os.getpid()}")

    def _wait_again(self) -> None:
        shutdown = self.control.shutdown
        shutdown.woken.clear()
        if shutdown.is_set():
            shutdown.woken.set()
        self.handover.start()


def _prepare_process(settings: Settings) -> None:
    """Make files private to their owner, and raise the limit of open files."""
    os.umask(0o077)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    logs.begin(settings.log_format, settings.log_level)


def _check_for_two(settings: Settings) -> None:
    """Check that there is memory for both servers while one replaces the other.

    Raises:
        Misconfigured: There is not; the running one continues.
    """
    limit = host.memory_bytes()
    needed, there = host.two_servers_bytes(settings.memory), host.process_bytes(limit)
    if needed > there:
        raise Misconfigured(
            f"--replace needs memory for two servers, {needed // host.MIB} MiB, and of the "
            f"{limit // host.MIB} MiB here both may have {there // host.MIB}: stop the running "
            "server, and start without --replace"
        )


def _space(home: DataDirectory) -> Space:
    space = Space(Reserve(home.reserve))
    with home.writing():
        space.begin(has_data=home.database.exists())
    return space


@contextmanager
def _short(folder: Path) -> Iterator[Path]:
    """Return a path to the directory that is short enough for a socket, and is text."""
    if len(bytes(folder)) <= LONGEST_FOLDER and str(folder).isprintable():
        yield folder
        return
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _control(
    settings: Settings,
    home: DataDirectory,
    folder: Path,
    lock: int,
    space: Space,
    sockets: list[Listening],
    shutdown: Shutdown,
) -> Plane:
    """Return a closed control plane, with all that it needs."""
    cards = card_file.load(settings.rate_cards, settings.rate_card)
    provider = payments.provider_of(settings)
    answers: dict[str, str] = {}
    source = certificate.source_of(settings, home, answers)
    place = settings.database or home.database
    first_start.check_moved(home, place)
    made = first_start.make(home, place, source)
    shown = _first(source, home)
    socket = folder / home.app_socket.name
    node = _node(settings, shown, socket)
    outlet.dropped.watch(node.note_dropped_lines)
    passwords.memory.reserve_with(node.hold_memory, node.release_memory)
    running = addresses.running(
        settings.endpoint, [each.listener for each in sockets], settings.shown()
    )
    return Plane(
        settings,
        home,
        lock,
        space,
        socket,
        node,
        running,
        source,
        shown,
        answers,
        shutdown,
        cards,
        provider,
        made,
    )


def _first(source: Source | None, home: DataDirectory) -> Certificate | None:
    with home.writing():
        return source.first() if source else None


def _node(settings: Settings, shown: Certificate | None, socket: Path) -> LocalNode:
    limit, group = host.memory_bytes(), host.memory_group()
    return LocalNode(
        NodeSettings(
            listeners=settings.listeners,
            certificate=shown.chain if shown else None,
            private_key=shown.private_key if shown else None,
            threads=settings.threads,
            memory_bytes=settings.memory,
            ceiling_bytes=host.process_bytes(limit),
            shared_bytes=host.shared_bytes(limit),
            group=str(group) if group else None,
            backend=settings.backend,
            item_bytes=settings.item_bytes,
            element_bytes=settings.element_bytes,
            topic_history_messages=settings.topic_history_messages,
            topic_history_seconds=settings.topic_history_seconds,
            topic_history_bytes=settings.topic_history_bytes,
            app_socket=str(socket),
            local=settings.local,
            endpoint=settings.endpoint,
            also_endpoint=settings.also_endpoint,
            allowed_origins=settings.allowed_origins,
            metrics=settings.metrics,
            metrics_caches=settings.metrics_caches,
        )
    )
