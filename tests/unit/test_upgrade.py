"""The backup of what an earlier version left, before this version changes its database."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.serve import upgrade
from attimo.store.database import open_database
from attimo.store.schema import SCHEMA

NOON = 1_735_732_800
"""Of the first day of 2025, in seconds since 1970: long before anything here is made."""

EARLIER = sorted((Path(__file__).parent / "databases").glob("*.sql"))


@pytest.fixture
def home(tmp_path: Path) -> DataDirectory:
    home = DataDirectory(tmp_path / "data")
    home.prepare()
    return home


def left_by(dump: Path, home: DataDirectory) -> None:
    """Write the database that an earlier version left."""
    home.database.unlink(missing_ok=True)
    with closing(sqlite3.connect(home.database)) as file:
        file.executescript(dump.read_text())


def step(database: Path) -> str:
    """The newest step that was run on a database."""
    with closing(sqlite3.connect(database)) as file:
        (found,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
    return str(found)


def made(home: DataDirectory) -> list[Path]:
    return sorted(home.upgrades.iterdir()) if home.upgrades.exists() else []


@pytest.mark.parametrize("dump", EARLIER, ids=lambda dump: dump.stem)
def test_a_database_of_each_step_is_backed_up_as_it_is(home: DataDirectory, dump: Path) -> None:
    left_by(dump, home)
    (home.path / "ca.key").write_text("the key")

    upgrade.back_up_first(home)

    (backup,) = made(home)
    assert step(backup / "attimo.db") == step(home.database) == dump.stem
    assert (backup / "ca.key").read_text() == "the key"
    assert {each.stat().st_mode & 0o777 for each in backup.iterdir()} == {0o600}
    assert {each.stat().st_mode & 0o777 for each in (backup, home.upgrades)} == {0o700}


def test_what_is_backed_up_since_it_was_changed_is_not_backed_up_again(home: DataDirectory) -> None:
    left_by(EARLIER[-1], home)
    os.utime(home.database, (NOON, NOON))
    upgrade.back_up_first(home)
    upgrade.back_up_first(home)
    (first,) = made(home)
    first.rename(home.upgrades / "attimo-20260101T000000Z")
    (home.upgrades / "attimo-99990101T000000Z").mkdir()  # made while the clock was wrong

    home.database_log.touch()
    os.utime(home.database, (NOON, NOON))
    upgrade.back_up_first(home)
    assert len(made(home)) == 2

    left_by(EARLIER[-1], home)
    upgrade.back_up_first(home)
    assert len(made(home)) == 3


def test_what_this_version_does_not_change_is_not_backed_up(home: DataDirectory) -> None:
    upgrade.back_up_first(home)
    open_database(home.database).close()
    upgrade.back_up_first(home)

    assert made(home) == []
    assert step(home.database) == SCHEMA


def test_the_newest_are_kept_and_other_files_are_left_alone(home: DataDirectory) -> None:
    left_by(EARLIER[-1], home)
    home.upgrades.mkdir()
    older = [home.upgrades / f"attimo-2026010{day}T000000Z" for day in range(1, 6)]
    for each in (*older, home.upgrades / "mine", home.upgrades / ".attimo-20260101T000000Z.x"):
        each.mkdir()

    upgrade.back_up_first(home)

    kept = made(home)
    assert [*older[-upgrade.KEPT + 1 :], home.upgrades / "mine"] == [kept[0], kept[1], kept[3]]
    assert step(kept[2] / "attimo.db") == EARLIER[-1].stem
    assert len(kept) == upgrade.KEPT + 1


def test_without_a_backup_nothing_is_changed(home: DataDirectory) -> None:
    left_by(EARLIER[-1], home)
    before = home.database.read_bytes()
    home.upgrades.write_text("a file where the directory belongs")

    with pytest.raises(Misconfigured, match=r"could not be backed up: .* make room for 1 MiB"):
        upgrade.back_up_first(home)

    assert home.database.read_bytes() == before
