"""SIGTERM and SIGINT: the first asks to end, the second ends. SIGHUP: look for a certificate now.

A server in a person's terminal gets SIGHUP when that is closed, and ends by it as every program.
"""

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def hung_up(look: Callable[[], None]) -> Iterator[None]:
    """Let SIGHUP call `look`; nothing changes for a server in a terminal."""
    if os.isatty(0):
        yield
        return
    before = signal.signal(signal.SIGHUP, lambda _, __: look())
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


class Asked(threading.Event):
    """Set when the server is to end.

    Attributes:
        woken: Set then, and whenever there is something else for who waits for it.
    """

    def __init__(self) -> None:
        super().__init__()
        self.woken = threading.Event()

    def set(self) -> None:
        """Ask for the end."""
        super().set()
        self.woken.set()


@contextmanager
def asked_to_end() -> Iterator[Asked]:
    """What the first signal sets; after it the system's own handling is back."""
    asked = Asked()

    def end(_: int, __: FrameType | None) -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        asked.set()

    before = {number: signal.signal(number, end) for number in ENDING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
