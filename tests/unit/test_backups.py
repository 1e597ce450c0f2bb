"""Scheduled backups: when they are due, which are kept, and that nothing waits for them."""

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

from attimo import settings
from attimo.control import Control
from attimo.data_directory import DataDirectory
from attimo.errors import InvalidSetting, Misconfigured
from attimo.serve import backup
from attimo.serve.backups import Backups
from attimo.store.database import open_database

NOON = datetime(2026, 3, 29, 12, tzinfo=UTC).timestamp()
HOUR = 3600.0


@dataclass
class Told:
    """Keeps what `/metrics` would be told."""

    last: tuple[int, int, bool] | None = None
    failures: int = 0

    def note(self, interval: int, newest: int, failed: bool) -> None:
        self.last = (interval, newest, failed)
        self.failures += failed


@dataclass
class Room:
    """A data directory, a directory of backups, and a clock."""

    home: DataDirectory
    to: Path
    control: Control
    now: float = NOON
    told: Told = field(default_factory=Told)

    def backups(self, every_seconds: float = HOUR, keep: int = 3) -> Backups:
        return Backups(self.home, self.to, every_seconds, keep, self.told.note, lambda: self.now)

    def names(self) -> list[str]:
        return sorted(each.name for each in self.to.iterdir())


@pytest.fixture
def room(tmp_path: Path) -> Room:
    home = DataDirectory(tmp_path / "data")
    home.prepare()
    control = Control(open_database(home.database), lambda _: None)
    return Room(home, tmp_path / "backups", control)


def test_the_first_is_due_at_once_and_each_next_after_the_interval(room: Room) -> None:
    backups = room.backups()

    waits = [backups.look() for _ in range(2)]
    room.now += HOUR - 1
    waits.append(backups.look())
    room.now += 1
    waits.append(backups.look())

    assert waits == [0, 60, 1, 0]
    assert room.names() == ["attimo-20260329T120000Z", "attimo-20260329T130000Z"]
    assert room.told.last == (3600, int(NOON + HOUR), False)


def test_a_restart_neither_repeats_nor_delays_one(room: Room) -> None:
    room.backups().look()
    room.now += HOUR - 30

    assert room.backups().look() == 30
    assert room.told.last == (3600, int(NOON), False)
    assert len(room.names()) == 1


def test_the_oldest_are_deleted_and_nothing_else_is(room: Room) -> None:
    room.to.mkdir()
    for name in ("attimo-by-hand", "attimo-20260101T000000Z.old", "attimo-20261301T000000Z"):
        (room.to / name).mkdir()
    others = room.names()
    backups = room.backups(keep=2)

    for _ in range(4):
        backups.look()
        room.now += HOUR

    kept = [each for each in room.names() if each not in others]
    assert kept == ["attimo-20260329T140000Z", "attimo-20260329T150000Z"]
    assert set(others) <= set(room.names())


def test_a_failure_is_told_and_tried_again_soon_and_leaves_nothing(room: Room) -> None:
    backups = room.backups()
    backups.look()
    room.now += HOUR
    room.home.database.rename(room.home.path / "away")

    assert backups.look() == 600
    assert room.told.last == (3600, int(NOON), True)
    assert room.told.failures == 1
    assert len(room.names()) == 1

    (room.home.path / "away").rename(room.home.database)
    room.now += 600
    assert backups.look() == 0
    assert room.told.last == (3600, int(NOON + HOUR + 600), False)


def test_a_clock_that_went_back_stops_no_backups(room: Room) -> None:
    room.backups().look()
    room.now -= 24 * HOUR

    assert room.backups().look() == 0
    assert room.names() == ["attimo-20260328T120000Z", "attimo-20260329T120000Z"]


def test_what_a_killed_server_left_is_removed_and_what_another_writes_is_not(room: Room) -> None:
    left, new = (room.to / f".attimo-20260327T120000Z.{end}" for end in ("abc", "def"))
    for each in (left, new):
        each.mkdir(parents=True)
    room.now = new.stat().st_mtime + HOUR
    os.utime(left, (room.now - 25 * HOUR,) * 2)

    room.backups().look()

    assert (left.exists(), new.exists()) == (False, True)


def test_a_change_waits_for_no_backup_and_is_not_in_it(room: Room, tmp_path: Path) -> None:
    """Each time that the copy asks whether to go on, something is changed."""
    made: list[int] = []

    def change() -> bool:
        if not made:
            with room.control.database.begin() as connection:
                connection.execute("UPDATE directory SET revision = revision + 1")
            made.append(1)
        return False

    backup.back_up(room.home, tmp_path / "one", change)

    def revision(path: Path) -> object:
        with open_database(path).read() as connection:
            return connection.rows("SELECT revision FROM directory")[0][0]

    assert made == [1]
    assert revision(room.home.database) != revision(tmp_path / "one" / "attimo.db")


def test_a_stop_gives_up_the_backup_that_is_being_written(room: Room, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="given up"):
        backup.back_up(room.home, tmp_path / "one" / "two", lambda: True)

    assert list((tmp_path / "one").iterdir()) == []


@pytest.mark.parametrize("value", ["1", "59s", "367d", "1w", "-1d", "", "1.5h"])
def test_an_interval_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(InvalidSetting, match="a number and s, m, h or d"):
        settings.load({"backup_every": value}, {"HOME": "/h"})


def test_backups_beside_what_they_are_backups_of_are_refused(tmp_path: Path) -> None:
    flags = {"data_dir": str(tmp_path), "backup_to": str(tmp_path / "backups")}

    with pytest.raises(Misconfigured, match="--backup-to is in the data directory"):
        settings.load(flags, {})
