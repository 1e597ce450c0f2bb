"""Standard output and standard error that never block the server.

A write to a pipe that nobody reads, or to a stopped terminal, blocks forever. So output goes into a
bounded queue per stream, which a thread writes. Lines that do not fit, or cannot be written (a full
disk, a closed pipe), are dropped and counted; the count is logged once a line can be written again.
"""

import contextlib
import io
import logging
import os
import select
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

MOST_BYTES = 256 * 1024
"""The size of a stream's queue; lines beyond it are dropped."""
END_SECONDS = 1.0
"""How long a process waits at its end until its queues are written."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Dropped:
    """The number of dropped lines, over both streams.

    Attributes:
        tell: Called with the number of each further drop.
    """

    count: int = 0
    tell: Callable[[int], None] = field(default=lambda _: None)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def add(self, lines: int) -> None:
        """Count further lines."""
        with self._lock:
            self.count += lines
            self.tell(lines)

    def watch(self, tell: Callable[[int], None]) -> None:
        """Report the lines dropped so far, and each one from now on."""
        with self._lock:
            self.tell = tell
            tell(self.count)


dropped = Dropped()


@dataclass(slots=True)
class Outlet:
    """A file descriptor, and the thread that writes to it; the thread starts with the first line.

    Attributes:
        descriptor: The file descriptor.
        dropped: Counts dropped lines.
    """

    descriptor: int
    dropped: Dropped
    _lines: deque[bytes] = field(default_factory=deque, init=False)
    _bytes: int = field(default=0, init=False)
    _untold: bool = field(default=False, init=False)
    _changed: threading.Condition = field(default_factory=threading.Condition, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def put(self, line: bytes) -> None:
        """Queue a line; return immediately."""
        with self._changed:
            # After a drop, the next line is accepted when there is room for several.
            most = MOST_BYTES // 2 if self._untold else MOST_BYTES
            taken = not self._lines or self._bytes + len(line) <= most
            if taken:
                self._lines.append(line)
                self._bytes += len(line)
                self._need_thread()
                self._changed.notify_all()
            else:
                self._untold = True
        if not taken:
            self.dropped.add(1)

    def drain(self, until: float) -> bool:
        """Wait until all is written, or until that `time.monotonic`; return whether it is."""
        with self._changed:
            return self._changed.wait_for(
                lambda: not self._lines, max(0.0, until - time.monotonic())
            )

    def _need_thread(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="output", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._lines)
                line = self._lines[0]
            written = self._write(line)
            if not written:
                self.dropped.add(1)
            if self._done(line, written):
                log.warning("%d lines of the log were dropped since the start", self.dropped.count)

    def _done(self, line: bytes, written: bool) -> bool:
        """Remove a line; return whether to report dropped ones now."""
        with self._changed:
            self._lines.popleft()
            self._bytes -= len(line)
            self._changed.notify_all()
            tell = written and self._untold and self._bytes <= MOST_BYTES // 2
            self._untold = not tell and (self._untold or not written)
            return tell

    def _write(self, line: bytes) -> bool:
        """Write the whole line, however long it takes; return False if that is not possible."""
        rest = memoryview(line)
        while rest:
            try:
                rest = rest[os.write(self.descriptor, rest) :]
            except BlockingIOError:  # another process with this file made it non-blocking
                select.select([], [self.descriptor], [])
            except OSError:
                return False
        return True


class Stream(io.TextIOBase):
    """A text stream into an outlet, line by line."""

    def __init__(self, outlet: Outlet) -> None:
        super().__init__()
        self._outlet = outlet
        self._begun = ""
        self._lock = threading.RLock()  # signal handlers can write, too

    def write(self, text: str, /) -> int:
        """Write text; an incomplete line waits for its end."""
        with self._lock:
            *lines, self._begun = (self._begun + text).split("\n")
            if lines:
                self._outlet.put(_encoded("\n".join(lines) + "\n"))
        return len(text)

    def flush(self) -> None:
        """Write an incomplete line."""
        with self._lock:
            begun, self._begun = self._begun, ""
            if begun:
                self._outlet.put(_encoded(begun))

    def drain(self, until: float) -> bool:
        """Wait until all is written, or until that `time.monotonic`; return whether it is."""
        self.flush()
        return self._outlet.drain(until)

    def begin_anew(self) -> None:
        """Start with an empty queue, a new thread and new locks, in a forked child."""
        self._outlet = Outlet(self._outlet.descriptor, Dropped())
        self._begun, self._lock = "", threading.RLock()

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor behind it."""
        return self._outlet.descriptor

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self._outlet.descriptor)


@contextlib.contextmanager
def never_blocking() -> Iterator[None]:
    """Redirect everything that Python prints or logs to outlets.

    At the end it waits for readers, at most END_SECONDS in all. If nobody has read by then, the
    streams stay redirected, so that the end of the process does not block, either.
    """
    closed = _open_all()
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = (
        Stream(Outlet(closed.get(number, number), dropped)) for number in (1, 2)
    )
    try:
        yield
    finally:
        if drain():
            sys.stdout, sys.stderr = before


def drain() -> bool:
    """Give readers END_SECONDS to read the rest; return whether they have."""
    until = time.monotonic() + END_SECONDS
    done = [stream.drain(until) for stream in _streams()]
    return all(done)


def forked() -> None:
    """Reset the outlets in a forked child.

    It has none of the threads of its parent, which write the queued lines. They may have held a
    lock at the fork, which nothing would release here.
    """
    for stream in _streams():
        stream.begin_anew()


def _streams() -> list[Stream]:
    return [each for each in (sys.stdout, sys.stderr) if isinstance(each, Stream)]


def _open_all() -> dict[int, int]:
    """Open standard streams that are closed, so that no other file gets their numbers.

    Returns:
        For each that Python found closed, where to write instead: its number may be in use.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    missing = [number for number, each in ((1, sys.stdout), (2, sys.stderr)) if each is None]
    return {number: os.open(os.devnull, os.O_WRONLY) for number in missing}


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "backslashreplace")
