"""attimo cache stats: what a cache holds, and how it is used."""

import contextlib
from typing import Any

from attimo import names
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.metrics import Page, page_of
from attimo.cli.options import cache_name
from attimo.cli.shapes import Column, Record
from attimo.cli.target import asks_server
from attimo.errors import AttimoError, NoSuchCache, NotFound

_METRICS = {
    "items": "attimo_cache_items",
    "stored_bytes": "attimo_cache_stored_bytes",
    "requests": "attimo_cache_requests_total",
    "errors": "attimo_cache_errors_total",
    "hits": "attimo_cache_hits_total",
    "misses": "attimo_cache_misses_total",
    "evicted": "attimo_cache_evicted_items_total",
}
"""Where each count stands on the page of metrics; those of requests begin with the server."""


@command(
    name="stats",
    shape=Record(
        Column("name"),
        Column("created_at", "moment", "Created"),
        Column("expires_at", "moment", "Expires", none="never"),
        *(Column(name, "number", none="0") for name in _METRICS),
        Column("hit_percent", "number", none="-"),
    ),
    examples=["attimo cache stats default-cache", "attimo cache stats default-cache --json"],
    watch=True,
)
@cache_name
@asks_server
def stats(client: HttpClient, name: str) -> dict[str, Any]:
    """Show what a cache holds, and its hits, misses and evictions since the server started.

    It reads /metrics, which servers offer to programs on their own machine by default. Expired
    items count until they are swept.
    """
    names.check_cache(name)
    cache = next((each for each in client.caches() if each["name"] == name), None)
    if cache is None:
        raise NoSuchCache(name)
    counts = _counts(page_of(_metrics(client)), name, _account(client))
    lookups = (counts["hits"] or 0) + (counts["misses"] or 0)
    percent = round(100 * (counts["hits"] or 0) / lookups, 1) if lookups else None
    return cache | counts | {"hit_percent": percent}


def _metrics(client: HttpClient) -> str:
    try:
        return client.metrics()
    except NotFound as error:
        raise NotFound(
            f"{client.server.url} does not offer /metrics here: run this on the server's machine, "
            "or see its setting --metrics"
        ) from error


def _counts(page: Page, name: str, account: str | None) -> dict[str, int | None]:
    found = {each: page.of_cache(metric, name, account) for each, metric in _METRICS.items()}
    return {each: None if value is None else int(value) for each, value in found.items()}


def _account(client: HttpClient) -> str | None:
    """The account of the caller, as far as it may know: the name may exist in several."""
    with contextlib.suppress(AttimoError):
        return next((str(key["account_id"]) for key in client.api_keys()), None)
    return None
