"""One of two servers ends too soon while one replaces the other: no item is lost, or comes back."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from attimo.serve.channel import Gone
from attimo.serve.handover import BEGUN
from conformance.edge.http1 import http1, request
from faults.replacing import HEAR_SECONDS, ended, new, starting
from faults.watching import ask, billed, client, eventually, read, unfinished_write, write
from harness import Server


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Server]:
    with Server("--collect-seconds", "3600", data_dir=tmp_path / "data") as server:
        yield server


def caches(server: Server) -> set[object]:
    return {name for (name,) in ask(server.data_dir, "SELECT name FROM caches")}


def test_a_new_server_waits_for_the_items_of_an_old_one_that_is_told_to_stop(old: Server) -> None:
    """It was stopped meanwhile, so that the old one gave it up."""
    with client(old) as http:
        write(http, "k")
        read(http, "k")
    with unfinished_write(old):
        other = starting(old)
        assert other.stdout is not None
        other.stdout.readline()
        os.kill(other.pid, signal.SIGSTOP)
        os.kill(old.pid, signal.SIGTERM)
        eventually(lambda: "is stopping" in old.output, "the old server has given it up")
        os.kill(other.pid, signal.SIGCONT)
        assert ended(old) == 0
    try:
        while "ready" not in other.stdout.readline().split():
            assert other.poll() is None
        with client(old) as http:
            assert read(http, "k") == "v"
        assert not (old.data_dir / "kept-items").exists()
        eventually(lambda: billed(old.data_dir, "Get") == 1, "its last usage is in the ledger")
    finally:
        other.terminate()
        other.communicate()
    assert (billed(old.data_dir, "Set"), billed(old.data_dir, "Get")) == (1, 2)


def test_an_old_server_that_is_told_to_stop_tells_a_new_one_only_by_its_end(old: Server) -> None:
    """It does not open its control plane again, which the new one may have opened."""
    with client(old) as http, new(old.data_dir) as other:
        write(http, "k")
        other.takes("wants")
        waiting = threading.Thread(target=lambda: answer(old, "PUT /caches/waited"))
        waiting.start()
        os.kill(old.pid, signal.SIGTERM)

        with pytest.raises(Gone):
            other.channel.hear(HEAR_SECONDS)

        assert (old.data_dir / "kept-items").exists()
        waiting.join()
        assert ended(old) == 0
    assert "waited" not in caches(old)


def answer(server: Server, line: str) -> None:
    """Send a request, and wait for an answer or the end."""
    with http1(server.http_address) as connection:
        connection.say(request(line, b"Authorization: " + server.api_key.encode()))
        connection.replies()


def test_an_old_server_serves_nothing_that_was_changed_at_a_new_one(old: Server) -> None:
    """The new one is killed while the old one still finishes a request."""
    with client(old) as http:
        write(http, "k", "old")
        write(http, "same", "old")
    with unfinished_write(old):
        with Server("--replace", data_dir=old.data_dir) as other:
            with client(other) as http:
                assert read(http, "k") == "old"
                write(http, "k", "new")
            other.kill()
        eventually(lambda: "serves again without its items" in old.output, "the old one is back")

    with client(old) as http:
        assert (read(http, "k"), read(http, "same")) == (None, None)
        write(http, "k", "newer")
        entries = http.get("/audit", params={"action": "cache.flush"}).json()["entries"]
        assert [(each["actor"], each["subject"]) for each in entries] == [
            ("system", "default-cache")
        ]
    old.stop()
    old.start()
    with client(old) as http:
        assert (read(http, "k"), read(http, "same")) == ("newer", None)


def test_an_old_server_that_is_told_to_stop_keeps_no_item_of_which_a_newer_one_was_served(
    old: Server,
) -> None:
    with client(old) as http:
        write(http, "k")
    with unfinished_write(old), new(old.data_dir) as other, other.takes_items() as items:
        while items.recv(1 << 16):
            pass
        items.send(BEGUN)
        os.kill(old.pid, signal.SIGTERM)
    assert ended(old) == 0
    assert not (old.data_dir / "kept-items").exists()


def test_an_old_server_that_is_told_to_stop_keeps_its_items_if_no_newer_one_was_served(
    old: Server,
) -> None:
    with client(old) as http:
        write(http, "k")
    with new(old.data_dir) as other, other.takes_items():
        os.kill(old.pid, signal.SIGTERM)
    assert ended(old) == 0
    old.kill()
    old.start()
    with client(old) as http:
        assert read(http, "k") == "v"
