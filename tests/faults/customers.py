"""Programs at work on a server that comes and goes: each retries as Momento's SDK does."""

import dataclasses
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx
from momento import CacheClient, Configurations, CredentialProvider
from momento.responses import CacheGet, CacheSet
from momento.retry.fixed_timeout_retry_strategy import FixedTimeoutRetryStrategy

RETRY_SECONDS = 60.0
"""A server may take long to start again on a busy machine."""
PAUSE_SECONDS = 0.05
PATH = "/cache/default-cache?key=k"
VALUE = b"v" * 1000


class Customer:
    """A program that works until it is told to end, and counts what it could not do."""

    def __init__(self, port: int, api_key: str) -> None:
        self.port = port
        self.api_key = api_key
        self.done = 0
        self.failures: list[str] = []
        self.ending = threading.Event()

    def run(self) -> None:
        """Work until told to end."""
        raise NotImplementedError


class SdkCustomer(Customer):
    """One with the official SDK."""

    def run(self) -> None:
        local = CredentialProvider.for_momento_local("127.0.0.1", self.port)
        credentials = dataclasses.replace(local, auth_token=self.api_key)
        patience = FixedTimeoutRetryStrategy(
            retry_timeout_millis=1000, retry_delay_interval_millis=50
        )
        longest = timedelta(seconds=RETRY_SECONDS)
        configuration = Configurations.Laptop.v1().with_retry_strategy(patience)
        configuration = configuration.with_client_timeout(longest)
        with CacheClient(configuration, credentials, timedelta(minutes=1)) as cache:
            while not self.ending.is_set():
                written = cache.set("default-cache", "k", VALUE)
                got = cache.get("default-cache", "k")
                if not isinstance(written, CacheSet.Success):
                    self.failures.append(str(written))
                if isinstance(got, CacheGet.Error):
                    self.failures.append(str(got))
                self.done += 1


class Http1Customer(Customer):
    """One that keeps a connection of HTTP/1.1, and makes another when that is gone."""

    def run(self) -> None:
        self.connection = self.connected()
        while not self.ending.is_set():
            self.retried(lambda: self.ask("PUT", f"{PATH}&ttl_seconds=60", VALUE), 204)
            self.retried(lambda: self.ask("GET", PATH), 200)
            self.done += 1
        self.connection.close()

    def connected(self) -> http.client.HTTPConnection:
        """A connection to be."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def retried(self, request: Callable[[], int], wanted: int) -> None:
        """Ask until there is an answer; what is answered otherwise is a failure."""
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            try:
                status = request()
            except (OSError, http.client.HTTPException, httpx.TransportError) as error:
                if isinstance(error, http.client.IncompleteRead) or time.monotonic() > deadline:
                    self.failures.append(repr(error))
                    return
                time.sleep(PAUSE_SECONDS)
                continue
            # What an item held before a restart is gone after it.
            if status not in (wanted, 404):
                self.failures.append(str(status))
            return

    def ask(self, method: str, path: str, body: bytes | None = None) -> int:
        """Make one request; a connection that broke is left."""
        try:
            self.connection.request(method, path, body, {"Authorization": self.api_key})
            answer = self.connection.getresponse()
            answer.read()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            raise
        return answer.status


class Http2Customer(Http1Customer):
    """One that speaks HTTP/2."""

    def run(self) -> None:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{self.port}",
            headers={"Authorization": self.api_key},
            http1=False,
            http2=True,
            timeout=20,
            trust_env=False,
        ) as client:
            self.client = client
            while not self.ending.is_set():
                self.retried(lambda: self.ask("PUT", f"{PATH}&ttl_seconds=60", VALUE), 204)
                self.retried(lambda: self.ask("GET", PATH), 200)
                self.done += 1

    def ask(self, method: str, path: str, body: bytes | None = None) -> int:
        return self.client.request(method, path, content=body).status_code


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
