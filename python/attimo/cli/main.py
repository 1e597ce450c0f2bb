"""The program `attimo`: runs the command that was typed, and ends with its exit status."""

import codecs
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    import click

NAME = "attimo"


def main() -> None:
    """Run the command that was typed; an error is one line and an exit status of its own."""
    open_what_is_closed()
    write_to_nobody()
    take_any_text()
    raise SystemExit(run(sys.argv[1:]))


def run(words: Sequence[str]) -> int:
    """Run a command; return the exit status."""
    import click

    from attimo.cli import exits
    from attimo.errors import AttimoError

    try:
        result = _result(list(words))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough. Python would complain at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return exits.OK
    except (KeyboardInterrupt, EOFError) as error:
        # The terminal has echoed ^C.
        print(file=sys.stderr)
        exits.report(error)
        return exits.INTERRUPTED
    except (AttimoError, click.ClickException, click.Abort, OSError) as error:
        exits.report(error)
        return exits.status_of(error)
    return result if isinstance(result, int) else exits.OK


def _result(words: list[str]) -> object:
    """What the command returns."""
    import click

    program = commands()
    # The steps of its `main`, which ends like a miss when nobody reads the output any more.
    program._main_shell_completion({}, NAME)
    try:
        with program.make_context(NAME, words) as ctx:
            return program.invoke(ctx)
    except click.exceptions.Exit as ended:
        return ended.exit_code


def commands() -> "click.Group":
    """The program with every command; none is loaded before it is used."""
    from attimo.cli.commands import app

    return app


def open_what_is_closed() -> None:
    """Let a command run whose outputs are closed (`>&-`), or its input.

    What it prints is lost; what it reads is an error.
    """
    sys.stdin = sys.stdin or _nowhere("r")
    sys.stdout = sys.stdout or _nowhere("w")
    sys.stderr = sys.stderr or _nowhere("w")


def _nowhere(mode: Literal["r", "w"]) -> TextIO:
    """A file that takes everything and from which nothing can be read."""
    return os.fdopen(os.open(os.devnull, os.O_WRONLY), mode)


class _Unheard(io.FileIO):
    """A file that takes everything, also when nobody reads it any more."""

    def __init__(self, file: TextIO) -> None:
        super().__init__(file.fileno(), "w", closefd=False)
        self._file = file  # would close the descriptor at its end

    def write(self, data: Any) -> int:
        """Write it, or lose it."""
        try:
            return super().write(data) or 0
        except OSError:
            return len(memoryview(data))


def write_to_nobody() -> None:
    """Let a command go on when nobody reads what it says: its exit status still tells the end."""
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(_Unheard(sys.stderr)),
        encoding=sys.stderr.encoding,
        errors="backslashreplace",
        line_buffering=True,
    )


def take_any_text() -> None:
    """Let whatever is printed be printed: names of files need not be text, a screen not Unicode."""
    codecs.register_error("attimo", _printed)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="attimo")


def _printed(error: UnicodeError) -> tuple[str | bytes, int]:
    """The bytes that a name has on the disk, else an escape."""
    try:
        return codecs.lookup_error("surrogateescape")(error)
    except UnicodeError:
        return codecs.lookup_error("backslashreplace")(error)
