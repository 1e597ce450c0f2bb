"""A terminal in place of this process's standard output."""

import contextlib
import os
import pty
import sys
import termios
import threading
from types import TracebackType
from typing import Self


class Screen:
    """What is printed while it is open, as on a terminal of so many columns."""

    def __init__(self, columns: int) -> None:
        self.shown = ""
        self._columns = columns
        self._parts: list[bytes] = []

    def __enter__(self) -> Self:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (24, self._columns))
        self._before, self._variable = sys.stdout, os.environ.get("COLUMNS")
        os.environ["COLUMNS"] = str(self._columns)
        sys.stdout = open(theirs, "w", encoding="utf-8")
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        sys.stdout.close()
        sys.stdout = self._before
        if self._variable is None:
            del os.environ["COLUMNS"]
        self._reader.join()
        os.close(self._ours)
        self.shown = b"".join(self._parts).decode().replace("\r\n", "\n")

    def _read(self) -> None:
        # A terminal whose last writer has gone is an error on Linux, and no end of file.
        with contextlib.suppress(OSError):
            while part := os.read(self._ours, 4096):
                self._parts.append(part)
