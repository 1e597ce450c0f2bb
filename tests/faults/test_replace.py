"""One server takes another's place while stock clients are at work: none of them sees it."""

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from faults.programs import JAVASCRIPT, NODE_SDK, PYTHON_SDK, at_work
from faults.replacing import succession
from faults.watching import billed, eventually
from harness import Server

RESTARTS = 3
PATH = "/cache/default-cache"


class KeptAlive(threading.Thread):
    """A program on httpx that never retries: each answer must be one that it wants."""

    def __init__(self, server: Server, http2: bool) -> None:
        super().__init__()
        self.ending = threading.Event()
        self.done = 0
        self.failures: list[str] = []
        self.client = httpx.Client(
            base_url=server.http,
            headers={"Authorization": server.api_key},
            http1=not http2,
            http2=http2,
            trust_env=False,
            timeout=20,
        )

    def run(self) -> None:
        with self.client as http:
            while not self.ending.is_set():
                for wanted, method, query in (
                    ({204}, "PUT", {"key": "k", "ttl_seconds": "60"}),
                    ({200, 404}, "GET", {"key": "k"}),
                ):
                    self.ask(http, wanted, method, query)

    def ask(self, http: httpx.Client, wanted: set[int], method: str, query: dict[str, str]) -> None:
        try:
            content = b"v" if method == "PUT" else None
            status = http.request(method, PATH, params=query, content=content).status_code
        except httpx.TransportError as error:
            self.failures.append(repr(error))
        else:
            self.done += 1
            if status not in wanted:
                self.failures.append(f"{method}: {status}")


@contextmanager
def kept_alive(server: Server) -> Iterator[list[KeptAlive]]:
    """Six of them, of both versions of HTTP."""
    threads = [KeptAlive(server, http2) for http2 in (False, True) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        for thread in threads:
            thread.ending.set()
        for thread in threads:
            thread.join()


def test_no_request_of_a_stock_sdk_fails_while_servers_replace_each_other(tmp_path: Path) -> None:
    programs: list[tuple[str, ...]] = [PYTHON_SDK]
    if shutil.which("node") and (JAVASCRIPT / "node_modules" / "@gomomento" / "sdk").is_dir():
        programs.append(NODE_SDK)
    with succession(tmp_path / "data") as line:
        with at_work(line.data_dir, *programs) as running:
            for _ in range(RESTARTS):
                line.replace()
                for program in running:
                    program.makes(100)
        for program in running:
            assert program.told["failures"] == []
            assert program.done > 100 * RESTARTS
            assert program.told["done"]["control"] > RESTARTS


def test_no_request_on_a_kept_connection_fails(tmp_path: Path) -> None:
    with succession(tmp_path / "data") as line:
        with kept_alive(line.now) as threads:
            for _ in range(RESTARTS):
                before = [thread.done for thread in threads]
                line.replace()
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        thread.done > done + 20
                        for thread, done in zip(threads, before, strict=True)
                    ),
                    "every client works on the next server",
                )
        assert [failure for thread in threads for failure in thread.failures] == []


def test_each_request_is_billed_once_across_replacements(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with succession(data, "--collect-seconds", "3600") as line:
        address = line.now.http_address
        with kept_alive(line.now) as threads:
            for _ in range(RESTARTS):
                line.replace()
                assert line.now.http_address == address
        line.now.stop()
        failures = [failure for thread in threads for failure in thread.failures]
        assert failures == []
        assert billed(data, "Set") + billed(data, "Get") == sum(thread.done for thread in threads)
