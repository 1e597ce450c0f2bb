"""How results are printed: a table for people, plain lines or JSON for scripts."""

import codecs
import io
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer

from attimo.names import is_text

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

Value: TypeAlias = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"] | None


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


def print_json(value: Value) -> None:
    """Print a value as JSON; what is no text in it is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print(text if is_text(text) else json.dumps(value, indent=2))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows: with rules and headings on a terminal, else one line each, parted by tabs."""
    if not sys.stdout.isatty():
        for row in rows:
            print("\t".join(row))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns)
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


def moment(seconds: int | None, otherwise: str = "") -> str:
    """Say a moment, given in seconds since 1970, in UTC."""
    if seconds is None:
        return otherwise
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
