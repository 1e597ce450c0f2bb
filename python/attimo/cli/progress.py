"""How far a command is: on standard error, on a terminal, if it takes longer than a second."""

import sys
import time
from typing import Self

FIRST_SECONDS = 1.0
NEXT_SECONDS = 0.1


class Progress:
    """A count that is shown while it grows; the line is gone when the command is done.

    Args:
        words: What is counted, after the number: `items written`.
        total: What it will be, if that is known.
    """

    def __init__(self, words: str, total: int | None = None) -> None:
        self._words = words
        self._of = "" if total is None else f" of {total:,}"
        self._next = time.monotonic() + FIRST_SECONDS
        self._shown = 0

    def __enter__(self) -> Self:
        """Use it in a `with`, which removes the line."""
        return self

    def __exit__(self, *_: object) -> None:
        """Remove the line."""
        if self._shown:
            self._write("")

    def expect(self, total: int) -> None:
        """Say what the count will be."""
        self._of = f" of {total:,}"

    def at(self, count: int, what: str = "") -> None:
        """Show how far it is and what is in work, unless it was shown just now."""
        now = time.monotonic()
        if now >= self._next and sys.stderr.isatty():
            self._next = now + NEXT_SECONDS
            of = f": {what}" if what else ""
            self._write(f"{count:,}{self._of} {self._words}{of}")

    def tell(self, line: str) -> None:
        """Print a line on standard error in place of the count."""
        if self._shown:
            self._write("")
        print(line, file=sys.stderr)

    def _write(self, text: str) -> None:
        print(f"\r{text:<{self._shown}}", end="\r" * (not text), file=sys.stderr, flush=True)
        self._shown = len(text)
