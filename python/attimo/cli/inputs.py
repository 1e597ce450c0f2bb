"""What a person gives a command to read: files by their names, and standard input.

What cannot be read is a mistake in the command line, whatever the reason; the message names both.
"""

import errno
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from attimo.errors import InvalidArgument

STANDARD_INPUT = "-"


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


def content(source: str | Path) -> bytes:
    """All of a file, or of standard input.

    Raises:
        InvalidArgument: It cannot be read.
    """
    with _opened(str(source)) as file:
        return file.read()


def lines(source: str | Path) -> Iterator[bytes]:
    """The lines of a file, or of standard input, with their ends.

    Raises:
        InvalidArgument: It cannot be read.
    """
    with _opened(str(source)) as file:
        yield from file


def typed_line() -> str:
    """One line of standard input, without its end; empty if there is none.

    Raises:
        InvalidArgument: It cannot be read.
    """
    with _reading("standard input"):
        return sys.stdin.readline().rstrip("\r\n")


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


def _sentence(name: str, error: Exception) -> str:
    return f"{name or repr(name)} cannot be read: {getattr(error, 'strerror', None) or error}"
