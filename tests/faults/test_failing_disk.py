"""A disk that takes what is written and then says that it was not stored: `fsync` fails.

The file system has space, and the device below it has none any more: it is an image on a smaller
one. Without a journal, `fsync` fails as long as that lasts. With one, it fails with EIO, and the
file system then allows no more writes until it is mounted again.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from faults.watching import billed, client, eventually, is_sound, read, write
from harness import Server

DEVICE, FILE_SYSTEM = "24m", "64M"
QUICK = ("--collect-seconds", "0.2")

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not Path("/dev/loop-control").exists(),
    reason="only root can mount an image, where there are loop devices",
)


@dataclass(frozen=True)
class Disk:
    """A file system on an image that is larger than the device that has it."""

    device: Path
    place: Path

    @property
    def data(self) -> Path:
        return self.place / "data"

    def exhaust(self) -> None:
        """Take what the device has left."""
        with (self.device / "filler").open("wb", buffering=0) as file:
            while True:
                try:
                    file.write(bytes(64 * 1024))
                except OSError:
                    return

    def recover(self) -> None:
        """Give it back."""
        (self.device / "filler").unlink()

    def mount(self) -> None:
        run("mount", "-o", "loop,errors=continue", str(self.device / "image"), str(self.place))

    def unmount(self) -> None:
        run("umount", str(self.place))


def run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@contextmanager
def disk(folder: Path, *options: str) -> Iterator[Disk]:
    made = Disk(folder / "device", folder / "place")
    for each in (made.device, made.place):
        each.mkdir()
    run("mount", "-t", "tmpfs", "-o", f"size={DEVICE}", "tmpfs", str(made.device))
    try:
        run("truncate", "--size", FILE_SYSTEM, str(made.device / "image"))
        run("mkfs.ext4", "-q", *options, str(made.device / "image"))
        made.mount()
        try:
            yield made
        finally:
            made.unmount()
    finally:
        run("umount", "--lazy", str(made.device))


@dataclass
class Load:
    """Writes values and creates caches; what was acknowledged stands in it."""

    server: Server
    served: int = 0
    refused: int = 0

    def __post_init__(self) -> None:
        self.created: set[str] = {"default-cache"}

    def until_it_fails(self, disk: Disk) -> None:
        """Some usage is recorded, and then no more; data is served all the same."""
        with client(self.server) as http:
            write(http, "before")
        self.served += 1
        eventually(lambda: billed(disk.data, "Set") == 1, "usage is recorded")
        disk.exhaust()
        self._until_usage_is_refused()
        self._ask_for_data()

    def _until_usage_is_refused(self) -> None:
        with client(self.server) as http:
            for number in count():
                write(http, f"k{self.served}")
                self.served += 1
                answer = http.put(f"/caches/c{number}")
                assert answer.status_code in (201, 503), answer.text
                if answer.status_code == 201:
                    self.created.add(f"c{number}")
                else:
                    self.refused += 1
                if "usage cannot be recorded" in self.server.output:
                    return

    def _ask_for_data(self) -> None:
        with client(self.server) as http:
            for number in range(100):
                write(http, f"failing-{number}")
                assert read(http, f"failing-{number}") == "v"
                self.served += 1


def caches(server: Server) -> set[str]:
    with client(server) as http:
        return {each["name"] for each in http.get("/caches").json()["caches"]}


def test_usage_waits_while_fsync_fails_and_is_recorded_once(tmp_path: Path) -> None:
    with disk(tmp_path, "-O", "^has_journal") as made, Server(*QUICK, data_dir=made.data) as server:
        load = Load(server)
        load.until_it_fails(made)
        assert load.refused
        assert billed(made.data, "Set") < load.served

        made.recover()

        eventually(lambda: billed(made.data, "Set") == load.served, "the ledger has caught up")
        assert caches(server) == load.created
        server.kill()
        assert is_sound(made.data)
        server.start()
        assert caches(server) == load.created
        assert billed(made.data, "Set") == load.served


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_ends_while_fsync_fails_bills_nothing_twice(tmp_path: Path, end: str) -> None:
    with disk(tmp_path, "-O", "^has_journal") as made, Server(*QUICK, data_dir=made.data) as server:
        load = Load(server)
        load.until_it_fails(made)
        getattr(server, end)()
        if end == "stop":  # the reserve is space of the file system, which the device does not have
            assert "the last usage could not be recorded and is lost" in server.output
        made.recover()

        server.start()

        assert load.created <= caches(server)
        assert 1 <= billed(made.data, "Set") <= load.served
        server.stop()
        assert is_sound(made.data)


def test_after_an_io_error_that_ends_all_writes_the_ledger_is_whole(tmp_path: Path) -> None:
    """The operator mounts the disk again, and starts the server again."""
    with disk(tmp_path) as made, Server(*QUICK, data_dir=made.data) as server:
        load = Load(server)
        load.until_it_fails(made)
        assert load.refused
        with pytest.raises(OSError, match="Read-only file system"):
            (made.place / "more").write_text("more")
        server.kill()
        made.unmount()
        made.recover()
        made.mount()

        assert is_sound(made.data)
        before = billed(made.data, "Set")
        assert 1 <= before <= load.served
        server.start()
        assert load.created <= caches(server)
        with client(server) as http:
            write(http, "after")
        eventually(lambda: billed(made.data, "Set") == before + 1, "usage is recorded again")
