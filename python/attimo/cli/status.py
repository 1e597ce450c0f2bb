"""attimo status: the state of the server on one screen."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass

from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_server

_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)$")


@dataclass(frozen=True, slots=True)
class Page:
    """A page of metrics, parsed."""

    samples: list[tuple[str, str, float]]

    def sum(self, name: str, *labels: str) -> float:
        """The sum over all samples of a metric with these labels; 0 if there are none."""
        return sum(
            value
            for found, written, value in self.samples
            if found == name and all(label in written for label in labels)
        )

    def label(self, name: str, label: str) -> str:
        """The value of a label of a metric that has one sample."""
        written = next((labels for found, labels, _ in self.samples if found == name), "")
        found = re.search(rf'{label}="([^"]*)"', written)
        return found[1] if found else ""


def page_of(text: str) -> Page:
    """Parse a page."""
    return Page(list(_samples(text)))


def _samples(text: str) -> Iterator[tuple[str, str, float]]:
    for line in text.splitlines():
        if found := _SAMPLE.match(line):
            yield found[1], found[2] or "", float(found[3])


@asks_server
def status(client: HttpClient, as_json: Json = False) -> None:
    """Show whether the server is ready, what it stores and how busy it is."""
    readiness = client.readiness()
    rows = _rows(readiness, page_of(client.metrics()), time.time())
    if as_json:
        print_json(rows)
    else:
        print_table(
            ["Value", "Now"], [(name.replace("_", " "), _words(rows[name])) for name in rows]
        )
    if readiness != "ready":
        raise SystemExit(1)


def _rows(readiness: str, page: Page, now: float) -> dict[str, str | int | float]:
    requests = int(page.sum("attimo_requests_total"))
    return {
        "status": readiness,
        "version": page.label("attimo_build_info", "version"),
        "up_seconds": int(now - page.sum("process_start_time_seconds")),
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


def _words(value: str | int | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"
