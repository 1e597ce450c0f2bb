"""attimo set: write an item, or many from lines."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

import click

from attimo.cli import exits, lines, times
from attimo.cli.cache_client import CacheClient
from attimo.cli.command import command
from attimo.cli.options import argument, item_ttl, option
from attimo.cli.progress import Progress
from attimo.cli.shapes import Answer, Column, Done
from attimo.cli.target import asks_cache

BATCH_ITEMS = 1_000
BATCH_BYTES = 512 * 1024
"""What one request writes at most, unless a single item is larger."""

CONDITIONS = {"if_absent": {"If-None-Match": "*"}, "if_present": {"If-Match": "*"}}


def _sentence(told: dict[str, Any]) -> str:
    if not told["written"]:
        return "Nothing was written: the condition is not met."
    what = told["key"] if told["key"] is not None else f"{told['written']:,} items"
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
    type=click.Path(dir_okay=False, path_type=Path),
    help="Read the value from a file.",
)
@option(
    "--lines",
    "source",
    metavar="FILE",
    type=click.Path(allow_dash=True, dir_okay=False),
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
    source: str | None,
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
        return file.read_bytes()
    return sys.stdin.buffer.read() if value == "-" else os.fsencode(value or "")


def _write_lines(cache: CacheClient, source: str, ttl: int) -> int:
    """Write the items of a file in batches; return how many there were."""
    written = 0
    with _opened(source) as file, Progress("items written") as progress:
        for batch in _batches(lines.parse(file)):
            cache.set_many(batch, ttl)
            written += len(batch)
            progress.at(written)
    return written


def _opened(source: str) -> contextlib.AbstractContextManager[IO[bytes]]:
    return contextlib.nullcontext(sys.stdin.buffer) if source == "-" else open(source, "rb")


def _batches(items: Iterable[tuple[bytes, bytes]]) -> Iterator[list[tuple[bytes, bytes]]]:
    batch: list[tuple[bytes, bytes]] = []
    size = 0
    for key, value in items:
        grown = size + len(key) + len(value)
        if batch and (grown > BATCH_BYTES or len(batch) == BATCH_ITEMS):
            yield batch
            batch, grown = [], len(key) + len(value)
        batch.append((key, value))
        size = grown
    if batch:
        yield batch
