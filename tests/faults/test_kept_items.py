"""Items are there after a planned restart, and nothing that should be gone comes back."""

import os
import shutil
import signal
import stat
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from momento import CacheClient
from momento.responses import (
    CacheDictionaryFetch,
    CacheGet,
    CacheListFetch,
    CacheSetFetch,
    CacheSortedSetFetch,
)

from faults.programs import PYTHON_SDK, at_work
from faults.replacing import new, succession
from faults.watching import client, eventually, read, says, sdk, write
from harness import Server

CACHE = "default-cache"
BIG = "x" * 1_000_000
HEAR_SECONDS = 30.0


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with Server(data_dir=tmp_path / "data") as server:
        yield server


def restart(server: Server) -> None:
    server.stop()
    server.start()


def kept(server: Server) -> Path:
    return server.data_dir / "kept-items"


def left_over(server: Server) -> list[str]:
    """The files in which items are or were, or were to be."""
    return sorted(path.name for path in server.data_dir.glob("*kept-items*"))


def test_every_type_of_item_is_there_after_a_restart_with_the_time_it_had_left(
    server: Server,
) -> None:
    with sdk(server) as cache:
        cache.set(CACHE, "short", "v", timedelta(seconds=300))
        cache.set(CACHE, "long", BIG)
        cache.set(CACHE, "soon", "v", timedelta(milliseconds=1))
        cache.dictionary_set_fields(CACHE, "dictionary", {"a": "1", "b": ""})
        cache.set_add_elements(CACHE, "set", ["a", "b", "c"])
        cache.list_concatenate_back(CACHE, "list", ["b", "a", "b"])
        cache.sorted_set_put_elements(CACHE, "sorted", {"x": 0.1, "y": -2.5e300, "z": 0.1})
    with client(server) as http:
        board = {"elements": [{"id": 7, "score": 1.5}, {"id": 8, "score": -3}]}
        path, name = f"/cache/{CACHE}/leaderboard", {"key": "board"}
        http.post(path, params=name, json=board).raise_for_status()

    restart(server)

    with sdk(server) as cache:
        assert hit(cache, "short") == "v"
        assert hit(cache, "long") == BIG
        assert hit(cache, "soon") is None
        fields = cache.dictionary_fetch(CACHE, "dictionary")
        assert isinstance(fields, CacheDictionaryFetch.Hit)
        assert fields.value_dictionary_string_string == {"a": "1", "b": ""}
        elements = cache.set_fetch(CACHE, "set")
        assert isinstance(elements, CacheSetFetch.Hit)
        assert elements.value_set_string == {"a", "b", "c"}
        values = cache.list_fetch(CACHE, "list")
        assert isinstance(values, CacheListFetch.Hit)
        assert values.value_list_string == ["b", "a", "b"]
        ranked = cache.sorted_set_fetch_by_rank(CACHE, "sorted")
        assert isinstance(ranked, CacheSortedSetFetch.Hit)
        assert ranked.value_list_string == [("y", -2.5e300), ("x", 0.1), ("z", 0.1)]
    with client(server) as http:
        left = http.get(f"/cache/{CACHE}/ttl", params={"key": "short"}).raise_for_status().json()
        assert 200_000 < left["ttl_milliseconds"] < 300_000
        rows = http.get(path, params=name).raise_for_status().json()
    assert [(row["id"], row["score"]) for row in rows["elements"]] == [(8, -3), (7, 1.5)]


def hit(cache: CacheClient, key: str) -> str | None:
    found = cache.get(CACHE, key)
    assert isinstance(found, CacheGet.Hit | CacheGet.Miss), found
    return found.value_string if isinstance(found, CacheGet.Hit) else None


def test_the_file_is_private_and_there_only_while_no_server_runs(server: Server) -> None:
    with client(server) as http:
        write(http, "k")
    assert left_over(server) == []

    server.stop()
    found = kept(server).stat()
    assert stat.S_IMODE(found.st_mode) == 0o600
    assert left_over(server) == ["kept-items"]

    server.start()
    assert left_over(server) == []
    says(server, "items of the last run: 1 kept, 0 lost, 0 expired")


def test_a_server_without_items_leaves_no_file(server: Server) -> None:
    server.stop()
    assert left_over(server) == []


