"""attimo cache stats: what a cache holds, and how it is used."""

from typing import Any

from attimo.cli import latencies
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import cache_name
from attimo.cli.shapes import Column, Record
from attimo.cli.target import asks_server

_COUNTS = ("requests", "errors", "hits", "misses", "evicted")


@command(
    name="stats",
    shape=Record(
        Column("name"),
        Column("created_at", "moment", "Created"),
        Column("expires_at", "moment", "Expires", none="never"),
        *(Column(name, "number") for name in ("items", "stored_bytes", *_COUNTS)),
        Column("hit_percent", "number", none="-"),
        *latencies.COLUMNS,
    ),
    examples=["attimo cache stats default-cache", "attimo cache stats default-cache --json"],
    watch=True,
)
@cache_name
@asks_server
def stats(client: HttpClient, name: str) -> dict[str, Any]:
    """Show what a cache holds, and its hits, misses and evictions since the server started.

    The latency is that of requests that succeeded in this minute and the one before.
    It needs a key that may read all items of the cache. Expired items count until they are swept.
    """
    told = client.cache_stats(name)
    counts: dict[str, int] = told["counts"]
    lookups = counts["hits"] + counts["misses"]
    percent = round(100 * counts["hits"] / lookups, 1) if lookups else None
    return told | counts | {"hit_percent": percent} | latencies.of_cache(told)
