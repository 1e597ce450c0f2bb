"""A full disk: the data plane goes on, and the ledger catches up when there is space again."""

import itertools
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.watching import billed, client, eventually, is_sound, read, refused, says, write
from harness import Server

DISK = "8m"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of its own, small enough to be filled."""
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", place], check=True)
    yield place
    subprocess.run(["umount", "--lazy", place], check=True)


def fill(disk: Path) -> Path:
    """Take all the space that is left."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        while True:
            try:
                file.write(bytes(64 * 1024))
            except OSError:
                break
    return filler


def unrecorded(metrics: str) -> int:
    return int(metrics.split("\nattimo_usage_unrecorded_requests ")[1].split("\n")[0])


def test_data_is_served_while_the_disk_is_full_and_totals_catch_up(disk: Path) -> None:
    data = disk / "data"
    with Server("--collect-seconds", "0.2", data_dir=data) as server, client(server) as http:
        write(http, "before")
        eventually(lambda: billed(data, "Set") == 1, "usage is recorded")

        filler = fill(disk)
        served = 1
        while "usage cannot be recorded" not in server.output:
            write(http, f"k{served}")
            served += 1
        for number in range(200):
            write(http, f"full-{number}")
            assert read(http, f"full-{number}") == "v"
        assert billed(data, "Set") < served + 200

        # A change is smaller, and may find room in what the failed one has taken of the log.
        numbers = itertools.count()
        eventually(
            lambda: http.put(f"/caches/c{next(numbers)}").status_code == 503, "a change is refused"
        )
        assert http.get("/health").status_code == 200
        not_ready = http.get("/ready")
        assert (not_ready.status_code, not_ready.json()) == (503, {"status": "read-only"})
        metrics = http.get("/metrics").text
        assert "\nattimo_usage_batches_waiting 1\n" in metrics
        assert unrecorded(metrics) >= 200
        assert "\nattimo_usage_failures_total 0\n" not in metrics
        assert "\nattimo_ready 0\n" in metrics

        filler.unlink()
        eventually(lambda: billed(data, "Set") == served + 200, "the ledger has caught up")
        assert http.put("/caches/sessions").status_code == 201
        assert http.get("/ready").status_code == 200
        eventually(
            lambda: "\nattimo_usage_batches_waiting 0\n" in http.get("/metrics").text,
            "no batch waits",
        )
        assert unrecorded(http.get("/metrics").text) == 0
        says(server, "usage is recorded again")
        assert server.output.count("usage cannot be recorded") == 1
        assert server.output.count("usage is recorded again") == 1

    assert billed(data, "Set") == served + 200
    assert billed(data, "Get") == 200
    assert is_sound(data)


def test_a_server_that_nobody_asks_finds_out_that_it_can_write_again(disk: Path) -> None:
    quick = ("--collect-seconds", "0.2")
    with Server(*quick, data_dir=disk / "data") as server, client(server) as http:
        filler, numbers = fill(disk), itertools.count()

        def is_read_only() -> bool:
            http.put(f"/caches/c{next(numbers)}")
            said: object = http.get("/ready").json()
            return said == {"status": "read-only"}

        eventually(is_read_only, "a change is refused")
        filler.unlink()
        eventually(lambda: http.get("/ready").status_code == 200, "it is ready again")


def test_the_last_usage_of_a_server_that_ends_on_a_full_disk_is_recorded_once(disk: Path) -> None:
    """By the next server that can write, though the one between them could not, either."""
    data = disk / "data"
    quick = ("--collect-seconds", "0.2")
    with Server(*quick, data_dir=data) as server:
        with client(server) as http:
            filler = fill(disk)
            served = 0
            while "usage cannot be recorded" not in server.output:
                write(http, "k")
                served += 1
            for _ in range(20):
                write(http, "k")
            served += 20
        server.stop()
        says(server, "it is kept for the next start")
        before = billed(data, "Set")
        assert before < served

        fill(disk)
        server.start()
        with client(server) as http:
            for _ in range(30):
                write(http, "k")
        server.stop()
        assert billed(data, "Set") == before

        filler.unlink()
        for _ in range(2):
            server.start()
            eventually(lambda: billed(data, "Set") == served + 30, "all usage is recorded")
            server.stop()
        assert billed(data, "Set") == served + 30
    assert is_sound(data)


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_starts_on_a_full_disk_serves_data_until_there_is_space(
    disk: Path, end: str
) -> None:
    data = disk / "data"
    with Server("--collect-seconds", "0.2", data_dir=data) as server:
        with client(server) as http:
            assert http.put("/caches/sessions").status_code == 201
            made = http.post("/api-keys", json={"description": "d"}).json()["api_key"]
        getattr(server, end)()
        filler = fill(disk)

        server.start()
        with client(server) as http:
            write(http, "k")
            assert read(http, "k") == "v"
            write(http, "k", cache="sessions")
            known = {"authorization": made}
            item = http.get("/cache/sessions", params={"key": "k"}, headers=known)
            assert item.text == "v"
            says(server, "the disk is full")

            names = {cache["name"] for cache in http.get("/caches").json()["caches"]}
            assert names == {"default-cache", "sessions"}
            refused = http.put("/caches/another")
            assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
            assert "disk of the server is full" in refused.json()["message"]
            not_ready = http.get("/ready")
            assert (not_ready.status_code, not_ready.json()) == (503, {"status": "read-only"})
            for_data = http.get("/ready", params={"data": ""})
            assert (for_data.status_code, for_data.json()) == (200, {"status": "read-only"})

            filler.unlink()
            eventually(lambda: http.get("/ready").status_code == 200, "it is ready")
            assert http.put("/caches/another").status_code == 201
            eventually(lambda: billed(data, "Set") == 1, "usage is recorded")
            says(server, "there is space on the disk again")
            assert server.output.count("there is space on the disk again") == 1
    assert is_sound(data)


def test_a_first_start_on_a_full_disk_is_refused_and_the_next_one_works(disk: Path) -> None:
    filler = fill(disk)
    assert str(disk / "data") in refused("--data-dir", str(disk / "data"))
    filler.unlink()

    with Server(data_dir=disk / "data") as server, client(server) as http:
        write(http, "k")
