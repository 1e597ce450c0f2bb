"""A server on PostgreSQL: it starts, stops and is killed, and so is PostgreSQL, under load."""

import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from attimo.store.database import open_database
from faults.watching import client, eventually, read, refused, write
from harness import FREE_PORTS, Server
from postgresql_server import PostgresServer, address, postgresql_server

LONGEST_SECONDS = 5.0
"""How long a control request may take to fail while PostgreSQL is away."""


@pytest.fixture
def own() -> Iterator[PostgresServer]:
    """A server that these tests kill, whose commits reach the disk."""
    with postgresql_server(safe=True) as server:
        yield server


class Load:
    """Clients that read an item and create caches until they are told to stop.

    Attributes:
        reads: The statuses of reads, with how many of each.
        created: The names of caches whose creation was answered with 201.
        refused: How long each refused creation took, in seconds, and its status.
    """

    def __init__(self, server: Server) -> None:
        self.reads: Counter[int] = Counter()
        self.created: list[str] = []
        self.refused: list[tuple[float, int]] = []
        self._server = server
        self._done = threading.Event()
        self._threads = [threading.Thread(target=each) for each in (self._read, self._create)]

    def __enter__(self) -> "Load":
        for each in self._threads:
            each.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        for each in self._threads:
            each.join()

    def _read(self) -> None:
        with client(self._server) as http:
            while not self._done.is_set():
                self.reads[http.get("/cache/default-cache", params={"key": "k"}).status_code] += 1

    def _create(self) -> None:
        with client(self._server) as http:
            number = 0
            while not self._done.is_set():
                number += 1
                began = time.monotonic()
                status = http.put(f"/caches/c{number}").status_code
                if status == 201:
                    self.created.append(f"c{number}")
                else:
                    self.refused.append((time.monotonic() - began, status))


def names(url: str) -> set[str]:
    with closing(open_database(address(url))) as database, database.read() as connection:
        return {name for (name,) in connection.rows("SELECT name FROM caches")}


def ready(server: Server) -> int:
    return httpx.get(f"{server.http}/ready", trust_env=False).status_code


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL])
def test_postgresql_restarts_under_load_data_is_served_and_no_answered_change_is_lost(
    own: PostgresServer, how: signal.Signals
) -> None:
    url = own.empty_database()
    with Server("--database", url, "--collect-seconds", "0.2") as server:
        with client(server) as http:
            write(http, "k")
        with Load(server) as load:
            eventually(lambda: len(load.created) > 20, "caches are created")
            own.stop(how)
            eventually(lambda: len(load.refused) > 3, "changes are refused")
            own.start()
            before = len(load.created)
            eventually(lambda: len(load.created) > before + 20, "caches are created again")
        eventually(lambda: ready(server) == 200, "the server is ready again")
        assert set(load.reads) == {200}
        assert {status for _, status in load.refused} == {503}
        assert max(seconds for seconds, _ in load.refused) < LONGEST_SECONDS
        server.stop()

    assert names(url) >= set(load.created)


def test_a_created_cache_is_there_after_the_server_is_killed(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with Server("--database", url) as server:
        with client(server) as http:
            assert http.put("/caches/kept").status_code == 201
        server.kill()
        server.start()
        with client(server) as http:
            assert http.put("/caches/kept").status_code == 409  # it is there already
            write(http, "key", cache="kept")


def test_usage_is_recorded_once_whatever_becomes_of_postgresql(own: PostgresServer) -> None:
    url = own.empty_database()
    written = 0
    with Server("--database", url, "--collect-seconds", "0.2") as server, client(server) as http:
        for is_there in (True, False, True):
            own.start() if is_there and written else None
            own.stop(signal.SIGKILL) if not is_there else None
            for _ in range(50):
                write(http, "k")
                written += 1
        eventually(lambda: ready(server) == 200, "the server is ready again")
        server.stop()

    query = """
SELECT sum(requests) FROM usage_days JOIN usage_series ON usage_series.id = series_id
WHERE api = 'Set'
"""
    with closing(open_database(address(url))) as database, database.read() as connection:
        assert connection.scalar(query) == written


def test_a_server_is_replaced_by_another_and_keeps_its_items(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with Server("--database", url) as old:
        with client(old) as http:
            write(http, "k", "kept")
        ports = ("--http", old.http.removeprefix("http://"), "--https", "127.0.0.1:0")
        new = Server("--database", url, "--replace", data_dir=old.data_dir, ports=ports)
        with new, client(new) as http:
            assert read(http, "k") == "kept"
            assert http.put("/caches/later").status_code == 201


def test_a_start_without_postgresql_says_so(tmp_path: Path) -> None:
    said = refused(
        *FREE_PORTS,
        "--data-dir",
        str(tmp_path / "data"),
        "--database",
        "postgresql://attimo:secret@127.0.0.1:1/attimo",
    )

    assert "attimo@127.0.0.1:1/attimo cannot be reached" in said
    assert "secret" not in said


def test_scheduled_backups_are_refused(postgres: PostgresServer, tmp_path: Path) -> None:
    words = ("--data-dir", str(tmp_path / "data"), "--backup-to", str(tmp_path / "backups"))
    assert "pg_dump" in refused(*FREE_PORTS, *words, "--database", postgres.url())


def test_the_password_is_nowhere(postgres: PostgresServer) -> None:
    url = postgres.empty_database()
    with Server("--database", url, "--log-level", "debug") as server:
        with client(server) as http:
            http.put("/caches/one")
        server.stop()
        assert address(url).password not in server.output
        for path in server.data_dir.rglob("*"):
            if path.is_file():
                assert address(url).password.encode() not in path.read_bytes()
