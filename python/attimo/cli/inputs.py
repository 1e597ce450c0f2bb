"""What a person gives a command to read: files by their names, and standard input.

What cannot be read is a mistake in the command line, whatever the reason; the message names both.
So is what has no end, as a device may have none: everything here is read up to a limit.
"""

import errno
import itertools
import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from attimo.errors import InvalidArgument

STANDARD_INPUT = "-"

MOST_BYTES = 5_243_000
"""Of a value, a message or a permission set: one request holds no more."""

LONGEST_LINE = 2**26
"""In bytes: an exported item, which fits into a response, is six times shorter in any notation."""

LONGEST_TYPED = 65_536
"""In characters: of a password, a code or a key."""

MOST_OF_PARTS = 2**28
"""The memory that all parts of an input may take together, such as keys to delete."""

PIECE = 65_536

ABOUT_A_PART = 64
"""The memory that a part takes beside its bytes."""


class InputFile(click.Path):
    """A file to read; one that cannot be read is refused before anything is done."""

    def __init__(self, allow_dash: bool = False) -> None:
        """Create the type; `allow_dash` is whether `-` is standard input."""
        super().__init__(allow_dash=allow_dash, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Read the name of a file.

        Raises:
            click.BadParameter: It cannot be read.
        """
        try:
            if not (self.allow_dash and value == STANDARD_INPUT):
                _check(value)
        except (OSError, ValueError) as error:
            self.fail(_sentence(str(value), error), param, ctx)
        return Path(value)


def content(source: str | Path, most: int = MOST_BYTES) -> bytes:
    """All of a file, or of standard input.

    Raises:
        InvalidArgument: It cannot be read, or is longer than `most`.
    """
    with _opened(str(source)) as file:
        found = file.read(most + 1)
    if len(found) > most:
        raise InvalidArgument(_too_long(_name(source), most))
    return found


def lines(source: str | Path) -> Iterator[bytes]:
    """The lines of a file, or of standard input, with their ends.

    Raises:
        InvalidArgument: It cannot be read, or a line is longer than `LONGEST_LINE`.
    """
    with _opened(str(source)) as file:
        for number in itertools.count(1):
            line = file.readline(LONGEST_LINE + 1)
            if len(line) > LONGEST_LINE:
                raise InvalidArgument(
                    _too_long(f"line {number:,} of {_name(source)}", LONGEST_LINE)
                )
            if not line:
                return
            yield line


def ended_by_null() -> Iterator[bytes]:
    """What ends with NUL on standard input, without it; after the last NUL may be one without.

    Raises:
        InvalidArgument: It cannot be read, or a part is longer than a request.
    """
    rest = b""
    with _opened(STANDARD_INPUT) as file:
        while chunk := file.read(PIECE):
            *whole, rest = (rest + chunk).split(b"\0")
            yield from whole
            if len(rest) > MOST_BYTES:
                raise InvalidArgument(_too_long("a part of standard input", MOST_BYTES))
    if rest:
        yield rest


def held(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The same parts of standard input, for who keeps all of them.

    Raises:
        InvalidArgument: They take more memory than `MOST_OF_PARTS`.
    """
    left = MOST_OF_PARTS
    for count, part in enumerate(parts):
        left -= len(part) + ABOUT_A_PART
        if left < 0:
            raise InvalidArgument(
                f"standard input has more than {count:,} keys, which is as many as are read at "
                "once: pass them in parts"
            )
        yield part


def typed_line() -> str:
    """One line of standard input, without its end; empty if there is none.

    Raises:
        InvalidArgument: It cannot be read, or is longer than `LONGEST_TYPED`.
    """
    with _reading("standard input"):
        line = sys.stdin.readline(LONGEST_TYPED + 1)
    if len(line) > LONGEST_TYPED:
        raise InvalidArgument(
            f"standard input cannot be read: its line has more than {LONGEST_TYPED:,} characters"
        )
    return line.rstrip("\r\n")


@contextmanager
def _opened(source: str) -> Iterator[IO[bytes]]:
    if source == STANDARD_INPUT:
        with _reading("standard input"):
            yield sys.stdin.buffer
    else:
        with _reading(source), open(source, "rb") as file:
            yield file


@contextmanager
def _reading(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InvalidArgument(_sentence(name, error)) from error


def _check(path: str) -> None:
    """Refuse what is no file, without opening it: a pipe can be opened once.

    Raises:
        OSError: It cannot be read.
        ValueError: No file has such a name.
    """
    if stat.S_ISDIR(os.stat(path).st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(path, os.R_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _name(source: str | Path) -> str:
    return "standard input" if str(source) == STANDARD_INPUT else str(source)


def _too_long(name: str, most: int) -> str:
    return f"{name} cannot be read: it has more than {most:,} bytes"


def _sentence(name: str, error: Exception) -> str:
    return f"{name or repr(name)} cannot be read: {getattr(error, 'strerror', None) or error}"
