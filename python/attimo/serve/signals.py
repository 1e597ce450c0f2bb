"""Signals: the first SIGTERM or SIGINT requests a shutdown, the second ends the process. SIGHUP
reloads the certificate.

A server in a terminal gets SIGHUP when that is closed, and ends as any program does.
"""

import os
import select
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def on_sighup(look: Callable[[], None]) -> Iterator[None]:
    """Call `look` on SIGHUP, except in a terminal."""
    if os.isatty(0):
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda _, __: look())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


class Alarm:
    """An event that also wakes the main thread from a signal handler.

    The kernel can deliver a signal to any thread. Python runs its handler in the main thread, once
    that is awake; a signal does not wake it from a lock, so it waits for a socket to which each
    signal writes (`signal.set_wakeup_fd`).
    """

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._hears, self.wakes = socket.socketpair()
        for end in (self._hears, self.wakes):
            end.setblocking(False)

    def set(self) -> None:
        """Wake the main thread; `wait` returns immediately until `clear`."""
        self._is_set.set()
        with suppress(OSError):  # full: already awake; or closed: nothing waits
            self.wakes.send(b"\0")

    def clear(self) -> None:
        """Make `wait` block again."""
        self._is_set.clear()

    def wait(self) -> None:
        """Block until it is set."""
        while not self._is_set.is_set():
            select.select([self._hears], [], [])
            with suppress(BlockingIOError):
                self._hears.recv(4096)

    def close(self) -> None:
        """Close the sockets."""
        self._hears.close()
        self.wakes.close()


class Shutdown(threading.Event):
    """Set when the server should stop.

    Attributes:
        woken: Set then, and when the main thread has something else to do.
    """

    def __init__(self) -> None:
        super().__init__()
        self.woken = Alarm()

    def set(self) -> None:
        """Request the shutdown."""
        super().set()
        self.woken.set()


@contextmanager
def shutdown_signals() -> Iterator[Shutdown]:
    """Return what the first signal sets; then the default handling is restored."""
    shutdown = Shutdown()

    def end(_: int, __: FrameType | None) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        shutdown.set()

    before = {number: signal.signal(number, end) for number in ENDING}
    waker = signal.set_wakeup_fd(shutdown.woken.wakes.fileno(), warn_on_full_buffer=False)
    try:
        yield shutdown
    finally:
        signal.set_wakeup_fd(waker)
        for number, handler in before.items():
            signal.signal(number, handler)
        shutdown.woken.close()
