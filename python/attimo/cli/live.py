"""A table that is drawn again and again on a terminal, which keys end or change."""

import os
import select
import shutil
import sys
import termios
import tty
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self

from attimo.cli import tables
from attimo.cli.shapes import Column, printable

_OPEN = "\x1b[?1049h\x1b[?25l"  # another screen, without a cursor
_CLOSE = "\x1b[?25h\x1b[?1049l"
_CLEAR = "\x1b[H\x1b[2J"
_ABOVE = 2
"""Lines that are neither text nor rows: the headings, and where the cursor waits."""


def is_possible() -> bool:
    """Whether a person looks at the output and can type keys."""
    return sys.stdin.isatty() and sys.stdout.isatty()


class Terminal:
    """The terminal of this process, which is as before at the end of the context.

    One that can only print (`TERM=dumb`) gets one table below the other.
    """

    def __init__(self) -> None:
        self._is_plain = tables.is_dumb()

    def __enter__(self) -> Self:
        """Read single keys; Ctrl-C still interrupts."""
        self._before = termios.tcgetattr(sys.stdin)
        tty.setcbreak(sys.stdin)
        self._write(_OPEN)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Set back what was set."""
        self._write(_CLOSE)
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, self._before)

    def show(
        self, titles: Sequence[str], columns: Sequence[Column], rows: Sequence[Mapping[str, Any]]
    ) -> None:
        """Draw a table below lines of text, with as many rows as there is space for."""
        self._write(_CLEAR)
        size = shutil.get_terminal_size()
        for each in titles:
            print(printable(each)[: size.columns])
        space = len(rows) if self._is_plain else size.lines - len(titles) - _ABOVE
        tables.show(columns, rows[: max(space, 0)], exact=False)
        sys.stdout.flush()

    def key_within(self, seconds: float) -> str:
        """The key that was pressed, at most so long from now; none is empty, an end is `q`."""
        ready, _, _ = select.select([sys.stdin], [], [], seconds)
        if not ready:
            return ""
        return os.read(sys.stdin.fileno(), 1).decode(errors="replace") or "q"

    def _write(self, code: str) -> None:
        if not self._is_plain:
            sys.stdout.write(code)
            sys.stdout.flush()
