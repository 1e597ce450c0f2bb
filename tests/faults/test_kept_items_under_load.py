"""Many items pass from server to server, and a stock SDK waits for no more than three seconds.

`ATTIMO_ALL_LOADS=1` takes two million of 16 + 100 bytes.
"""

import os
import re
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import grpc
import pytest
from momento import CacheClient
from momento.responses import CacheGet, CacheSet
from momento_wire_types import cacheclient_pb2, cacheclient_pb2_grpc

from faults.replacing import succession
from faults.watching import eventually, sdk
from harness import Server

ITEMS = 2_000_000 if os.environ.get("ATTIMO_ALL_LOADS") else 100_000
BATCH = 1000
CACHE = "default-cache"
VALUE = b"v" * 100
LONGEST_SECONDS = 3.0
TTL_MILLISECONDS = 3_600_000


def key(number: int) -> bytes:
    return b"%016d" % number


def fill(server: Server) -> None:
    """Write all items, a thousand in a request."""
    host, port = server.http_address
    metadata = (("authorization", server.api_key), ("cache", CACHE))
    with grpc.insecure_channel(f"{host}:{port}") as channel:
        scs = cacheclient_pb2_grpc.ScsStub(channel)  # type: ignore[no-untyped-call]
        for start in range(0, ITEMS, BATCH):
            items = [
                cacheclient_pb2._SetRequest(
                    cache_key=key(number), cache_body=VALUE, ttl_milliseconds=TTL_MILLISECONDS
                )
                for number in range(start, start + BATCH)
            ]
            answers = scs.SetBatch(cacheclient_pb2._SetBatchRequest(items=items), metadata=metadata)
            assert sum(1 for _ in answers) == BATCH


@dataclass
class Reader:
    """A program that reads items and writes one of its own, all the time."""

    number: int
    done: int = 0
    longest: float = 0.0
    failures: list[str] = field(default_factory=list)

    def work(self, server: Server, ending: threading.Event) -> None:
        with sdk(server) as cache:
            while not ending.is_set():
                self.step(cache)

    def step(self, cache: CacheClient) -> None:
        self.number = (self.number + 7919) % ITEMS
        began = time.monotonic()
        got = cache.get(CACHE, key(self.number))
        read = time.monotonic()
        written = cache.set(CACHE, f"own {self.done % 10}", "v")
        self.longest = max(self.longest, read - began, time.monotonic() - read)
        self.done += 1
        if not isinstance(got, CacheGet.Hit) or not isinstance(written, CacheSet.Success):
            self.failures.append(f"{got} {written}")


@contextmanager
def at_work(server: Server, *readers: Reader) -> Iterator[None]:
    ending = threading.Event()
    with ThreadPoolExecutor() as pool:
        working = [pool.submit(reader.work, server, ending) for reader in readers]
        try:
            yield
        finally:
            ending.set()
        for each in working:
            each.result()


@pytest.mark.timeout(600)
def test_no_item_is_missing_and_no_request_takes_long_while_servers_replace_each_other(
    tmp_path: Path,
) -> None:
    readers = [Reader(0), Reader(ITEMS // 2)]
    with succession(tmp_path / "data", "--memory", "1GiB") as line:
        fill(line.now)
        with at_work(line.now, *readers):
            for _ in range(2):
                before = [reader.done for reader in readers]
                line.replace()
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        reader.done > done + 50
                        for reader, done in zip(readers, before, strict=True)
                    ),
                    "every reader reads from the next server",
                )
        for reader in readers:
            assert reader.failures == []
            assert reader.done > 100
            assert reader.longest < LONGEST_SECONDS


def test_all_items_are_away_and_back_within_three_seconds(tmp_path: Path) -> None:
    with Server("--memory", "1GiB", data_dir=tmp_path / "data") as server:
        fill(server)
        server.stop()
        away = took(server, rf"items for the next start: {ITEMS} written, 0 left out")
        server.start()
        back = took(server, rf"items of the last run: {ITEMS} kept, 0 lost")

    assert (away + back) / 1000 < LONGEST_SECONDS


def took(server: Server, words: str) -> int:
    """The milliseconds that the log says it took."""
    line = rf"{words}.* in (\d+) ms"
    eventually(lambda: re.search(line, server.output) is not None, f"it says {words!r}")
    (took_ms,) = re.findall(line, server.output)
    return int(took_ms)
