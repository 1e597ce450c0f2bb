"""How the rules ask the database, what it refuses, and what its errors tell."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Barrier

import pytest
from pysqlite3 import dbapi2

from attimo.errors import StoreUnavailable
from attimo.store.connection import RowRefused, Value
from attimo.store.database import open_database
from attimo.store.sqlite import MOST_IDLE, SqliteDatabase
from database_promises import check_that_errors_tell_no_value


@dataclass(frozen=True, slots=True)
class Account:
    id: int
    name: str


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    database = open_database(tmp_path / "attimo.db")
    yield database
    database.close()


def connections(database: SqliteDatabase) -> int:
    """How many are open: each has the write-ahead log open for itself."""
    log = database.path.resolve().with_name(f"{database.path.name}-wal")
    return [each.resolve() for each in Path("/proc/self/fd").iterdir()].count(log)


def test_rows_are_made_into_what_the_caller_wants(database: SqliteDatabase) -> None:
    with database.begin() as connection:
        for number, name in ((1, "one"), (2, "two")):
            connection.insert("accounts", id=number, name=name, created_at=0)
        of_id = "SELECT id, name FROM accounts WHERE id = :id"

        assert connection.first(Account, of_id, id=2) == Account(2, "two")
        assert connection.first(Account, of_id, id=3) is None
        assert connection.all(Account, "SELECT id, name FROM accounts ORDER BY id DESC") == [
            Account(2, "two"),
            Account(1, "one"),
        ]
        assert connection.rows(of_id, id=1) == [(1, "one")]
        assert connection.scalar("SELECT name FROM accounts WHERE id = :id", id=1) == "one"
        assert connection.scalar("SELECT name FROM accounts WHERE id = :id", id=3) is None


def test_a_statement_tells_how_many_rows_it_wrote(database: SqliteDatabase) -> None:
    with database.begin() as connection:
        connection.execute_each(
            "INSERT INTO accounts (name, created_at) VALUES (:name, 0)",
            ({"name": name} for name in "abc"),
        )

        assert connection.execute("UPDATE accounts SET name = 'd' WHERE name > :a", a="a") == 2
        assert connection.execute("DELETE FROM accounts WHERE name = :name", name="e") == 0


def test_a_value_is_no_sql_whatever_it_says(database: SqliteDatabase) -> None:
    name = "x'); DROP TABLE accounts; --"
    with database.begin() as connection:
        connection.insert("accounts", name=name, created_at=0)

        assert connection.scalar("SELECT name FROM accounts WHERE name = :name", name=name) == name


def test_a_refused_row_undoes_the_transaction(database: SqliteDatabase) -> None:
    twice: list[dict[str, Value]] = [{"name": "first", "id": 1}, {"name": "second", "id": 1}]
    with pytest.raises(RowRefused, match="UNIQUE"), database.begin() as connection:
        connection.execute_each(
            "INSERT INTO accounts (id, name, created_at) VALUES (:id, :name, 0)", twice
        )
    with pytest.raises(RowRefused, match="FOREIGN KEY"), database.begin() as connection:
        connection.insert("members", account_id=7, user_id=7, role_id="owner", joined_at=0)

    with database.read() as connection:
        assert connection.rows("SELECT * FROM accounts") == []


def test_mistakes_in_sql_are_not_taken_for_trouble_with_the_disk(database: SqliteDatabase) -> None:
    with (
        pytest.raises(dbapi2.OperationalError, match="no such table"),
        database.begin() as wrong,
    ):
        wrong.rows("SELECT * FROM no_table")
    with pytest.raises(dbapi2.ProgrammingError), database.begin() as wrong:
        wrong.rows("SELECT :name")
    with pytest.raises(RowRefused), database.begin() as wrong:
        wrong.insert("directory", id=2, revision=0, last_namespace=0)


def test_an_error_tells_no_value(database: SqliteDatabase) -> None:
    check_that_errors_tell_no_value(database)


def test_a_transaction_that_is_broken_off_keeps_nothing_and_holds_no_lock(
    database: SqliteDatabase,
) -> None:
    def write() -> None:
        with database.begin() as connection:
            connection.insert("accounts", name="undone", created_at=0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()

    with database.begin() as connection:
        assert connection.rows("SELECT * FROM accounts") == []


def test_connections_are_used_again_and_few_are_kept(database: SqliteDatabase) -> None:
    for _ in range(3):
        with database.begin(), database.read():
            assert connections(database) == 2

    together = Barrier(3 * MOST_IDLE)

    def read(_: int) -> None:
        with database.read() as connection:
            connection.scalar("SELECT 1 FROM directory")
            together.wait(10)

    with ThreadPoolExecutor(together.parties) as threads:
        list(threads.map(read, range(together.parties)))
    assert connections(database) == MOST_IDLE


def test_a_connection_in_use_is_closed_when_its_transaction_ends(database: SqliteDatabase) -> None:
    with database.read() as connection:
        database.close()
        assert connection.scalar("SELECT revision FROM directory") == 0
    assert connections(database) == 0


def test_a_file_that_cannot_be_opened_any_more_is_trouble_and_no_mistake(
    database: SqliteDatabase, tmp_path: Path
) -> None:
    database.close()
    database.path.unlink()
    tmp_path.joinpath("attimo.db").mkdir()

    with pytest.raises(StoreUnavailable, match="unable to open"), database.read():
        pass
