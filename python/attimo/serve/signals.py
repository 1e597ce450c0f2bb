"""SIGTERM and SIGINT: the first asks to end, the second ends. SIGHUP: look for a certificate now.

A server in a person's terminal gets SIGHUP when that is closed, and ends by it as every program.
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
    """Let SIGHUP call `look`; nothing changes for a server in a terminal."""
    if os.isatty(0):
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda _, __: look())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


class Alarm:
    """An event for which the main thread waits, and which no signal fails to wake.

    The kernel may hand a signal to any thread. Python runs its handler in the main thread, and only
    once that is awake: nothing wakes it from a lock, so it waits for a socket to which each signal
    writes (`signal.set_wakeup_fd`).
    """

    def __init__(self) -> None:
        self._is_set = threading.Event()
        self._hears, self.wakes = socket.socketpair()
        for end in (self._hears, self.wakes):
            end.setblocking(False)

    def set(self) -> None:
        """Wake who waits, and let nobody wait until `clear`."""
        self._is_set.set()
        with suppress(OSError):  # it is full, so who waits is awake; or closed, and nobody waits
            self.wakes.send(b"\0")

    def clear(self) -> None:
        """Let the next one wait."""
        self._is_set.clear()

    def wait(self) -> None:
        """Return once it is set."""
        while not self._is_set.is_set():
            select.select([self._hears], [], [])
            with suppress(BlockingIOError):
                self._hears.recv(4096)

    def close(self) -> None:
        """Let go of the sockets."""
        self._hears.close()
        self.wakes.close()


class Shutdown(threading.Event):
    """Set when the server is to end.

    Attributes:
        woken: Set then, and whenever there is something else for who waits for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.woken = Alarm()

    def set(self) -> None:
        """Ask for the end."""
        super().set()
        self.woken.set()


@contextmanager
def shutdown_signals() -> Iterator[Shutdown]:
    """What the first signal sets; after it the system's own handling is back."""
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
