"""A database on PostgreSQL: how it is opened, used, lost and refused."""

import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from attimo.errors import DatabaseTooNew, Misconfigured, StoreUnavailable
from attimo.store import copying, postgresql, schema
from attimo.store.connection import Connection, RowRefused, Values
from attimo.store.database import open_database
from attimo.store.postgresql import PostgresDatabase, open_server
from attimo.store.postgresql_connection import InvalidStatementError
from database_promises import check_that_a_reader_sees_one_moment, check_that_errors_tell_no_value
from postgresql_server import PASSWORD, PostgresServer, address


@pytest.fixture
def database(url: str) -> Iterator[PostgresDatabase]:
    database = open_server(address(url))
    yield database
    database.close()


def end_sessions(postgres: PostgresServer, database: PostgresDatabase) -> int:
    """End every session of a database, as a restart of PostgreSQL does; return how many."""
    query = (
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "  # noqa: S608 (our name)
        f"WHERE datname = '{database.address.name}' AND backend_type = 'client backend'"
    )
    return len(postgres.run(query))


def test_it_has_the_tables_of_sqlite_and_is_the_same_when_it_is_opened_again(url: str) -> None:
    for _ in range(2):
        database = open_server(address(url))
        with database.read() as connection:
            assert connection.columns() >= schema.columns_of_today()
            assert connection.rows("SELECT revision, last_namespace FROM directory") == [(0, 0)]
            assert connection.rows("SELECT version_num FROM alembic_version") == [(schema.SCHEMA,)]
            assert connection.rows("SELECT name FROM plans ORDER BY name") == [
                ("free",),
                ("unlimited",),
            ]
        database.close()


def test_text_is_in_the_order_of_its_bytes(database: PostgresDatabase) -> None:
    names = ["a", "Z", "é", "a b", "-", "_", "A"]
    with database.begin() as connection:
        for name in names:
            connection.insert("accounts", name=name, created_at=1)

    with database.read() as connection:
        found = connection.rows("SELECT name FROM accounts ORDER BY name")
    assert [name for (name,) in found] == sorted(names, key=str.encode)


def test_a_refused_row_undoes_the_transaction(database: PostgresDatabase) -> None:
    refused: list[tuple[str, dict[str, Any]]] = [
        ("accounts", {"id": 1, "name": "twice", "created_at": 1}),
        ("members", {"account_id": 7, "user_id": 7, "role_id": "owner", "joined_at": 0}),
        ("directory", {"id": 2, "revision": 0, "last_namespace": 0}),
        ("accounts", {"name": None, "created_at": 0}),
    ]
    with database.begin() as connection:
        connection.insert("accounts", name="one", created_at=1)

    def insert(table: str, row: dict[str, Any]) -> None:
        with database.begin() as connection:
            connection.insert("accounts", name="undone", created_at=1)
            connection.insert(table, **row)

    for table, row in refused:
        with pytest.raises(RowRefused):
            insert(table, row)

    with database.read() as connection:
        assert connection.rows("SELECT name FROM accounts") == [("one",)]


def test_the_audit_trail_is_append_only(database: PostgresDatabase) -> None:
    row = dict.fromkeys(("actor", "peer", "action", "subject", "details"), "")
    with database.begin() as connection:
        connection.insert("audit", account_id=1, at=1, **row)

    for statement in ("UPDATE audit SET at = 2", "DELETE FROM audit"):
        with pytest.raises(RowRefused, match="append-only"), database.begin() as connection:
            connection.execute(statement)


def test_mistakes_in_sql_are_not_taken_for_trouble_with_the_server(
    database: PostgresDatabase,
) -> None:
    for mistake in ("SELECT * FROM no_table", "SELECT FROM WHERE", "SELECT CAST('a' AS BIGINT)"):
        with pytest.raises(InvalidStatementError), database.begin() as connection:
            connection.rows(mistake)


def test_an_error_tells_no_value(database: PostgresDatabase) -> None:
    check_that_errors_tell_no_value(database)


def test_a_transaction_goes_on_after_postgresql_has_ended_all_sessions(
    postgres: PostgresServer, database: PostgresDatabase
) -> None:
    with database.begin() as connection:
        connection.insert("accounts", name="before", created_at=1)
    with database.read() as connection:
        connection.scalar("SELECT 1")

    assert end_sessions(postgres, database) == 2

    with database.begin() as connection:
        connection.insert("accounts", name="after", created_at=1)
    with database.read() as connection:
        assert connection.scalar("SELECT count(*) FROM accounts") == 2


def test_a_transaction_that_loses_its_session_changes_nothing(
    postgres: PostgresServer, database: PostgresDatabase
) -> None:
    def lose() -> None:
        with database.begin() as connection:
            connection.insert("accounts", name="lost", created_at=1)
            end_sessions(postgres, database)
            connection.insert("accounts", name="never", created_at=1)

    with pytest.raises(StoreUnavailable):
        lose()

    with database.begin() as connection:
        assert connection.rows("SELECT * FROM accounts") == []


