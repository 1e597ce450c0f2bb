"""Tables: aligned for people, separated by tabs on a pipe.

Nothing but prose is ever cut: ids and numbers are there to be copied.
"""

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from attimo.cli.shapes import Column

GAP = "  "
SHORTEST_PROSE = 12
"""Columns of prose are not cut below this, in characters."""


def show(
    columns: Sequence["Column"],
    items: Iterable[Mapping[str, Any]],
    exact: bool,
    total: Mapping[str, str] | None = None,
) -> None:
    """Print a table of records: with headings on a terminal, else one line each.

    Args:
        columns: What is shown.
        items: The records, by the names of the columns.
        exact: Whether times are in ISO 8601 on a terminal, too, and prose is not cut.
        total: A last line, apart from the others, on a terminal only.
    """
    if not sys.stdout.isatty():
        for item in items:
            print("\t".join(each.text(item.get(each.name), exact=True) for each in columns))
        return
    rows = [[each.text(item.get(each.name), exact) for each in columns] for item in items]
    last = [str((total or {}).get(each.name, "")) for each in columns]
    widths = [
        max(map(width, chain([each.heading, last[at]], (row[at] for row in rows))))
        for at, each in enumerate(columns)
    ]
    if not exact:
        _narrow(columns, widths)
    print(_bold(_line(columns, [each.heading for each in columns], widths)))
    for row in rows:
        print(_line(columns, row, widths))
    if total is not None:
        print(_bold(_line(columns, last, widths)))


def show_fields(columns: Sequence["Column"], item: Mapping[str, Any], exact: bool) -> None:
    """Print a record, one line for each field."""
    is_terminal = sys.stdout.isatty()
    longest = max((width(each.heading) for each in columns), default=0)
    for each in columns:
        if is_terminal:
            text = each.text(item.get(each.name), exact)
            print(f"{_bold(_pad(each.heading, longest, False))}{GAP}{text}")
        else:
            print(f"{each.heading.lower()}\t{each.text(item.get(each.name), exact=True)}")


def width(text: str) -> int:
    """The number of cells that a text takes on a terminal."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0 if unicodedata.combining(c) else 1 + (unicodedata.east_asian_width(c) in "WF")
        for c in text
    )


def is_dumb() -> bool:
    """Whether the terminal can only print, or nothing is known of it."""
    return os.environ.get("TERM", "dumb") == "dumb"


def _narrow(columns: Sequence["Column"], widths: list[int]) -> None:
    """Shorten columns of prose, the widest first, until a line fits."""
    import shutil

    limit = shutil.get_terminal_size().columns
    prose = [at for at, each in enumerate(columns) if each.kind == "prose"]
    over = sum(widths) + len(GAP) * (len(widths) - 1) - limit
    while over > 0 and prose:
        widest = max(prose, key=lambda at: widths[at])
        if widths[widest] <= SHORTEST_PROSE:
            return
        widths[widest] -= 1
        over -= 1


def _line(columns: Sequence["Column"], cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        _pad(cell, size, each.kind in ("number", "decimal", "score"))
        for each, cell, size in zip(columns, cells, widths, strict=True)
    ]
    return GAP.join(padded).rstrip()


def _pad(cell: str, size: int, to_the_right: bool) -> str:
    missing = size - width(cell)
    if missing < 0:
        return _cut(cell, size)
    return " " * missing + cell if to_the_right else cell + " " * missing


def _cut(cell: str, size: int) -> str:
    while width(cell) > size - 1:
        cell = cell[:-1]
    return f"{cell}…{' ' * (size - 1 - width(cell))}"


def _bold(text: str) -> str:
    plain = os.environ.get("NO_COLOR") or is_dumb()
    return text if plain else f"\x1b[1m{text}\x1b[0m"
