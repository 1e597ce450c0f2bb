"""attimo status: the state of the server on one screen."""

import time
from typing import Any

from attimo.cli import exits
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.metrics import Page, page_of
from attimo.cli.shapes import Answer, Column, Record
from attimo.cli.target import asks_server

COLUMNS = (
    Column("status"),
    Column("version"),
    Column("started_at", "moment", "Started"),
    *(
        Column(name, "number")
        for name in (
            "connections",
            "requests",
            "refused_requests",
            "failed_requests",
            "mean_microseconds",
            "hits",
            "misses",
            "caches",
            "items",
            "stored_bytes",
            "budget_bytes",
            "allowance_bytes",
            "in_flight_bytes",
            "connections_bytes",
            "overhead_bytes",
            "process_bytes",
            "evicted_items",
            "resident_bytes",
            "usage_waiting",
            "panics",
        )
    ),
)


@command(shape=Record(*COLUMNS), examples=["attimo status", "attimo status --json"], watch=True)
@asks_server
def status(client: HttpClient) -> Answer:
    """Show whether the server is ready, what it stores and how busy it is.

    Exits with 5 while the server is not ready.
    """
    readiness = client.readiness()
    told = _fields(readiness, page_of(client.metrics()))
    return Answer(told, exits.OK if readiness == "ready" else exits.UNREACHABLE)


def _fields(readiness: str, page: Page) -> dict[str, Any]:
    requests = int(page.sum("attimo_requests_total"))
    return {
        "status": readiness,
        "version": page.label("attimo_build_info", "version"),
        "started_at": int(page.sum("process_start_time_seconds")) or int(time.time()),
        "connections": int(page.sum("attimo_connections_open")),
        "requests": requests,
        "refused_requests": int(page.sum("attimo_requests_total", 'outcome="refused"')),
        "failed_requests": int(page.sum("attimo_requests_total", 'outcome="failed"')),
        "mean_microseconds": round(
            page.sum("attimo_request_duration_seconds_sum") * 1_000_000 / max(requests, 1), 1
        ),
        "hits": int(page.sum("attimo_hits_total")),
        "misses": int(page.sum("attimo_misses_total")),
        "caches": int(page.sum("attimo_caches")),
        "items": int(page.sum("attimo_items")),
        "stored_bytes": int(page.sum("attimo_stored_bytes")),
        "budget_bytes": int(page.sum("attimo_memory_budget_bytes")),
        "allowance_bytes": int(page.sum("attimo_memory_allowance_bytes")),
        **{
            f"{part}_bytes": int(page.sum("attimo_memory_bytes", f'part="{part}"'))
            for part in ("in_flight", "connections", "overhead", "process")
        },
        "evicted_items": int(page.sum("attimo_evicted_items_total")),
        "resident_bytes": int(page.sum("process_resident_memory_bytes")),
        "usage_waiting": int(page.sum("attimo_usage_batches_waiting")),
        "panics": int(page.sum("attimo_panics_total")),
    }