def test_a_reading_transaction_sees_one_moment(database: PostgresDatabase) -> None:
    check_that_a_reader_sees_one_moment(database)


def test_one_server_at_a_time_uses_a_database(
    url: str, database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(postgresql._SETTINGS, "lock_timeout", "100ms")
    with pytest.raises(StoreUnavailable, match="used by another Attimo"):
        open_server(address(url))

    monkeypatch.undo()  # PostgreSQL ends the session, with its lock, after the client has closed it
    database.close()
    open_server(address(url)).close()


def test_thousands_of_rows_are_written_and_counted(database: PostgresDatabase) -> None:
    rows: list[Values] = [{"name": f"{number}", "at": number} for number in range(2_345)]
    with database.begin() as connection:
        insert = "INSERT INTO accounts (name, created_at) VALUES (:name, :at)"
        connection.execute_each(insert, rows)
        assert connection.changes == len(rows)
        assert connection.execute("UPDATE accounts SET plan = 'x' WHERE id <= :id", id=7) == 7

    with database.read() as connection:
        assert connection.scalar("SELECT sum(created_at) FROM accounts") == sum(range(2_345))


def test_a_transaction_may_take_its_time_and_the_next_one_may_not(
    database: PostgresDatabase,
) -> None:
    limit = "SELECT current_setting('statement_timeout')"
    with database.begin() as connection:
        connection.take_time()
        assert connection.scalar(limit) == "0"
    with database.begin() as connection:
        assert connection.scalar(limit) == "30s"


def test_a_statement_that_takes_too_long_is_given_up_and_the_next_one_works(
    database: PostgresDatabase,
) -> None:
    with database.begin() as connection:
        connection.insert("accounts", name="kept", created_at=1)
    with pytest.raises(StoreUnavailable, match="57014"), database.begin() as connection:
        sleep_for_long(connection)
    with database.begin() as connection:
        assert connection.scalar("SELECT count(*) FROM accounts") == 1


def sleep_for_long(connection: Connection) -> None:
    connection.execute("SET LOCAL statement_timeout = '100ms'")
    connection.rows("SELECT pg_sleep(60)")


def test_statements_beyond_those_that_stay_prepared_work(database: PostgresDatabase) -> None:
    with database.read() as connection:
        for number in range(450):
            assert connection.scalar(f"SELECT {number} + :more", more=1) == number + 1


def test_a_database_of_another_program_is_left_as_it_is(postgres: PostgresServer, url: str) -> None:
    postgres.run("CREATE TABLE songs (title TEXT)", address(url).name)

    with pytest.raises(Misconfigured, match="tables of another program"):
        open_server(address(url))

    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
    assert postgres.run(query, address(url).name) == [("songs",)]


def test_a_database_of_a_newer_program_is_refused(url: str) -> None:
    database = open_server(address(url))
    with database.begin() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()

    with pytest.raises(DatabaseTooNew, match="schema 9999"):
        open_server(address(url))


def test_a_step_adds_columns_and_tables_as_it_does_in_sqlite(database: PostgresDatabase) -> None:
    with database.begin() as connection:
        connection.define("ALTER TABLE users ADD COLUMN is_new BOOLEAN DEFAULT 1 NOT NULL;")
        connection.define("CREATE TABLE notes (hash BLOB NOT NULL, of INTEGER);")
        connection.insert("users", email="a", password_hash="", created_at=2**40)
        connection.insert("notes", hash=b"\x00\xff", of=None)

        assert connection.rows("SELECT created_at, is_new FROM users") == [(2**40, True)]
        assert connection.rows("SELECT hash, of, rowid FROM notes") == [(b"\x00\xff", None, 1)]


def test_every_table_is_copied_and_in_an_order_that_references_permit() -> None:
    names = [table.name for table in copying.tables()]

    assert set(names) == {table for table, _ in schema.columns_of_today()}
    assert names.index("accounts") < names.index("caches") < names.index("webhooks")


def test_a_wrong_password_is_an_error_that_tells_none(postgres: PostgresServer) -> None:
    for password in ("wrong-horse", ""):
        wrong = address(postgres.url(password=password))
        with pytest.raises(StoreUnavailable, match="password authentication failed") as caught:
            open_database(wrong)
        told = "".join(traceback.format_exception(caught.value))
        assert "wrong-horse" not in told
        assert PASSWORD not in told


def test_a_server_that_is_not_there_is_named() -> None:
    nowhere = address("postgresql://attimo:secret@127.0.0.1:1/attimo")
    with pytest.raises(StoreUnavailable, match=r"attimo@127\.0\.0\.1:1/attimo cannot be reached"):
        open_database(nowhere)
    assert "secret" not in repr(nowhere) + str(nowhere)


def test_a_unix_socket_works_as_well(postgres: PostgresServer, url: str) -> None:
    database = open_database(address(postgres.socket_url(address(url).name)))
    with database.read() as connection:
        assert connection.scalar("SELECT count(*) FROM plans") == 2
    database.close()
