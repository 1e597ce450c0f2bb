"""A server that dies without a word: what it had answered is there, and nothing is billed twice.

`ATTIMO_ALL_LOADS=1` kills it 200 times under load.
"""

import os
import random
import ssl
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import grpc
import httpx
import pytest

from conformance.wire import Wire, plaintext
from faults.watching import ask, billed, client, eventually, is_sound, write
from harness import Server

ROUNDS = 3
KILLS = 200 if os.environ.get("ATTIMO_ALL_LOADS") else ROUNDS
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE
INTERVAL = 1.0


def keep_on(server: Server, work: "Work") -> threading.Thread:
    """Let a client work until the server is gone."""

    def run() -> None:
        with client(server) as http:
            try:
                while True:
                    work.step(http)
            except httpx.TransportError:
                return

    thread = threading.Thread(target=run)
    thread.start()
    return thread


class Work:
    """Something that a client does over and over: what it tried, and what was answered."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tried = 0
        self.answered = 0

    def step(self, http: httpx.Client) -> None:
        self.tried += 1
        self.ask(http, f"{self.name}-{self.tried}")
        self.answered += 1

    def ask(self, http: httpx.Client, name: str) -> None:
        write(http, name)


class Creating(Work):
    """Creates one cache after the other."""

    def ask(self, http: httpx.Client, name: str) -> None:
        http.put(f"/caches/{name}").raise_for_status()


def caches(http: httpx.Client) -> set[str]:
    """The names of all caches."""
    names: set[str] = set()
    query = {"limit": "100"}
    while True:
        page = http.get("/caches", params=query).raise_for_status().json()
        names |= {cache["name"] for cache in page["caches"]}
        if not page.get("next_token"):
            return names
        query["next_token"] = page["next_token"]


def test_caches_whose_creation_was_answered_are_there_after_a_kill(tmp_path: Path) -> None:
    work = Creating("made")
    with Server(data_dir=tmp_path / "data") as server:
        for _ in range(ROUNDS):
            before = work.answered
            thread = keep_on(server, work)
            eventually(lambda before=before: work.answered > before + 20, "20 caches are made")  # type: ignore[misc]
            server.kill()
            thread.join()
            assert is_sound(server.data_dir)
            server.start()
            with client(server) as http:
                found = caches(http)

        answered_or_tried = {f"made-{number + 1}" for number in range(work.tried)}
        assert found <= answered_or_tried | {"default-cache"}
        assert len(found) - 1 >= work.answered


def test_a_key_that_was_answered_works_after_a_kill(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        with client(server) as http:
            made = http.post("/api-keys", json={"description": "d"}).json()["api_key"]
        server.kill()
        server.start()

        headers = {"Authorization": made}
        with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as http:
            write(http, "k")


def test_a_key_whose_revocation_was_answered_is_refused_after_a_kill(tmp_path: Path) -> None:
    with Server(data_dir=tmp_path / "data") as server:
        with client(server) as http:
            made = http.post("/api-keys", json={"description": "d"}).json()
            http.delete(f"/api-keys/{made['key_info']['key_id']}").raise_for_status()
        server.kill()
        server.start()

        headers = {"Authorization": made["api_key"]}
        with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as http:
            assert http.get("/cache/default-cache", params={"key": "k"}).status_code == 401


Writes = Callable[[str], None]


@contextmanager
def http1(server: Server) -> Iterator[Writes]:
    """Writes over HTTP/1.1, in plaintext."""
    with client(server) as http:
        yield lambda key: write(http, key)


@contextmanager
def http2(server: Server) -> Iterator[Writes]:
    """Writes over HTTP/2, with TLS."""
    with httpx.Client(
        base_url=server.https,
        verify=ssl.create_default_context(cafile=server.ca),
        headers={"Authorization": server.api_key},
        http2=True,
        trust_env=False,
    ) as http:
        yield lambda key: write(http, key)


@contextmanager
def momento(server: Server) -> Iterator[Writes]:
    """Writes over Momento's gRPC."""
    with plaintext(server.http_address) as channel:
        wire = Wire(channel, token=server.api_key, cache="default-cache")
        yield lambda key: wire.set(key.encode(), b"v")


