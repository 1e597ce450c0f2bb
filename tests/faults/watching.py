"""What the fault tests look at: the ledger, the database, and things that will come to pass."""

import contextlib
import dataclasses
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import httpx
from momento import CacheClient, Configurations, CredentialProvider
from pysqlite3 import dbapi2

from conformance.edge.http1 import http1, request
from harness import Server, attimo, bare_environment

LIMIT_SECONDS = 30.0
LOOK_AGAIN_SECONDS = 0.05


def refused(*options: str) -> str:
    """Start a server that must refuse; return the line that it says."""
    done = subprocess.run(
        [*attimo(), "serve", *options],
        env=bare_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (2, 6), done
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


def eventually(holds: Callable[[], bool], what: str) -> None:
    """Return as soon as something holds; fail if it does not within the limit."""
    deadline = time.monotonic() + LIMIT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"in {LIMIT_SECONDS:.0f} s not: {what}"
        time.sleep(LOOK_AGAIN_SECONDS)


def says(server: Server, words: str) -> None:
    """Return once a server has said something; its log is written by a thread of its own."""
    eventually(lambda: words in server.output, f"it says {words!r}")


def ask(data_dir: Path, query: str) -> list[tuple[int | str, ...]]:
    """Ask the database of a server, running or not, without changing it."""
    connection = dbapi2.connect(f"file:{data_dir / 'attimo.db'}?mode=ro", uri=True, timeout=10)
    with contextlib.closing(connection):
        rows: list[tuple[int | str, ...]] = connection.execute(query).fetchall()
    return rows


def billed(data_dir: Path, api: str, cache: str = "default-cache") -> int:
    """How many requests of a method to a cache the ledger holds."""
    query = (
        "SELECT total(requests) FROM usage_days "  # noqa: S608
        "JOIN usage_series ON usage_series.id = series_id JOIN caches ON caches.id = cache_id "
        f"WHERE api = '{api}' AND name = '{cache}'"
    )
    ((total,),) = ask(data_dir, query)
    return int(total)


def succeeded(server: Server, cache: str = "default-cache") -> dict[str, int]:
    """How many requests of each method succeeded in the last hour, as a cache's history has it."""
    with client(server) as http:
        told = http.get(f"/caches/{cache}/history").raise_for_status().json()
    return {method: each["succeeded"] for method, each in told["methods"].items()}


def is_sound(data_dir: Path) -> bool:
    """Whether SQLite finds the database whole."""
    return ask(data_dir, "PRAGMA integrity_check") == [("ok",)]


def client(server: Server) -> httpx.Client:
    """The owner, over plain HTTP."""
    headers = {"Authorization": server.api_key}
    return httpx.Client(base_url=server.http, headers=headers, trust_env=False, timeout=20)


@contextlib.contextmanager
def unfinished_write(server: Server) -> Iterator[None]:
    """A write whose body does not come; the server reads it, and takes 7 seconds to stop."""
    owner = b"Authorization: " + server.api_key.encode()
    line = "PUT /cache/default-cache?key=slow&ttl_seconds=600"
    with http1(server.http_address) as connection:
        connection.say(request(line, owner, b"Content-Length: 2", b"Expect: 100-continue"))
        assert connection.reply().status == 100
        yield


@contextlib.contextmanager
def sdk(server: Server) -> Iterator[CacheClient]:
    """The owner, by the official SDK in its default configuration."""
    host, port = server.http_address
    local = CredentialProvider.for_momento_local(host, port)
    credentials = dataclasses.replace(local, auth_token=server.api_key)
    with CacheClient(Configurations.Laptop.v1(), credentials, timedelta(minutes=10)) as found:
        yield found


def write(http: httpx.Client, key: str, value: str = "v", cache: str = "default-cache") -> None:
    """Set an item; it must succeed."""
    query: dict[str, str | int] = {"key": key, "ttl_seconds": 600}
    http.put(f"/cache/{cache}", params=query, content=value).raise_for_status()


def read(http: httpx.Client, key: str) -> str | None:
    """An item of the default cache."""
    answer = http.get("/cache/default-cache", params={"key": key})
    return None if answer.status_code == 404 else answer.raise_for_status().text
