"""Evictions are told by cache: in usage, in metrics and as an event."""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import StringIO

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from faults.watching import eventually
from harness import Server

CACHES = ["crowded", "flushed", "deleted"]
VALUE = b"v" * 100_000
LINE = re.compile(r'INFO memory is full: evicted (\d+) items of cache "(\w+)" of account 1$', re.M)


@dataclass(frozen=True)
class Told:
    """How many items each cache lost, as one source tells it."""

    usage: dict[str, int]
    metrics: dict[str, int]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server with little memory and with lines for two caches."""
    with Server("--memory", "16MiB", "--metrics-caches", "2") as server:
        yield server


@pytest.fixture(scope="module")
def http(server: Server) -> Iterator[httpx.Client]:
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers) as client:
        yield client


def fill(http: httpx.Client, cache: str, items: int = 300) -> None:
    """Write much more than there is memory for."""
    for number in range(items):
        query = {"key": str(number), "ttl_seconds": "600"}
        http.put(f"/cache/{cache}", params=query, content=VALUE).raise_for_status()


def told(http: httpx.Client) -> Told:
    lines = http.get("/usage").raise_for_status().json()["usage"]
    families = text_string_to_metric_families(http.get("/metrics").text)
    samples = [sample for family in families for sample in family.samples]
    return Told(
        {line["cache"]: line["evicted"] for line in lines if line["evicted"]},
        {
            sample.labels.get("cache", "in all"): int(sample.value)
            for sample in samples
            if sample.name in ("attimo_cache_evicted_items_total", "attimo_evicted_items_total")
        },
    )


def test_each_eviction_is_told_once_also_of_caches_that_have_no_items_left(
    server: Server, http: httpx.Client
) -> None:
    for cache in CACHES:
        http.put(f"/caches/{cache}").raise_for_status()
        fill(http, cache)
        if cache == "flushed":
            http.post(f"/caches/{cache}/flush").raise_for_status()
        if cache == "deleted":
            http.delete(f"/caches/{cache}").raise_for_status()

    def all_are_in_the_ledger() -> bool:
        found = told(http)
        return sum(found.usage.values()) == found.metrics["in all"]

    eventually(all_are_in_the_ledger, "every eviction is in the ledger")

    found = told(http)
    evicted = found.metrics["in all"]
    assert 3 * 100 < evicted < 3 * 300
    assert found.usage.keys() == set(CACHES)
    by_cache = {name: items for name, items in found.metrics.items() if name != "in all"}
    assert sum(by_cache.values()) == evicted
    assert by_cache["crowded"] == found.usage["crowded"]
    assert len(by_cache) == 3, "two caches, and all others as one"
    eventually(lambda: "crowded" in dict(map(reversed, LINE.findall(server.output))), "an event")
    names = [name for _, name in LINE.findall(server.output)]
    assert sorted(names) == sorted(set(names)), "a line a minute"


def test_the_ledger_tells_evictions_from_requests(http: httpx.Client) -> None:
    asked = {"group_by": "key,api", "format": "csv", "cache": "crowded"}
    rows = list(csv.DictReader(StringIO(http.get("/usage", params=asked).text)))

    (lost,) = [row for row in rows if row["api"] == "Evict"]
    assert (lost["key"], lost["requests"]) == ("server", "0")
    assert int(lost["evicted"]) > 0
    assert {row["evicted"] for row in rows if row["api"] != "Evict"} == {"0"}
