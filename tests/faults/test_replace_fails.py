"""A server whose place is taken, and somebody who fails on the way: one of the two serves."""

import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from attimo.data_directory import DataDirectory
from attimo.serve.channel import Channel, Gone
from attimo.serve.handover import NAME, PROTOCOL
from faults.replacing import HEAR_SECONDS, ended, new, starting
from faults.watching import billed, client, eventually, read, refused, write
from harness import Server


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Server]:
    with Server("--collect-seconds", "3600", data_dir=tmp_path / "data") as server:
        yield server


@pytest.mark.parametrize("steps", [(), ("wants",)], ids=["after hello", "after wants"])
def test_a_new_server_that_fails_before_it_serves_leaves_the_old_one(
    old: Server, steps: tuple[str, ...]
) -> None:
    with client(old) as http:
        write(http, "k")
        with new(old.data_dir) as other:
            other.takes(*steps)
            assert read(http, "k") == "v", "data is served meanwhile"

        http.put("/caches/after").raise_for_status()
        assert read(http, "k") == "v"
    old.stop()
    assert billed(old.data_dir, "Get") == 2


def test_a_change_asked_for_while_nobody_takes_any_is_made_afterwards(old: Server) -> None:
    with client(old) as http, new(old.data_dir) as other:
        other.takes("wants")
        made = []
        waiting = threading.Thread(target=lambda: made.append(http.put("/caches/waited")))
        waiting.start()
        with client(old) as second:
            write(second, "k")
        assert made == []
        other.channel.close()
        waiting.join()

        assert made[0].status_code == 201
        assert "waited" in http.get("/caches").text


def test_an_old_server_comes_back_when_the_new_one_ends_too_soon(old: Server) -> None:
    """With all that it has in memory, and at the addresses that it had."""
    with client(old) as http:
        write(http, "k")
    with new(old.data_dir) as other:
        other.takes("wants", "serves")
    eventually(lambda: "serves again" in old.output, "the old server is back")

    with client(old) as http:
        assert read(http, "k") == "v"
        http.put("/caches/after").raise_for_status()
    old.stop()
    assert billed(old.data_dir, "Get") == 1
    assert billed(old.data_dir, "Set") == 1


def test_a_server_of_another_protocol_is_refused(old: Server) -> None:
    with new(old.data_dir) as other:
        assert other.ask({"hello": PROTOCOL + 1}).keys() == {"version", "tls"}
        with pytest.raises(Gone):
            other.channel.hear(HEAR_SECONDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--certificate", "/nowhere.pem", "--private-key", "/nowhere.key"), "nowhere.pem"),
        (("--listen", "https://192.0.2.1:443"), "cannot listen on 192.0.2.1:443"),
        (("--memory", "lots"), "--memory"),
        (("--rate-cards", "/nowhere"), "rate cards in /nowhere cannot be read"),
        (("--rate-card", "none"), "rate_card is 'none', but there is no such card"),
    ],
)
def test_a_new_server_with_settings_of_no_use_is_refused_and_the_old_one_goes_on(
    old: Server, words: tuple[str, str], said: str
) -> None:
    with client(old) as http:
        write(http, "k")

        assert said in refused("--replace", "--data-dir", str(old.data_dir), *words)

        assert read(http, "k") == "v"
        http.put("/caches/after").raise_for_status()


def test_a_new_server_that_is_killed_on_its_way_changes_nothing(old: Server) -> None:
    """It has opened the database by then, and has told where it is."""
    with client(old) as http:
        write(http, "k")
        other = starting(old)
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        other.communicate()

        assert read(http, "k") == "v"
        http.put("/caches/after").raise_for_status()
    assert old.running["pid"] == old.pid


def test_without_a_server_to_replace_it_just_starts(tmp_path: Path) -> None:
    with Server("--replace", data_dir=tmp_path / "data") as server, client(server) as http:
        write(http, "k")


@contextmanager
def stuck(server: Server) -> Iterator[None]:
    """It does nothing, for a while."""
    os.kill(server.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(server.pid, signal.SIGCONT)


def test_a_new_server_that_waits_for_a_stuck_one_can_be_asked_to_end(old: Server) -> None:
    with stuck(old):
        other = starting(old)
        reached = DataDirectory(old.data_dir)
        eventually(lambda: waits(other), "the new server waits")
        other.terminate()
        assert other.wait(HEAR_SECONDS) == 0
        other.communicate()
        assert reached.holder() == str(old.pid)


def waits(process: subprocess.Popen[str]) -> bool:
    """Whether it has a connection to somebody."""
    descriptors = Path(f"/proc/{process.pid}/fd")
    with suppress(OSError):
        return any(os.readlink(each).startswith("socket:") for each in descriptors.iterdir())
    return False


def test_an_old_server_that_is_stuck_is_named(old: Server) -> None:
    with stuck(old):
        line = refused("--replace", "--data-dir", str(old.data_dir), *old.options)

    assert f"pid {old.pid}" in line
    assert "does not hand over" in line
    with client(old) as http:
        write(http, "k")


def test_an_old_server_that_is_asked_to_end_meanwhile_ends_well(old: Server) -> None:
    with client(old) as http:
        write(http, "k")
    with new(old.data_dir) as other:
        other.takes("wants")
        os.kill(old.pid, signal.SIGTERM)
        assert ended(old) == 0
    assert billed(old.data_dir, "Set") == 1


@contextmanager
def old_until(
    data_dir: Path, listener: socket.socket, answers: list[str], goes_on: bool = False
) -> Iterator[None]:
    """An old server that gives its sockets, answers so much, and is gone, or only seems so."""
    read, write = os.pipe()
    if (pid := os.fork()) == 0:
        try:
            answer_so_much(data_dir, listener, answers, write)
            if goes_on:
                signal.pause()
        finally:
            os._exit(0)
    os.close(write)
    assert os.read(read, 1) == b"."
    os.close(read)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def answer_so_much(
    data_dir: Path, listener: socket.socket, answers: list[str], listens: int
) -> None:
    """In a process of its own."""
    with DataDirectory(data_dir).lock() as lock, socket.socket(socket.AF_UNIX) as door:
        (data_dir / NAME).unlink(missing_ok=True)
        door.bind(str(data_dir / NAME))
        door.listen()
        os.write(listens, b".")
        channel = Channel(door.accept()[0])
        channel.hear(HEAR_SECONDS)
        channel.say({"welcome": PROTOCOL, "tls": [False]}, [lock, listener.fileno()])
        for answer in answers:
            channel.hear(HEAR_SECONDS)
            channel.say({answer: True})
        channel.close()


@pytest.mark.parametrize("answers", [[], ["yielded"], ["yielded", "leaves"]], ids=len)
def test_a_new_server_serves_when_the_old_one_is_killed_on_the_way(
    tmp_path: Path, answers: list[str]
) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        old_until(data, listener, answers),
        Server("--replace", data_dir=data) as server,
        client(server) as http,
    ):
        assert server.http_address == listener.getsockname()
        write(http, "k")
        http.put("/caches/after").raise_for_status()


def test_a_new_server_does_not_serve_beside_an_old_one_that_only_seems_to_have_ended(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with Server(data_dir=data):
        pass
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        old_until(data, listener, [], goes_on=True),
    ):
        assert "does not hand over" in refused("--replace", "--data-dir", str(data))