def test_items_of_a_flushed_or_deleted_cache_do_not_come_back(server: Server) -> None:
    with client(server) as http:
        for name in ("flushed", "deleted"):
            http.put(f"/caches/{name}").raise_for_status()
            write(http, "k", "old", name)
        write(http, "k", "kept")
        http.post("/caches/flushed/flush").raise_for_status()
        http.delete("/caches/deleted").raise_for_status()
        http.put("/caches/deleted").raise_for_status()

    restart(server)

    with client(server) as http:
        assert read(http, "k") == "kept"
        for name in ("flushed", "deleted"):
            assert http.get(f"/cache/{name}", params={"key": "k"}).status_code == 404


def test_items_are_not_read_into_a_cache_of_another_server(server: Server, tmp_path: Path) -> None:
    """Whose caches have the same numbers and names."""
    with client(server) as http:
        write(http, "k", "secret")
    server.stop()
    with Server(data_dir=tmp_path / "other") as other:
        other.stop()
        kept(server).rename(kept(other))
        other.start()
        with client(other) as http:
            assert read(http, "k") is None
        says(other, "cannot be read: they are of another server")
        assert left_over(other) == []


def test_items_find_their_cache_when_a_backup_of_the_database_takes_its_place(
    server: Server, tmp_path: Path
) -> None:
    """Caches that it does not have get none, nor does one that takes their number."""
    backup = tmp_path / "attimo.db"
    server.stop()
    shutil.copy(server.data_dir / "attimo.db", backup)
    server.start()
    with client(server) as http:
        write(http, "k", "kept")
        http.put("/caches/later").raise_for_status()
        write(http, "k", "secret", "later")
    server.stop()
    shutil.copy(backup, server.data_dir / "attimo.db")

    server.start()

    with client(server) as http:
        http.put("/caches/another").raise_for_status()
        assert read(http, "k") == "kept"
        assert http.get("/cache/another", params={"key": "k"}).status_code == 404
    says(server, "1 kept, 0 lost, 0 expired, 1 of caches deleted")


def test_a_killed_server_brings_back_nothing_old(server: Server) -> None:
    with client(server) as http:
        write(http, "k", "old")
    restart(server)
    with client(server) as http:
        assert read(http, "k") == "old"
        write(http, "k", "new")
    server.kill()

    server.start()

    with client(server) as http:
        assert read(http, "k") is None


def test_a_server_that_is_killed_while_it_writes_leaves_a_start_that_works(server: Server) -> None:
    with client(server) as http:
        for number in range(60):
            write(http, f"k{number}", BIG)
    process = server._process
    assert process is not None
    process.send_signal(signal.SIGTERM)
    eventually(lambda: left_over(server) != [], "it writes")
    server.kill()

    server.start()

    assert left_over(server) == []
    with client(server) as http:
        write(http, "k")
        assert read(http, "k") == "v"


def test_without_the_setting_no_item_is_ever_on_disk_and_none_is_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with Server("--no-keep-items", data_dir=data) as server:
        with client(server) as http:
            write(http, "k")
        server.stop()
        assert left_over(server) == []
    with Server(data_dir=data) as server, client(server) as http:
        write(http, "k")
        server.stop()
        assert left_over(server) == ["kept-items"]
    with Server("--no-keep-items", data_dir=data) as server, client(server) as http:
        assert left_over(server) == []
        assert read(http, "k") is None


def test_a_file_that_cannot_be_read_does_not_hold_up_the_start(server: Server) -> None:
    def newer() -> None:
        kept(server).write_bytes((b"ATTIMO\0K" + (2).to_bytes(4, "little")).ljust(500))

    def linked() -> None:
        kept(server).symlink_to(server.data_dir / "credentials.json")

    def of_another() -> None:
        kept(server).write_bytes(b"")
        os.chown(kept(server), 12345, 12345)

    bad: dict[str, Callable[[], object]] = {
        "empty": lambda: kept(server).write_bytes(b""),
        "of another kind": lambda: kept(server).write_bytes(os.urandom(100_000)),
        "of a newer version": newer,
        "a link": linked,
        **({"another user's": of_another} if os.geteuid() == 0 else {}),
        "a pipe": lambda: os.mkfifo(kept(server)),
        "unfinished": lambda: (server.data_dir / "kept-items.new").write_bytes(b"half"),
        "a directory": lambda: kept(server).mkdir(),
    }
    for what, make in bad.items():
        server.stop()
        make()
        server.start()
        complains = "the items of the last run cannot be read" in server.output
        assert complains == (what != "unfinished"), what
        assert left_over(server) == (["kept-items"] if what == "a directory" else []), what
    server.stop()