class Load(threading.Thread):
    """A client that writes until the server is gone: what it tried, and when it was answered."""

    def __init__(self, server: Server, way: Callable[[Server], AbstractContextManager[Writes]]):
        super().__init__(name=way.__name__)
        self.server = server
        self.way = way
        self.tried = 0
        self.answered: list[float] = []
        self.start()

    def run(self) -> None:
        with self.way(self.server) as write:
            try:
                while True:
                    self.tried += 1
                    write(f"{self.name}-{self.tried % 1_000}")
                    self.answered.append(time.monotonic())
            except httpx.TransportError:
                return
            except grpc.RpcError as error:
                if not isinstance(error, grpc.Call) or error.code() is not UNAVAILABLE:
                    raise


def after_records(data: Path, more_seconds: float) -> float:
    """Return some seconds after usage was recorded twice, with a moment before the record that is
    the last but one then."""
    billed_before, at = billed(data, "Set"), time.monotonic()
    moments: list[float] = []
    end = None
    while end is None or time.monotonic() < end:
        now = time.monotonic()
        if (found := billed(data, "Set")) > billed_before:
            moments.append(at)
            billed_before = found
        at = now
        if end is None and len(moments) == 2:
            end = now + more_seconds
        time.sleep(0.02)
    return moments[-2]


def test_a_killed_server_bills_nothing_twice_and_loses_one_interval_at_most(
    tmp_path: Path,
) -> None:
    """What was collected is billed once; what was not is lost, in our cost."""
    data = tmp_path / "data"
    chance = random.Random(1)  # noqa: S311
    collected = acknowledged = 0
    spans: list[float] = []
    with Server("--collect-seconds", str(INTERVAL), data_dir=data) as server:
        for _ in range(KILLS):
            before = collected
            assert billed(data, "Set") == before
            loads = [Load(server, way) for way in (http1, http2, momento)]
            recorded = after_records(data, chance.uniform(0, 1.5 * INTERVAL))
            killed = time.monotonic()
            server.kill()
            for load in loads:
                load.join()

            assert is_sound(data)
            collected = billed(data, "Set")
            answered = sorted(at for load in loads for at in load.answered)
            assert collected - before <= sum(load.tried for load in loads)
            lost = answered[collected - before :]
            assert not lost or lost[0] >= recorded, "the interval before the last one is lost"
            acknowledged += len(answered)
            spans.append(killed - lost[0] if lost else 0)
            server.start()

        with client(server) as http:
            for number in range(100):
                write(http, f"last-{number}")
        server.stop()
        assert billed(data, "Set") == collected + 100
    assert statistics.median(spans) <= INTERVAL
    found = f"lost at most {max(spans):.2f} s, in the median {statistics.median(spans):.2f} s"
    print(f"{KILLS} kills, {acknowledged} acknowledged, {collected} billed, {found}")
    numbers = ask(data, "SELECT node, number FROM batches")
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("after", ["attimo.db", "ca.key", "credentials.json"])
def test_a_first_start_that_was_killed_is_made_good_by_the_next(tmp_path: Path, after: str) -> None:
    """Whatever the first start had written, the second one leads to a server that works."""
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    later = {
        "attimo.db": ["ca.pem", "ca.key", "server.pem", "server.key", "credentials.json"],
        "ca.key": ["ca.pem", "server.pem", "server.key", "credentials.json"],
        "credentials.json": [],
    }[after]
    for name in later:
        (data / name).unlink()

    with Server(data_dir=data) as server, client(server) as http:
        write(http, "k")
        trust = ssl.create_default_context(cafile=server.ca)
        verified = httpx.get(f"{server.https}/health", verify=trust, trust_env=False)
        assert verified.status_code == 200
