"""attimo cache import: items from a file, Valkey or Redis."""

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import click

from attimo.cli import exits, inputs
from attimo.cli.ask import did, plural
from attimo.cli.batches import batches
from attimo.cli.cache_client import CacheClient
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import DEFAULT_TTL_SECONDS, argument, cache_name, dry_run, option, ttl
from attimo.cli.progress import Progress
from attimo.cli.sentences import noting
from attimo.cli.shapes import Answer, Column, Done, quoted
from attimo.cli.target import asks_server
from attimo.cli.transfer import store, store_url
from attimo.cli.transfer.items import Item, Skipped, parse
from attimo.cli.transfer.writer import Writer, size
from attimo.errors import InvalidArgument, PermissionDenied

EVERY_KEY = "*"


def _sentence(told: dict[str, Any]) -> str:
    parts = [f"{did('Imported', told)} {plural(told['imported'], 'item')}"]
    parts += [f"skipped {told['skipped']:,}"] if told["skipped"] else []
    if told["differing"] is not None:
        differ = "differs" if told["differing"] == 1 else "differ"
        parts += [f"{told['differing']:,} {differ} from the cache"]
    return f"{', '.join(parts)}."


@command(
    name="import",
    shape=Done(
        _sentence,
        Column("imported", "number"),
        Column("skipped", "number"),
        Column("differing", "number", none="-"),
        Column("dry_run", "flag"),
    ),
    examples=[
        "attimo cache import sessions items.jsonl --verify",
        "attimo cache import sessions redis://localhost:6379/0 --match 'session:*' --ttl 1d",
    ],
)
@cache_name
@argument("source", "A file of JSON lines, `-` for standard input, or a URL of Valkey or Redis.")
@ttl(
    f"Time to live of items that have none in the source. Default: {DEFAULT_TTL_SECONDS} seconds.",
    default=DEFAULT_TTL_SECONDS,
)
@option("--match", default=EVERY_KEY, help="Of Valkey or Redis: only keys that match this pattern.")
@option("--verify", is_flag=True, help="Read each item back, and compare it.")
@dry_run
@asks_server
def import_items(
    client: HttpClient, name: str, source: str, ttl: int, match: str, verify: bool, dry_run: bool
) -> Answer:
    r"""Write many items of any type into a cache; those of the same key are replaced.

    An item that the cache cannot take is skipped, with a line on standard error; the exit status is
    then 6. `--dry-run --verify` compares a source with a cache, and writes nothing.

    A URL is `redis://HOST:PORT/DATABASE`, `rediss://…` over TLS; `REDISCLI_AUTH` can have the
    password. A line of a file is an item as the HTTP API takes it, with `key`, `type`, `value` (or
    `fields`, `values`, `elements`) and `ttl_seconds`.
    """
    if match != EVERY_KEY and not store_url.is_store(source):
        raise click.UsageError("--match is for Valkey and Redis: a file is imported whole")
    count: Counter[str] = Counter()
    progress = Progress("items imported")

    def tell(what: str, each: Skipped) -> None:
        count[what] += 1
        progress.tell(f"attimo: {what} {quoted(each.key)}: {each.reason}")

    skip = partial(tell, "skipped")
    cache = CacheClient(client, name)
    writer = Writer(cache, ttl, skip)
    with noting(lambda _: _done(count, writer)), _read(source, match) as found, progress:
        if dry_run:
            _check(cache)
        for batch in batches(_unless_skipped(found, skip), size):
            written = []
            for each in batch if dry_run else writer.write(batch):
                written.append(each)
                count["imported"] += 1
            for other in writer.differing(written) if verify else ():
                tell("differing", other)
            progress.at(count["imported"])
    told = {
        "imported": count["imported"],
        "skipped": count["skipped"],
        "differing": count["differing"] if verify else None,
        "dry_run": dry_run,
    }
    return Answer(told, exits.FAILED if count["skipped"] or count["differing"] else exits.OK)


@contextlib.contextmanager
def _read(source: str, match: str) -> Iterator[Iterator[Item | Skipped]]:
    if store_url.is_store(source):
        with store.opened(source) as client:
            yield store.items(client, match)
    elif "://" in source:
        schemes = ", ".join(store_url.SCHEMES)
        raise InvalidArgument(f"No items can be read from that URL: its scheme must be {schemes}")
    else:
        yield parse(inputs.lines(source))


def _check(cache: CacheClient) -> None:
    """Refuse a cache that does not exist; whether this caller may write to it is not known."""
    with contextlib.suppress(PermissionDenied):
        cache.exist(["-"])


def _unless_skipped(
    found: Iterator[Item | Skipped], skip: Callable[[Skipped], None]
) -> Iterator[Item]:
    for each in found:
        if isinstance(each, Item):
            yield each
        else:
            skip(each)


def _done(count: Counter[str], writer: Writer) -> str:
    """What was written before an error, and what perhaps was."""
    parts = {"imported": count["imported"], "perhaps written": writer.unanswered}
    told = [f"{what}: {plural(number, 'item')}" for what, number in parts.items() if number]
    done = "; ".join(told)
    return f"{done[0].upper()}{done[1:]}" if done else "Nothing was imported"