def test_a_directory_in_the_place_of_the_file_costs_the_items_and_not_the_end(
    server: Server,
) -> None:
    kept(server).mkdir()
    with client(server) as http:
        write(http, "k")

    server.stop()

    says(server, "not all items could be written, and the rest is lost: Is a directory")
    assert left_over(server) == ["kept-items"]


def test_a_full_disk_costs_the_items_that_do_not_fit_and_not_the_end(tmp_path: Path) -> None:
    limit = ("prlimit", "--fsize=8000000")
    with Server(data_dir=tmp_path / "data", prefix=limit) as server:
        with client(server) as http:
            for number in range(20):
                write(http, f"k{number}", BIG)

        server.stop()

        says(server, "not all items could be written, and the rest is lost: File too")
        assert left_over(server) == ["kept-items"]
        server.start()
        says(server, "items of the last run: 7 kept, 13 lost")
        with client(server) as http:
            assert [read(http, f"k{number}") for number in range(20)].count(BIG) == 7


def test_items_that_were_damaged_are_left_out_and_counted(server: Server) -> None:
    with client(server) as http:
        for number in range(10):
            write(http, f"k{number}", BIG)
    server.stop()
    with kept(server).open("r+b") as file:
        file.seek(3_500_000)
        file.write(b"damage")
    server.start()

    says(server, "items of the last run: 9 kept, 1 lost")
    with client(server) as http:
        found = [read(http, f"k{number}") for number in range(10)]
    assert found.count(BIG) == 9


def test_a_smaller_server_keeps_what_fits(server: Server) -> None:
    with client(server) as http:
        for number in range(60):
            write(http, f"k{number}", BIG)
    server.stop()
    server.options = (*server.options, "--memory", "32MiB")

    server.start()

    with client(server) as http:
        found = [read(http, f"k{number}") for number in range(60)]
    assert 10 < found.count(BIG) < 32


def test_items_pass_to_each_server_that_replaces_another_under_load(tmp_path: Path) -> None:
    with succession(tmp_path / "data") as line:
        with client(line.now) as http:
            for number in range(500):
                write(http, f"k{number}", str(number))
        with at_work(line.data_dir, PYTHON_SDK) as running:
            for _ in range(2):
                line.replace()
                assert left_over(line.now) == []
        assert [program.told["failures"] for program in running] == [[]]
        with client(line.now) as http:
            assert [read(http, f"k{number}") for number in range(500)] == [
                str(number) for number in range(500)
            ]


def test_what_the_old_server_answered_last_is_what_the_new_one_has(tmp_path: Path) -> None:
    with succession(tmp_path / "data") as line, ThreadPoolExecutor() as pool:
        done, counted = threading.Event(), list[int]()
        counting = pool.submit(count, line.now, counted, done)

        def goes_on() -> None:
            wanted = len(counted) + 50
            eventually(lambda: counting.done() or len(counted) > wanted, "it counts on")

        try:
            for _ in range(2):
                goes_on()
                line.replace()
            goes_on()
        finally:
            done.set()
        counting.result()


def count(server: Server, counted: list[int], done: threading.Event) -> None:
    """Count in an item, one more each time, and read each number again."""
    with client(server) as http:
        while not done.is_set():
            write(http, "number", str(len(counted)))
            assert read(http, "number") == str(len(counted))
            counted.append(len(counted))


def test_a_server_that_keeps_no_items_replaces_one_that_does_and_the_other_way_round(
    tmp_path: Path,
) -> None:
    with succession(tmp_path / "data") as line:
        for option in ("--no-keep-items", "--keep-items"):
            with client(line.now) as http:
                write(http, "k")
            line.replace(option)
            with client(line.now) as http:
                assert read(http, "k") is None
            assert left_over(line.now) == []


def test_a_new_server_that_dies_while_it_reads_leaves_the_old_one_with_its_items(
    server: Server,
) -> None:
    with client(server) as http:
        for number in range(60):
            write(http, f"k{number}", BIG)
    with new(server.data_dir) as other, other.takes_items() as items:
        assert items.recv(1000) != b""

    eventually(lambda: "this one serves again" in server.output, "the old one serves")
    with client(server) as http:
        assert {read(http, f"k{number}") for number in range(60)} == {BIG}
    server.stop()
    assert left_over(server) == ["kept-items"]
