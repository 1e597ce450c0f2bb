"""A server that is asked to end."""

import dataclasses
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from momento import CacheClient, Configurations, CredentialProvider
from momento.responses import CacheGet, CacheSet
from momento.retry.fixed_timeout_retry_strategy import FixedTimeoutRetryStrategy

from faults.watching import billed, client, eventually, free_port, write
from harness import Server

LONGEST_SECONDS = 10.0


class Customer:
    """A program with the official SDK that retries, and counts what it could not do."""

    def __init__(self, port: int, api_key: str) -> None:
        local = CredentialProvider.for_momento_local("127.0.0.1", port)
        self.credentials = dataclasses.replace(local, auth_token=api_key)
        patience = FixedTimeoutRetryStrategy(
            retry_timeout_millis=1000, retry_delay_interval_millis=50
        )
        self.configuration = Configurations.Laptop.v1().with_retry_strategy(patience)
        self.done = 0
        self.failures: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        """Write and read until told to end."""
        with CacheClient(self.configuration, self.credentials, timedelta(minutes=1)) as cache:
            while not self.ending.is_set():
                written = cache.set("default-cache", "k", "v")
                got = cache.get("default-cache", "k")
                if not isinstance(written, CacheSet.Success):
                    self.failures.append(str(written))
                if isinstance(got, CacheGet.Error):
                    self.failures.append(str(got))
                self.done += 1


@contextmanager
def at_work(*customers: Customer) -> Iterator[None]:
    """Let them work beside the test."""
    threads = [threading.Thread(target=customer.run) for customer in customers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for customer in customers:
            customer.ending.set()
        for thread in threads:
            thread.join()


def test_clients_that_retry_see_no_failure_across_a_restart(tmp_path: Path) -> None:
    port = free_port()
    with Server("--http", f"127.0.0.1:{port}", data_dir=tmp_path / "data") as server:
        customers = [Customer(port, server.api_key) for _ in range(3)]
        with at_work(*customers):
            for _ in range(2):
                before = [customer.done for customer in customers]
                eventually(
                    lambda before=before: all(  # type: ignore[misc]
                        customer.done > done + 20
                        for customer, done in zip(customers, before, strict=True)
                    ),
                    "every customer has worked for a while",
                )
                began = time.monotonic()
                server.stop()
                assert time.monotonic() - began < LONGEST_SECONDS
                server.start()
        failures = [failure for customer in customers for failure in customer.failures]
        assert failures == []


def test_the_last_usage_is_recorded_before_the_end(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("--collect-seconds", "3600", data_dir=data) as server:
        with client(server) as http:
            for number in range(50):
                write(http, f"k{number}")
        assert billed(data, "Set") == 0
        server.stop()

        assert billed(data, "Set") == 50


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = {"TMPDIR": str(temporary)}
    with Server(data_dir=tmp_path / "data", environment=environment) as server:
        assert (server.data_dir / "server.json").exists()
        server.stop()

        assert not (server.data_dir / "server.json").exists()
        assert list(temporary.iterdir()) == []


def test_the_signal_of_a_terminal_ends_it_too(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        process = server._process
        assert process is not None
        process.send_signal(signal.SIGINT)

        assert process.wait(LONGEST_SECONDS) == 0


def test_a_second_signal_ends_it_at_once(tmp_path: Path) -> None:
    """A client that never finishes its request would keep the first one waiting."""
    with Server(data_dir=tmp_path / "data") as server:
        process = server._process
        assert process is not None
        with unfinished_request(server):
            process.send_signal(signal.SIGTERM)
            eventually(lambda: "is ending" in server.output, "the first signal is heard")
            process.send_signal(signal.SIGTERM)

            assert process.wait(LONGEST_SECONDS / 4) == -signal.SIGTERM
        server.kill()


def test_a_client_that_never_finishes_cannot_keep_it(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server, unfinished_request(server):
        began = time.monotonic()
        server.stop()

        assert time.monotonic() - began < LONGEST_SECONDS


@contextmanager
def unfinished_request(server: Server) -> Iterator[None]:
    """A request whose body never comes to its end."""
    with socket.create_connection(server.http_address) as connection:
        connection.sendall(
            b"PUT /cache/default-cache?key=k&ttl_seconds=9 HTTP/1.1\r\nHost: localhost\r\n"
            b"Authorization: " + server.api_key.encode() + b"\r\nContent-Length: 9\r\n\r\nhal"
        )
        yield
