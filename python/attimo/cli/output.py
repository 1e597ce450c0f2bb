"""How answers are printed: a table for a person, plain lines or JSON for a script."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, TypeAlias

import typer

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]

Value: TypeAlias = str | int | float | bool | Sequence["Value"] | Mapping[str, "Value"] | None


def print_json(value: Value) -> None:
    """Print a value as JSON."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


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
