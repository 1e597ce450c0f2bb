"""The database file: how it is opened, used and refused."""

import shutil
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from attimo.control import Control, caches
from attimo.errors import Misconfigured, SqliteTooOld, StoreUnavailable
from attimo.store.connection import Connection
from attimo.store.database import open_database
from attimo.store.sqlite import APPLICATION_ID, check_sqlite
from database_promises import check_that_a_reader_sees_one_moment
from fakes import Listener


def pragma(connection: Connection, name: str) -> object:
    return connection.scalar(f"PRAGMA {name}")


def test_a_database_is_the_same_after_it_is_opened_again(tmp_path: Path) -> None:
    with open_database(tmp_path / "attimo.db").begin() as connection:
        connection.insert("accounts", name="kept", created_at=1)

    with open_database(tmp_path / "attimo.db").read() as connection:
        assert connection.scalar("SELECT name FROM accounts") == "kept"


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "attimo.db"
    file.write_text("a letter to a friend " * 100)

    with pytest.raises(StoreUnavailable, match="not a database"):
        open_database(file)
    assert file.read_text() == "a letter to a friend " * 100


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        StoreUnavailable, match=r"nowhere/attimo\.db cannot be opened: No such file"
    ):
        open_database(tmp_path / "nowhere" / "attimo.db")


@pytest.mark.parametrize("version", [(3, 51, 2), (3, 40, 1), (3, 9)])
def test_a_sqlite_that_damages_databases_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(SqliteTooOld, match=r"3\.51\.3 or later"):
        check_sqlite(version)


def test_the_sqlite_that_comes_along_is_safe(tmp_path: Path) -> None:
    with open_database(tmp_path / "attimo.db").read() as connection:
        version = connection.scalar("SELECT sqlite_version()")
    assert tuple(int(part) for part in version.split(".")) >= (3, 51, 3)


def test_every_commit_is_on_the_disk_and_every_reference_is_checked(tmp_path: Path) -> None:
    with open_database(tmp_path / "attimo.db").read() as connection:
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 2  # FULL
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "busy_timeout") == 10_000


def test_nobody_else_can_read_the_file(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    with database.begin() as connection:
        connection.insert("accounts", name="one", created_at=1)

    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 3  # the file, its log, and the log's index
    database.close()


def test_a_reading_transaction_cannot_keep_a_writer_from_its_work(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    check_that_a_reader_sees_one_moment(database)
    database.close()


@pytest.mark.sqlite
def test_a_full_disk_changes_nothing_and_passes(control: Control, node: Listener) -> None:
    with control.begin() as tx:
        pages = tx.db.scalar("PRAGMA page_count")
        tx.db.execute(f"PRAGMA max_page_count = {pages}")

    def create_many() -> None:
        with control.begin() as tx:
            for number in range(1000):
                caches.create(tx, 1, f"cache-{number}")

    with pytest.raises(StoreUnavailable, match="full"):
        create_many()
    assert node.names(1) == set()

    with control.begin() as tx:
        tx.db.execute("PRAGMA max_page_count = 1000000")
    with control.begin() as tx:
        caches.create(tx, 1, "after")
    assert node.names(1) == {"after"}


def test_a_checkpoint_brings_the_log_into_the_file_while_others_read_and_write(
    tmp_path: Path,
) -> None:
    database = open_database(tmp_path / "attimo.db")
    with database.begin() as connection:
        connection.insert("accounts", name="kept", created_at=1)

    with database.read() as reader, database.begin() as writer:
        assert reader.scalar("SELECT name FROM accounts") == "kept"
        database.checkpoint()
        writer.insert("accounts", name="later", created_at=1)

    # What is in the log alone is not in a copy of the file.
    copy = shutil.copy(tmp_path / "attimo.db", tmp_path / "copy.db")
    with closing(dbapi2.connect(str(copy))) as file:
        assert file.execute("SELECT name FROM accounts").fetchall() == [("kept",)]
    database.close()


def test_an_ordinary_start_imports_no_cryptography() -> None:
    program = (
        "import sys; from attimo.control import Control, accounts, api_keys, caches, usage\n"
        "from attimo.store.database import open_database\n"
        "print({'cryptography', 'joserfc', 'pg8000', 'starlette'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_the_file_is_where_its_path_says_whatever_is_in_it(tmp_path: Path) -> None:
    folder = tmp_path / "we?ird#%20 folder"
    folder.mkdir()

    open_database(folder / "attimo.db").close()

    assert (folder / "attimo.db").stat().st_size > 0
    assert [found.name for found in tmp_path.iterdir()] == [folder.name]


def foreign(path: Path, *statements: str) -> None:
    """Write a database of another program."""
    with closing(dbapi2.connect(str(path))) as file:
        for statement in statements:
            file.execute(statement)
        file.commit()


@pytest.mark.parametrize(
    "statements",
    [
        ("CREATE TABLE songs (title TEXT)",),
        ("CREATE TABLE alembic_version (version_num TEXT)",
         "INSERT INTO alembic_version VALUES ('0001')"),
        ("CREATE TABLE accounts (id INTEGER)", "CREATE TABLE caches (id INTEGER)"),
        ("PRAGMA application_id = 7", "CREATE TABLE songs (title TEXT)"),
        ("PRAGMA application_id = 7",),
    ],
)  # fmt: skip
def test_the_database_of_another_program_is_left_as_it_is(
    tmp_path: Path, statements: tuple[str, ...]
) -> None:
    path = tmp_path / "attimo.db"
    foreign(path, *statements)
    before = path.read_bytes()

    with pytest.raises(Misconfigured, match="is the database of another program"):
        open_database(path)

    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["attimo.db"]


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    path = tmp_path / "attimo.db"
    path.write_text("letters " * 1000)

    with pytest.raises(StoreUnavailable, match=rf"{path} cannot be used: file is not a database"):
        open_database(path)


def test_a_database_tells_whose_it_is_also_one_of_before(tmp_path: Path) -> None:
    path = tmp_path / "attimo.db"
    for _ in ("new", "of before"):
        open_database(path).close()
        with closing(dbapi2.connect(str(path))) as file:
            (told,) = file.execute("PRAGMA application_id").fetchone()
            file.execute("PRAGMA application_id = 0")
            file.commit()
        assert told == APPLICATION_ID


def test_what_is_written_to_a_removed_file_is_refused_and_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    database = open_database(folder / "attimo.db")
    folder.rename(tmp_path / "away")

    with pytest.raises(StoreUnavailable, match="was removed or replaced"), database.begin():
        pass
    folder.mkdir()
    open_database(folder / "attimo.db").close()
    with pytest.raises(StoreUnavailable, match="was removed or replaced"), database.begin():
        pass
    shutil.rmtree(folder)
    (tmp_path / "away").rename(folder)
    with database.begin():
        pass
    database.close()
