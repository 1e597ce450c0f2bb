"""The control app in a thread of its own, behind a Unix socket.

The socket is open before the app has been imported: what the node forwards meanwhile waits in the
kernel's queue, so the data plane need not wait for the app, nor a client for a second try.
"""

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured

if TYPE_CHECKING:
    import uvicorn

LONGEST_SOCKET_PATH = 107  # bytes; the kernel's limit
BACKLOG = 1024
KEEP_ALIVE_SECONDS = 3600  # the node is the only client, and closes what it no longer needs
GRACE_SECONDS = 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Door:
    """An open Unix socket in a folder that only this user can enter."""

    path: Path
    socket: socket.socket


@contextmanager
def door(home: DataDirectory) -> Iterator[Door]:
    """Open a socket in the data directory, whose lock this process holds; it is gone at the end.

    What a killed server left there is taken away first. A data directory whose path is too long
    for a socket, or is no UTF-8, gets one in the temporary directory instead.
    """
    path = home.app_socket
    with ExitStack() as stack:
        if not _can_be_socket(path):
            path = Path(stack.enter_context(_private_folder())) / path.name
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise Misconfigured(
                f"{path} is where the server has its socket ({error.strerror}): move it away"
            ) from error
        listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
        listener.bind(str(path))
        stack.callback(path.unlink, missing_ok=True)
        listener.listen(BACKLOG)
        yield Door(path, listener)


def _can_be_socket(path: Path) -> bool:
    """Whether the kernel takes the path for a socket, and the node, which takes text, too."""
    return len(bytes(path)) <= LONGEST_SOCKET_PATH and str(path).isprintable()


def _private_folder() -> TemporaryDirectory[str]:
    """A new folder (mode 700) whose path is short enough for a socket in it."""
    for parent in (None, "/tmp"):  # noqa: S108  (it is made unguessable and private)
        folder = TemporaryDirectory(prefix="attimo-", dir=parent)
        if _can_be_socket(Path(folder.name) / "app.sock"):
            return folder
        folder.cleanup()
    raise Misconfigured(
        "the path of the temporary directory is too long for a socket, or no UTF-8; set TMPDIR"
    )


@dataclass(slots=True)
class AppThread:
    """Runs an ASGI app on a door.

    Attributes:
        door: Where it answers.
        make: Imports and makes the app; called in the thread.
        on_failure: Told when the app ends by itself, which is a bug.
        failed: Whether it has.
    """

    door: Door
    make: Callable[[], Any]
    on_failure: Callable[[], None]
    failed: bool = field(default=False, init=False)
    _server: "uvicorn.Server | None" = field(default=None, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)
    _settled: threading.Event = field(default_factory=threading.Event, init=False)

    def start(self) -> None:
        """Begin to import; return at once."""
        self._thread = threading.Thread(target=self._run, name="control-app", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Return when the app answers, or has failed."""
        self._settled.wait()

    def stop(self) -> None:
        """Finish the requests under way, and end; nothing if it was never started."""
        if self._thread is None:
            return
        self._settled.wait()
        if self._server is not None:
            self._server.should_exit = True
        self._thread.join(GRACE_SECONDS + 1)

    def _run(self) -> None:
        try:
            self._serve()
        except BaseException:
            log.exception("the control app has failed")
            self.failed = True
            self.on_failure()
        finally:
            self._settled.set()

    def _serve(self) -> None:
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
        self._server = Server(config)
        self._server.run(sockets=[self.door.socket])
