"""In a container that holds two servers for a moment, none is killed."""

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from faults.containers.groups import NoGroupsError, group
from faults.containers.loads import KB, NOISE, Writer
from faults.replacing import succession
from faults.watching import says
from harness import Server

MIB = 2**20
LIMIT = 256 * MIB
TOO_LITTLE = 128 * MIB
RESTARTS = 3
WRITERS = 3
PATH = "/cache/default-cache"
FULL = 200_000 * KB


@contextmanager
def writing(server: Server) -> Iterator[None]:
    """Have clients write all the time, to whichever server listens; every write must be done."""
    ending, failures = Event(), list[str]()

    def run(number: int) -> None:
        headers = {"Authorization": server.api_key}
        with httpx.Client(base_url=server.http, headers=headers, timeout=20) as http:
            for key in itertools.count():
                if ending.is_set():
                    return
                query = {"key": f"{number}-{key}", "ttl_seconds": "600"}
                try:
                    status = http.put(PATH, params=query, content=NOISE[: 50 * KB]).status_code
                except httpx.TransportError as error:
                    failures.append(repr(error))
                else:
                    failures.extend([] if status == 204 else [str(status)])

    threads = [Thread(target=run, args=(number,)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ending.set()
        for thread in threads:
            thread.join()
    assert failures == []


def fill(server: Server) -> None:
    """Write more than there is room for."""
    with Writer(server) as writer:
        writer.fill(FULL, 1 * KB)
        writer.fill(FULL, 50 * KB)


def test_no_server_is_killed_and_no_write_fails_while_they_replace_each_other(
    tmp_path: Path,
) -> None:
    try:
        with group(LIMIT) as made, succession(tmp_path / "data", prefix=made.prefix) as line:
            fill(line.now)
            with writing(line.now):
                for _ in range(RESTARTS):
                    line.replace()
                    assert made.kills == 0
            fill(line.now)
            assert made.kills == 0
    except NoGroupsError as error:
        pytest.fail(f"containers cannot be tested here: {error}")


def test_where_two_find_no_room_the_one_that_runs_keeps_its_place(tmp_path: Path) -> None:
    try:
        with group(TOO_LITTLE) as made, succession(tmp_path / "data", prefix=made.prefix) as line:
            fill(line.now)
            with pytest.raises(RuntimeError, match="--replace needs memory for two servers"):
                line.replace()
            assert made.kills == 0
            fill(line.now)
    except NoGroupsError as error:
        pytest.fail(f"containers cannot be tested here: {error}")


def test_a_full_server_that_is_restarted_has_items_again_and_is_not_killed(tmp_path: Path) -> None:
    try:
        with group(LIMIT) as made, Server(data_dir=tmp_path / "data", prefix=made.prefix) as server:
            fill(server)
            server.stop()
            server.start()
            assert made.kills == 0
            says(server, "items of the last")
            (line,) = [each for each in server.output.splitlines() if "items of the last" in each]
            assert int(line.split("last run: ")[1].split(" kept")[0]) > 500
            assert " 0 lost" in line
            fill(server)
            assert made.kills == 0
    except NoGroupsError as error:
        pytest.fail(f"containers cannot be tested here: {error}")
