"""attimo top: what caches do now, as a table that follows them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, NamedTuple

import click

from attimo.cli import complete, latencies, live
from attimo.cli.command import command
from attimo.cli.durations import Duration
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, option
from attimo.cli.shapes import Answer, Column, Listing, View
from attimo.cli.target import asks_server
from attimo.errors import AttimoError, NotFound, PermissionDenied

MOST_CACHES = 100
"""Each costs a request, and a plan limits how many of them an account sends in a second."""
INTERVAL_SECONDS = 2

_RATES = {
    "operations": "operations_per_second",
    "bytes_in": "received_per_second",
    "bytes_out": "sent_per_second",
    "errors": "errors_per_second",
}
COLUMNS = (
    Column("name"),
    Column("operations_per_second", "number", "Ops/s"),
    Column("hit_percent", "number", "Hit %", none="-"),
    Column("received_per_second", "number", "In B/s"),
    Column("sent_per_second", "number", "Out B/s"),
    Column("errors_per_second", "number", "Err/s"),
    *latencies.COLUMNS,
    Column("items", "number"),
    Column("stored_bytes", "number", "Bytes"),
    Column("evicted", "number"),
)
KEYS = {
    "o": "operations_per_second",
    "h": "hit_percent",
    "l": "p99_micros",
    "b": "stored_bytes",
    "i": "items",
    "e": "evicted",
    "n": "name",
}
"""The key that sorts by a column."""
_SORTS = click.Choice([each.name for each in COLUMNS])


class Reading(NamedTuple):
    """The counts of caches at moments, by name, and the server's latencies, if it shows them."""

    caches: dict[str, tuple[float, dict[str, Any]]]
    latencies: latencies.Counts


class Watch(NamedTuple):
    """What is watched: the readings, on which server, and how they are shown."""

    readings: Iterator[Reading]
    place: str
    sort: str
    every: int
    once: bool

    def now(self) -> list[dict[str, Any]]:
        """The table, after one interval."""
        before = next(self.readings)
        time.sleep(self.every)
        return _rows(before, next(self.readings), self.sort)

    def follow(self) -> None:
        """Draw the table until it is ended."""
        before, sort = next(self.readings), self.sort
        with live.Terminal() as terminal:
            terminal.show([self.place, f"counting for {self.every} s"], COLUMNS, [])
            while (key := terminal.key_within(self.every)) != "q":
                sort, now = KEYS.get(key, sort), next(self.readings)
                took = latencies.between(before.latencies, now.latencies)
                keys = f"by {sort} (keys: o h l b i e n), end: q"
                rows = _rows(before, now, sort)
                terminal.show([f"{self.place}  {took}".strip(), keys], COLUMNS, rows)
                before = now


class Top(Listing):
    """The table: live for a person at a terminal, otherwise once."""

    def show(self, answer: Any, view: View) -> None:
        """Print or draw it."""
        watch: Watch = answer.data
        if watch.once or view.as_json or not live.is_possible():
            super().show(Answer(watch.now()), view)
        else:
            watch.follow()


@command(
    shape=Top(*COLUMNS),
    examples=[
        "attimo top --once --every 1",
        "attimo top sessions shop --once --every 1 --sort stored_bytes",
    ],
)
@argument(
    "names",
    f"The caches. Default: the first {MOST_CACHES} by name.",
    nargs=-1,
    required=False,
    metavar="[NAME...]",
    shell_complete=complete.caches,
)
@option("--sort", default="operations_per_second", type=_SORTS, help="The column to sort by.")
@option(
    "--every",
    default=INTERVAL_SECONDS,
    type=Duration(3_600, 1),
    help=f"The time between two readings. Default: {INTERVAL_SECONDS} seconds.",
)
@option("--once", is_flag=True, help="Print the table once, after one interval.")
@asks_server
def top(client: HttpClient, names: tuple[str, ...], sort: str, every: int, once: bool) -> Watch:
    """Show what caches do now: operations per second, hit rate, latency, bytes, items, evictions.

    On a terminal, the table is drawn again until q or Ctrl-C; the keys o, h, l, b, i, e and n sort
    by operations, hit rate, p99, bytes, items, evictions and name. Otherwise, and with --once or
    --json, it is printed once. Rates and hits are those since the reading before, latencies those
    of requests that succeeded in this minute and the one before, some seconds late, and evictions
    those since the server started. Above the table are the latencies of all requests to the
    server, if it offers its metrics here.

    It needs a key that may read all items of a cache; without names, others are left out.
    """
    return Watch(_readings(client, names), client.server.url, sort, every, once)


def _readings(client: HttpClient, names: Sequence[str]) -> Iterator[Reading]:
    while True:
        chosen = names or [each["name"] for each in islice(client.caches(), MOST_CACHES)]
        found = dict[str, tuple[float, dict[str, Any]]]()
        for name in chosen:
            # It may be hidden from this key, or deleted since it was listed.
            with suppress(*(() if names else (NotFound, PermissionDenied))):
                found[name] = time.monotonic(), client.cache_stats(name)
        yield Reading(found, _latencies(client))


def _latencies(client: HttpClient) -> latencies.Counts:
    with suppress(AttimoError):  # this listener offers no metrics
        return latencies.counts_of(client.metrics())
    return {}


def _rows(before: Reading, now: Reading, sort: str) -> list[dict[str, Any]]:
    both = sorted(name for name in now.caches if name in before.caches)
    rows = [_row(name, before.caches[name], now.caches[name]) for name in both]
    if sort == "name":
        return rows
    return sorted(rows, key=lambda row: -1 if row[sort] is None else row[sort], reverse=True)


def _row(
    name: str, before: tuple[float, dict[str, Any]], now: tuple[float, dict[str, Any]]
) -> dict[str, Any]:
    """What a cache did between two moments; a server that started anew counts from zero."""
    seconds = now[0] - before[0]
    counts, old = now[1]["counts"], before[1]["counts"]
    done = {count: max(0, counts[count] - old[count]) for count in (*_RATES, "hits", "misses")}
    lookups = done["hits"] + done["misses"]
    return {
        "name": name,
        **{rate: round(done[count] / seconds, 1) for count, rate in _RATES.items()},
        **latencies.of_cache(now[1]),
        "hit_percent": round(100 * done["hits"] / lookups, 1) if lookups else None,
        "items": now[1]["items"],
        "stored_bytes": now[1]["stored_bytes"],
        "evicted": counts["evicted"],
    }
