"""Outages for the tests of clients: `GET /block` cuts all clients off, `GET /unblock` ends that.

Momento's SDKs test their reconnecting so, at port 9090 of momento-local. Only a `--local` server
has it, at an address of this machine. While clients are cut off, their connections are accepted and
reset: a client that only waited would not notice the outage.

The host of a request is `localhost` or a loopback address. By another name that leads here, a web
page could ask: to its browser, that is the page's own site.
"""

import errno
import logging
import selectors
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from urllib.parse import urlsplit

from attimo.errors import Misconfigured

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: what is not sent is discarded, and the peer gets RST."""
PAUSE_SECONDS = 0.1
"""How long no connection is accepted after one could not be, as without a free descriptor."""
LOOK_SECONDS = 0.25
"""How long an end, or a free address, may remain unnoticed."""
OWN_PAGES = (None, "none", "same-origin")
"""`Sec-Fetch-Site` of programs, of an address that somebody typed, and of pages from here."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Outages:
    """Cuts all clients of a server off, and lets them back.

    Attributes:
        stop: Stops serving, and closes all connections.
        start: Serves again.
        sockets: The sockets on which the server listens.
    """

    stop: Callable[[], None]
    start: Callable[[], None]
    sockets: Sequence[socket.socket]
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)
    _resetting: "_Resetting | None" = field(default=None, init=False)
    _is_serving: bool = field(default=False, init=False)

    def begin(self) -> None:
        """Note that the server serves."""
        with self._lock:
            self._is_serving = True

    def block(self) -> bool:
        """Cut all clients off, unless they are; return False if the server begins or ends."""
        with self._lock:
            if not self._is_serving:
                return False
            if self._resetting is None:
                self.stop()
                self._resetting = _Resetting(self.sockets)
                log.info("all clients are cut off, as /block asks")
            return True

    def unblock(self) -> bool:
        """Let clients back, if they are cut off; return False if the server begins or ends."""
        with self._lock:
            if not self._is_serving:
                return False
            if self._resetting is not None:
                self._resetting.end()
                try:
                    self.start()
                except BaseException:  # all stay cut off, and the next try is one
                    self._resetting = _Resetting(self.sockets)
                    raise
                self._resetting = None
                log.info("clients are let back, as /unblock asks")
            return True

    def end(self) -> None:
        """Leave the sockets alone from now on; the server stops, or another one takes them."""
        with self._lock:
            self._is_serving = False
            if self._resetting is not None:
                self._resetting.end()
                self._resetting = None


class _Resetting:
    """Accepts connections and resets them, in a thread of its own."""

    def __init__(self, sockets: Sequence[socket.socket]) -> None:
        self._woken, self._wake = socket.socketpair()
        self._ended = threading.Event()
        self._selector = selectors.DefaultSelector()
        for each in (self._woken, *sockets):
            self._selector.register(each, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._run, name="outage", daemon=True)
        self._thread.start()

    def end(self) -> None:
        """Return when no more are accepted."""
        self._ended.set()
        self._wake.close()
        self._thread.join()
        self._selector.close()
        self._woken.close()

    def _run(self) -> None:
        while True:
            ready = [key.fileobj for key, _ in self._selector.select()]
            if self._woken in ready:
                return
            for each in ready:
                if isinstance(each, socket.socket) and not _reset_one(each):
                    self._ended.wait(PAUSE_SECONDS)  # or the loop would spin


def _reset_one(listening: socket.socket) -> bool:
    """Accept and reset a connection; return False if none can be accepted."""
    try:
        connection, _ = listening.accept()
    except OSError:
        return False
    with connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    return True


@contextmanager
def offered(address: str | None, outages: Outages, *, is_replacing: bool = False) -> Iterator[None]:
    """Answer requests for outages at an address of this machine, if there is one.

    Args:
        address: The address.
        outages: What is asked for.
        is_replacing: Whether another server, which ends later, may still have the address.

    Raises:
        Misconfigured: The address cannot be used.
    """
    if address is None:
        yield
        return
    server = _first(address, outages, is_replacing)
    ended = threading.Event()
    thread = threading.Thread(
        target=_answer, args=(address, outages, server, ended), name="outages", daemon=True
    )
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        outages.end()


def _first(address: str, outages: Outages, is_replacing: bool) -> ThreadingHTTPServer | None:
    """Listen; return None if the server that is replaced may have the address."""
    try:
        return _listening(address, outages)
    except OSError as error:
        if is_replacing and error.errno == errno.EADDRINUSE:
            log.warning("local_admin waits until nobody else listens at %s", address)
            return None
        raise Misconfigured(
            f"local_admin cannot listen at {address}: {error.strerror}; choose another port"
        ) from error


def _answer(
    address: str, outages: Outages, server: ThreadingHTTPServer | None, ended: threading.Event
) -> None:
    """Answer until the end, and try to listen first."""
    while server is None and not ended.wait(LOOK_SECONDS):
        with suppress(OSError):
            server = _listening(address, outages)
    if server is None:
        return
    with server:
        server.timeout = LOOK_SECONDS
        while not ended.is_set():
            server.handle_request()


def _listening(address: str, outages: Outages) -> ThreadingHTTPServer:
    host, _, port = address.rpartition(":")
    return _server_class(host)((host.strip("[]"), int(port)), _handler(outages))


def _server_class(host: str) -> type[ThreadingHTTPServer]:
    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET

    return Server


def _handler(outages: Outages) -> type[BaseHTTPRequestHandler]:
    actions = {"/block": outages.block, "/unblock": outages.unblock}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            action = actions.get(self.path)
            if action is None:
                return self.say(HTTPStatus.NOT_FOUND, "use GET /block or GET /unblock")
            if self.headers.get("sec-fetch-site") not in OWN_PAGES:
                return self.say(HTTPStatus.FORBIDDEN, "pages of other sites may not do this")
            if not _is_of_here(self.headers.get("host", "")):
                return self.say(HTTPStatus.FORBIDDEN, "use the host localhost or 127.0.0.1")
            try:
                is_done = action()
            except Exception as error:
                log.exception("%s failed", self.path)
                return self.say(HTTPStatus.INTERNAL_SERVER_ERROR, f"{self.path} failed: {error}")
            if not is_done:
                return self.say(HTTPStatus.SERVICE_UNAVAILABLE, "the server begins or ends")
            return self.say(HTTPStatus.OK, f"{self.path.removeprefix('/')}ed")

        def say(self, status: HTTPStatus, text: str) -> None:
            """Answer."""
            content = f"{text}\n".encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


def _is_of_here(host: str) -> bool:
    """Whether it is `localhost` or a loopback address, with or without a port."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False
