"""A person watches what caches do."""

import json
import threading

import httpx
import pytest

from e2e.dialogue import talk
from e2e.terminal import Terminal
from faults.watching import eventually
from harness import Server


def test_a_script_reads_what_caches_do_now(terminal: Terminal, server: Server) -> None:
    terminal.do("cache", "create", "idle")
    done = threading.Event()
    program = threading.Thread(target=read_and_write, args=(server, done))
    program.start()
    try:
        told = json.loads(terminal.do("top", "--every", "1", "--json"))["items"]
        lines = terminal.do("top", "idle", "default-cache", "--every", "1", "--sort", "name")
    finally:
        done.set()
        program.join()
    busy, idle = (
        next(each for each in told if each["name"] == n) for n in ("default-cache", "idle")
    )

    assert told[0] == busy
    assert busy["operations_per_second"] > 0
    assert busy["received_per_second"] >= busy["sent_per_second"] > 0
    assert 0 < busy["hit_percent"] < 100
    assert (busy["items"] >= 1, busy["stored_bytes"] > 0) == (True, True)
    assert (idle["operations_per_second"], idle["hit_percent"], idle["items"]) == (0, None, 0)
    assert [each.split("\t")[0] for each in lines.splitlines()] == ["default-cache", "idle"]


def test_the_latency_of_a_cache_is_that_of_its_requests(terminal: Terminal, server: Server) -> None:
    with httpx.Client(headers={"authorization": server.api_key}) as client:
        client.get(f"{server.http}/cache/default-cache", params={"key": "missing"})

    def row() -> dict[str, float]:
        told = terminal.do("top", "default-cache", "--every", "1", "--json")
        found: dict[str, float] = json.loads(told)["items"][0]
        return found

    eventually(lambda: row()["p50_micros"] is not None, "it has a latency")
    for found in (row(), json.loads(terminal.do("cache", "stats", "default-cache", "--json"))):
        assert 0 < found["p50_micros"] <= found["p99_micros"] <= found["p999_micros"]


@pytest.mark.parametrize("kind", ["dumb", "xterm"])
def test_a_person_sorts_the_table_by_keys_and_ends_it(terminal: Terminal, kind: str) -> None:
    terminal.variables["TERM"] = kind
    # Its caches alone: others' tests have more of them than the screen has lines.
    words = ("top", "default-cache", "--every", "1")
    left = talk(terminal, [("Ops/s", "n"), ("by name", "b"), ("by stored_bytes", "q")], *words)
    stopped = talk(terminal, [("default-cache", "\x03")], *words)

    assert (left.status, stopped.status) == (0, 130)
    # Only a terminal that can leaves the person's own screen, and comes back to it.
    for shown in (left.text, stopped.text):
        assert shown.count("\x1b[?1049h") == shown.count("\x1b[?1049l") == (kind == "xterm")
    assert ("\x1b" in left.text) == (kind == "xterm")


def test_a_cache_that_is_named_must_be_there(terminal: Terminal) -> None:
    answer = terminal.type("top", "nowhere", "--once")

    assert (answer.status, answer.printed) == (4, b"")
    assert "nowhere" in answer.error


def read_and_write(server: Server, done: threading.Event) -> None:
    """Write an item, find it, and miss another, again and again."""
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers) as client:
        while not done.is_set():
            client.put("/cache/default-cache?key=there&ttl_seconds=60", content=b"x" * 100)
            client.get("/cache/default-cache?key=there")
            client.get("/cache/default-cache?key=missing")
