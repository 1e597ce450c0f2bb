"""Stored data in the ledger: a server that ends loses seconds of it, and counts none twice."""

import time
from collections.abc import Callable

import pytest

from faults.watching import ask, client, eventually, write
from harness import Server

OPTIONS = ("--collect-seconds", "0.1")
VALUE = "v" * 999_999
ITEMS = 6
BYTES = ITEMS * (1 + len(VALUE))
SLACK = 1.5
"""Seconds that may lie between a sample and the moment at which its record is seen."""


def stored(server: Server) -> tuple[int, int]:
    """The byte-minutes of the default cache: of keys and values, and with overhead."""
    sums = ask(
        server.data_dir,
        "SELECT total(whole * (1 - with_overhead)), total(whole * with_overhead) FROM usage_stored "
        "JOIN usage_series ON usage_series.id = series_id "
        "JOIN caches ON caches.id = cache_id "
        "WHERE name = 'default-cache' AND key_id = 'server' AND api = 'Store'",
    )
    ((data, all_of_it),) = sums
    return int(data), int(all_of_it)


def byte_minutes(seconds: float) -> int:
    return int(BYTES * seconds / 60)


def next_sample(server: Server) -> tuple[int, float]:
    """Wait for one; return the byte-minutes then, and the moment."""
    before = stored(server)
    eventually(lambda: stored(server) != before, "another sample is in the ledger")
    return stored(server)[0], time.monotonic()


@pytest.mark.parametrize("end", [Server.kill, Server.stop])
def test_byte_minutes_survive_and_none_are_counted_twice(end: Callable[[Server], None]) -> None:
    with Server(*OPTIONS) as server:
        with client(server) as http:
            for key in range(ITEMS):
                write(http, str(key), VALUE)
        (first, then), (second, now) = next_sample(server), next_sample(server)
        end(server)
        data, with_overhead = stored(server)
        ended = time.monotonic()

        assert abs(second - first - byte_minutes(now - then)) <= byte_minutes(SLACK)
        assert second <= data <= second + byte_minutes(ended - now + SLACK)
        assert data < with_overhead < data * 1.2

        began = time.monotonic()
        server.start()
        assert stored(server)[0] == data
        with client(server) as http:
            write(http, "0", VALUE)
        after, now = next_sample(server)
        kept = BYTES if end is Server.stop else BYTES // ITEMS
        assert 0 < after - data <= byte_minutes(now - began) * kept // BYTES + 1
