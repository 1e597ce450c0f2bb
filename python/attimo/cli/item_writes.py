"""attimo set: write an item, or many from lines."""

import os
from pathlib import Path
from typing import Any

import click

from attimo.cli import exits, inputs, lines, times
from attimo.cli.batches import batches
from attimo.cli.cache_client import CacheClient
from attimo.cli.command import command
from attimo.cli.inputs import InputFile
from attimo.cli.lines import Line
from attimo.cli.options import argument, item_ttl, option
from attimo.cli.progress import Progress
from attimo.cli.sentences import Extent, noting
from attimo.cli.shapes import Answer, Column, Done, quoted
from attimo.cli.target import asks_cache

CONDITIONS = {"if_absent": {"If-None-Match": "*"}, "if_present": {"If-Match": "*"}}


def _sentence(told: dict[str, Any]) -> str:
    if not told["written"]:
        return "Nothing was written: the condition is not met."
    what = quoted(told["key"]) if told["key"] is not None else f"{told['written']:,} items"
    return f"Set {what}, for {times.span(told['ttl_seconds'])}."


@command(
    name="set",
    shape=Done(
        _sentence,
        Column("written", "number"),
        Column("key", none="-"),
        Column("ttl_seconds", "number"),
        quiet=True,
    ),
    examples=[
        "attimo set greeting hello --ttl 10m",
        "printf 'user:1\\tAda\\nuser:2\\tBob\\n' | attimo set --lines -",
    ],
)
@argument("key", "The key.", required=False)
@argument("value", "The value; `-` reads it from standard input.", required=False)
@option(
    "--file",
    "-f",
    type=InputFile(),
    help="Read the value from a file.",
)
@option(
    "--lines",
    "source",
    metavar="FILE",
    type=InputFile(allow_dash=True),
    help="Write an item for each line of `KEY<TAB>VALUE` in a file, or `-` for standard input. "
    r"Escapes: `\t`, `\n`, `\r`, `\\` and `\xHH`.",
)
@item_ttl
@option("--if-absent", is_flag=True, help="Only if the item does not exist; else exit with 1.")
@option("--if-present", is_flag=True, help="Only if the item exists; else exit with 1.")
@asks_cache
def set_items(
    cache: CacheClient,
    key: str | None,
    value: str | None,
    file: Path | None,
    source: Path | None,
    ttl: int,
    if_absent: bool,
    if_present: bool,
) -> Answer:
    """Write an item, whose value can be any bytes, or many items from lines.

    The data type set is at `attimo sets`.
    """
    wanted = {"if_absent": if_absent, "if_present": if_present}
    only = [name for name in CONDITIONS if wanted[name]]
    if source is not None:
        if key is not None or file is not None or only:
            raise click.UsageError("pass --lines alone, without a key or a condition")
        return _answer(_write_lines(cache, source, ttl), None, ttl)
    if key is None or (value is None) == (file is None):
        raise click.UsageError("pass a key and exactly one of a value, `-` and --file")
    if len(only) > 1:
        raise click.UsageError("pass --if-absent or --if-present, not both")
    condition = CONDITIONS[only[0]] if only else {}
    written = cache.set(key, _value(value, file), ttl, condition)
    return _answer(int(written), os.fsencode(key).decode(errors="backslashreplace"), ttl)


def _answer(written: int, key: str | None, ttl: int) -> Answer:
    status = exits.MISS if key is not None and not written else exits.OK
    return Answer({"written": written, "key": key, "ttl_seconds": ttl}, status)


def _value(value: str | None, file: Path | None) -> bytes:
    if file is not None:
        return inputs.content(file)
    return inputs.content("-") if value == "-" else os.fsencode(value or "")


def _size(line: Line) -> int:
    return len(line.key) + len(line.value)


def _write_lines(cache: CacheClient, source: Path, ttl: int) -> int:
    """Write the items of a file in batches; return how many there were.

    Raises:
        AttimoError: A line is no item, or a batch is refused; a note says which lines are written.
    """
    written, extent = 0, Extent("line", "written")
    with Progress("items written") as progress, noting(extent.note):
        for batch in batches(lines.parse(inputs.lines(source)), _size):
            extent.sent = batch[-1].number
            cache.set_many([(each.key, each.value) for each in batch], ttl)
            extent.done = extent.sent
            written += len(batch)
            progress.at(written)
    return written
