"""SIGTERM and SIGINT: the first asks to end, the second ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

ENDING = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def asked_to_end() -> Iterator[threading.Event]:
    """An event that the first signal sets; after it the system's own handling is back."""
    asked = threading.Event()

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
