"""A clock that jumps. libfaketime turns the wall clock of the server; time that passes goes on.

The library reads the file at every look at the clock, so a test jumps by writing to it.
"""

import json
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from attimo.billing import months
from conformance.teams import new_team
from faults.watching import billed, client, eventually, read, write
from harness import Server

pytestmark = pytest.mark.skipif(
    shutil.which("faketime") is None, reason="libfaketime is not installed (make faults does it)"
)


class Clock:
    """The wall clock of one server."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.jump("+0")

    def jump(self, offset: str) -> None:
        """Go to the real time plus an offset such as `+1d` or `-1h`."""
        self.file.write_text(offset + "\n")

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process believe in it."""
        library = subprocess.run(
            ["faketime", "now", "printenv", "LD_PRELOAD"],
            capture_output=True,
            text=True,
            check=True,
        )
        return {
            "LD_PRELOAD": library.stdout.strip().replace("libfaketime.so", "libfaketimeMT.so"),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Clock:
    return Clock(tmp_path_factory.mktemp("clock") / "offset")


@pytest.fixture(scope="module")
def server(clock: Clock) -> Iterator[Server]:
    with Server("--collect-seconds", "0.2", environment=clock.environment) as server:
        yield server


@pytest.fixture
def http(server: Server, clock: Clock) -> Iterator[httpx.Client]:
    with client(server) as http:
        yield http
    clock.jump("+0")


def made_at(http: httpx.Client, name: str) -> int:
    """When a new cache is said to have been made."""
    http.put(f"/caches/{name}").raise_for_status()
    caches = http.get("/caches").json()["caches"]
    (created,) = [cache["created_at"] for cache in caches if cache["name"] == name]
    return int(created)


def test_the_clock_of_the_server_really_jumps(http: httpx.Client, clock: Clock) -> None:
    before = made_at(http, "before")
    clock.jump("+1d")

    assert made_at(http, "after") - before >= 86_400


@pytest.mark.parametrize("offset", ["+1d", "-1d"])
def test_items_live_as_long_as_they_were_told(
    http: httpx.Client, clock: Clock, offset: str
) -> None:
    write(http, f"long{offset}")
    query: dict[str, str | int] = {"key": f"short{offset}", "ttl_seconds": 1}
    http.put("/cache/default-cache", params=query, content="v").raise_for_status()

    clock.jump(offset)

    assert read(http, f"long{offset}") == "v"
    eventually(lambda: read(http, f"short{offset}") is None, "the short-lived item expires")
    assert read(http, f"long{offset}") == "v"


def test_a_key_ends_with_the_clock_and_one_without_an_end_does_not(
    http: httpx.Client, server: Server, clock: Clock
) -> None:
    now = made_at(http, "now")
    made = http.post("/api-keys", json={"description": "d", "expiry": now + 3600}).json()
    query = {"key": "nobody"}
    headers = {"Authorization": made["api_key"]}
    with httpx.Client(base_url=server.http, headers=headers, trust_env=False) as guest:
        assert guest.get("/cache/default-cache", params=query).status_code == 404

        clock.jump("+2h")
        eventually(
            lambda: guest.get("/cache/default-cache", params=query).status_code == 401,
            "the key is refused",
        )
        assert http.get("/cache/default-cache", params=query).status_code == 404

        clock.jump("-2h")
        assert http.get("/cache/default-cache", params=query).status_code == 404


def test_totals_are_what_was_served_whatever_the_clock_did(
    http: httpx.Client, server: Server, clock: Clock
) -> None:
    http.put("/caches/jumps").raise_for_status()
    for number, offset in enumerate(["+0", "+1h", "-1h", "+40d", "-40d", "+0"]):
        clock.jump(offset)
        for item in range(20):
            write(http, f"{number}-{item}", cache="jumps")

    eventually(lambda: billed(server.data_dir, "Set", "jumps") >= 120, "all is recorded")
    assert billed(server.data_dir, "Set", "jumps") == 120


def to_next_month() -> str:
    """How far away a moment is at which the next month (UTC) has begun."""
    now = int(time.time())
    return f"+{months.at(now).end - now + 60}"


def test_transfer_that_is_used_up_survives_a_kill_and_is_free_again_in_the_next_month(
    clock: Clock,
) -> None:
    mebibyte, part = 2**20, "v" * 100_000
    with (
        Server("--collect-seconds", "0.2", environment=clock.environment) as server,
        new_team(server) as team,
    ):
        plan = {"transfer_bytes_per_month": mebibyte, "transfer_used_up": "block"}
        team.limit(**plan)
        headers = {"authorization": team.key}

        def set_item(value: str = "v") -> httpx.Response:
            path = "/cache/default-cache?key=k&ttl_seconds=600"
            return httpx.put(f"{server.http}{path}", content=value, headers=headers)

        def used() -> int:
            found = httpx.get(f"{server.http}/limits", headers=headers).json()["account"]["limits"]
            (used,) = [each["used"] for each in found if each["name"] == "transfer_bytes_per_month"]
            return int(used)

        sent = [set_item(part).status_code for _ in range(11)]
        eventually(lambda: set_item().status_code == 429, "the account is blocked")
        before = used()
        server.kill()
        server.start()
        team.operator.base_url = server.http  # it is somewhere else now
        after, again = used(), set_item()

        clock.jump(to_next_month())
        eventually(lambda: set_item().status_code == 204, "a new month has begun")
        eventually(lambda: used() > 0, "what is used now counts in the new month")
        in_next = used()
        clock.jump("+0")

    assert set(sent) <= {204, 429}
    assert mebibyte <= before <= after
    assert (again.status_code, again.json()["err"]) == (429, "throughput_rate_limit_exceeded")
    assert in_next < 1_000


def before_1970() -> str:
    """How far away the end of 1969 is: where a clock is without a battery, in some time zones."""
    return f"-{int(time.time()) + 3600}"


def ask_by_tls(server: Server) -> None:
    """Write and read an item, with a handshake for each."""
    context = ssl.create_default_context(cafile=server.ca)
    headers = {"Authorization": server.api_key}
    for _ in range(2):
        with httpx.Client(
            base_url=server.https, verify=context, headers=headers, trust_env=False
        ) as http:
            write(http, "k")
            assert read(http, "k") == "v"


def test_tls_and_changes_work_before_1970(http: httpx.Client, server: Server, clock: Clock) -> None:
    ask_by_tls(server)
    clock.jump(before_1970())

    assert made_at(http, "in-1969") < 0
    ask_by_tls(server)
    assert "mistake" not in server.output
    metrics = http.get("/metrics").text
    assert "\nattimo_panics_total 0\n" in metrics


def test_a_server_starts_before_1970(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data) as server:
        ask_by_tls(server)
    past = Clock(tmp_path / "offset")
    past.jump(before_1970())
    with Server(data_dir=data, environment=past.environment) as server:
        ask_by_tls(server)
        assert "mistake" not in server.output
        past.jump("+0")
        ask_by_tls(server)


def test_a_server_that_starts_in_the_past_serves(tmp_path: Path) -> None:
    """As after a battery that was empty: the certificates and keys are from the future then."""
    data = tmp_path / "data"
    with Server(data_dir=data) as server:
        key = json.loads((data / "credentials.json").read_text())["api_key"]

    past = Clock(tmp_path / "offset")
    past.jump("-3d")
    with (
        Server(data_dir=data, environment=past.environment) as server,
        client(server) as http,
    ):
        assert server.api_key == key
        write(http, "k")
        assert read(http, "k") == "v"
