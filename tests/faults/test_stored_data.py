"""Stored data in the ledger: within 5 % over an end of the server, and none is counted twice."""

import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults.watching import ask, client, eventually, write
from harness import Server

COLLECT_SECONDS = 0.1
VALUE = "v" * 999_999
ITEMS = 6
BYTES = ITEMS * (1 + len(VALUE))
SECONDS = 2.5
"""For how long data is stored before each end."""
OFF = 0.05
"""By how much the ledger may differ."""
LOST_SECONDS = COLLECT_SECONDS + 0.5
"""What a kill may lose."""


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


def byte_minutes(seconds: float) -> float:
    return BYTES * seconds / 60


def refuses(address: tuple[str, int]) -> bool:
    """Whether nobody listens there any more."""
    try:
        socket.create_connection(address, 5).close()
    except ConnectionRefusedError:
        return True
    return False


def stop(server: Server) -> float:
    """Stop it, and return the moment from which on it served nothing."""
    address = server.http_address

    def ended() -> float:
        eventually(lambda: refuses(address), "connections are refused")
        return time.monotonic()

    with ThreadPoolExecutor(1) as pool:
        moment = pool.submit(ended)
        server.stop()
        return moment.result()


def kill(server: Server) -> float:
    server.kill()
    return time.monotonic()


def store_and_end(server: Server, end: Callable[[Server], float]) -> tuple[float, float]:
    """Store data, then end; for how many seconds it was stored, at least and at most."""
    before = stored(server)[0]
    asked = time.monotonic()
    with client(server) as http:
        for key in range(ITEMS):
            write(http, str(key), VALUE)
    began = time.monotonic()
    enough = before + byte_minutes(SECONDS)
    eventually(lambda: stored(server)[0] > enough, "so much stored data is in the ledger")
    ending = time.monotonic()
    return ending - began, end(server) - asked


@pytest.mark.parametrize(("end", "lost"), [(stop, 0.0), (kill, LOST_SECONDS)])
def test_stored_data_is_within_5_percent_over_an_end_and_counted_once(
    end: Callable[[Server], float], lost: float
) -> None:
    least = most = 0.0
    with Server("--collect-seconds", str(COLLECT_SECONDS), "--no-keep-items") as server:
        for run in range(2):
            if run:
                recorded = stored(server)
                server.start()
                assert stored(server) == recorded, "nothing is stored yet"
            at_least, at_most = store_and_end(server, end)
            least, most = least + at_least - lost, most + at_most

        data, with_overhead = stored(server)
    assert byte_minutes(least) * (1 - OFF) <= data <= byte_minutes(most) * (1 + OFF)
    assert data < with_overhead < data * 1.2
