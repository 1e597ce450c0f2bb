"""Runs the control app in a thread, behind a Unix socket, from the first control request on.

The app and what it imports are a third of the memory of a server at rest, and data requests need
none of it. The socket is open before: requests that the node forwards meanwhile wait in the
kernel's queue, so neither the data plane waits for the app, nor do clients have to retry.
"""

import logging
import selectors
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attimo.errors import Misconfigured

if TYPE_CHECKING:
    import uvicorn

BACKLOG = 1024
KEEP_ALIVE_SECONDS = 3600  # the node is the only client, and closes what it no longer needs
GRACE_SECONDS = 1
AGAIN_SECONDS = 1.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AppSocket:
    """A listening Unix socket."""

    path: Path
    socket: socket.socket


@contextmanager
def app_socket(path: Path) -> Iterator[AppSocket]:
    """Open a socket in a directory of mode 700; it is removed at the end of the context.

    What a killed server left there is removed first.
    """
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise Misconfigured(
            f"{path} is the path of the server's socket ({error.strerror}): move it away"
        ) from error
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(path))
        listener.listen(BACKLOG)
        try:
            yield AppSocket(path, listener)
        finally:
            path.unlink(missing_ok=True)


@dataclass(slots=True)
class AppThread:
    """Runs an ASGI app on a Unix socket.

    Attributes:
        bound: The socket on which it answers.
        make: Imports and creates the app; called in the thread, when somebody connects, until it
            succeeds.
        on_failure: Called when the app ends by itself, which is a bug.
        failed: Whether that has happened.
    """

    bound: AppSocket
    make: Callable[[], Any]
    on_failure: Callable[[], None]
    failed: bool = field(default=False, init=False)
    _server: "uvicorn.Server | None" = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _settled: threading.Event = field(default_factory=threading.Event, init=False)
    _stopping: tuple[socket.socket, socket.socket] = field(
        default_factory=socket.socketpair, init=False
    )

    def start(self) -> None:
        """Start the thread; return immediately."""
        self._thread = threading.Thread(target=self._run, name="control-app", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Finish requests in flight, and stop; does nothing if it was never started."""
        told, tell = self._stopping
        tell.close()
        if self._thread is not None:
            self._settled.wait()
            if self._server is not None:
                self._server.should_exit = True
            self._thread.join(GRACE_SECONDS + 1)
        told.close()

    def _run(self) -> None:
        try:
            while self._is_asked():
                if server := self._loaded():
                    server.run(sockets=[self.bound.socket])
                    return
                self._refuse()
        except BaseException:
            log.exception("the control app has failed")
            self.failed = True
            self.on_failure()
        finally:
            self._settled.set()

    def _is_asked(self) -> bool:
        """Wait until somebody connects; return False if it is stopped before."""
        told, _ = self._stopping
        with selectors.DefaultSelector() as selector:
            for each in (told, self.bound.socket):
                selector.register(each, selectors.EVENT_READ)
            return all(key.fileobj is not told for key, _ in selector.select())

    def _loaded(self) -> "uvicorn.Server | None":
        """Import and create the app; return None if that is impossible now.

        Its packages may be in the middle of an upgrade, until the server is restarted.
        """
        try:
            self._server = self._new_server()
        except Exception:
            log.exception("the control app cannot be loaded: only data is served")
        return self._server

    def _refuse(self) -> None:
        """Close the connections of those who ask, and wait a moment before it is tried again."""
        with selectors.DefaultSelector() as selector:
            selector.register(self.bound.socket, selectors.EVENT_READ)
            while selector.select(0):
                self.bound.socket.accept()[0].close()
            selector.unregister(self.bound.socket)
            selector.register(self._stopping[0], selectors.EVENT_READ)
            selector.select(AGAIN_SECONDS)

    def _new_server(self) -> "uvicorn.Server":
        import uvicorn

        settled = self._settled

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets)
                settled.set()

        config = uvicorn.Config(
            self.make(),
            loop="asyncio",
            http="h11",
            ws="none",
            lifespan="on",  # the app limits its threads there
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=GRACE_SECONDS,
            backlog=BACKLOG,
        )
        return Server(config)
