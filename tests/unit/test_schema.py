"""The tables: made at once or by steps, from the databases that earlier versions left.

`databases` has one of each step, as the version of that time wrote it: with SQLAlchemy and Alembic
up to 0009.
"""

import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import ledger_sums
from attimo.billing.months import DAY
from attimo.control import (
    Control,
    access,
    accounts,
    caches,
    ledger_tables,
    permissions,
    plans,
)
from attimo.control.totals import COLUMNS
from attimo.errors import DatabaseTooNew, Exhausted, Misconfigured
from attimo.store import schema
from attimo.store.connection import Connection, Database
from attimo.store.database import open_database
from attimo.store.schema import SCHEMA
from attimo.store.sqlite_connection import SqliteConnection
from fakes import Listener
from ledger_sums import Of

COUNTS_THEN = "requests, errors, hits, misses, bytes_in, bytes_out, kib_in, kib_out, evicted"
"""Of before 0017."""

EARLIER = sorted((Path(__file__).parent / "databases").glob("*.sql"))
NEWEST_WITHOUT_PLANS = Path(__file__).parent / "databases" / "0013.sql"


def tables(connection: Connection) -> set[tuple[str, ...]]:
    """Return every table, index and trigger as SQLite would make it again, but for white space."""
    rows = connection.rows("SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master")
    return {(*row[:3], without_spaces(row[3])) for row in rows}


def without_spaces(sql: str) -> str:
    """A statement without what is only there for readers: white space, also beside commas."""
    return re.sub(r"\s*([(),])\s*", r"\1", " ".join(sql.split()))


def emptied(path: Path, *more: str) -> Database:
    """A database without tables, but with the mark that it is ours."""
    database = open_database(path)
    with database.begin() as connection:
        connection.execute("PRAGMA defer_foreign_keys = ON")
        for kind, name, table, _ in tables(connection):
            if kind == "table" and not name.startswith("sqlite_") and name not in more:
                connection.execute(f"DROP TABLE {table}")
    return database


def earlier(dump: Path, path: Path) -> Path:
    """Write the database that an earlier version left."""
    with closing(sqlite3.connect(path)) as file:
        file.executescript(dump.read_text())
    return path


def test_steps_build_exactly_the_tables(tmp_path: Path) -> None:
    at_once, by_steps = open_database(tmp_path / "a.db"), emptied(tmp_path / "b.db")
    with by_steps.begin() as connection:
        assert not [name for _, name, *_ in tables(connection) if not name.startswith("sqlite_")]
        schema.take_steps(connection)

    with at_once.read() as one, by_steps.read() as other:
        assert tables(one) == tables(other)
        for each in (one, other):
            assert each.rows("SELECT * FROM directory") == [(1, 0, 0)]
            assert each.rows("SELECT * FROM alembic_version") == [(SCHEMA,)]
    at_once.close()
    by_steps.close()


def test_a_database_that_lacks_a_step_gets_it_when_it_is_opened(tmp_path: Path) -> None:
    database = emptied(tmp_path / "attimo.db", "alembic_version")
    with database.begin() as connection:
        connection.execute("DELETE FROM alembic_version")
    database.close()

    with open_database(tmp_path / "attimo.db").read() as connection:
        assert connection.rows("SELECT * FROM directory") == [(1, 0, 0)]
        assert connection.rows("SELECT version_num FROM alembic_version") == [(SCHEMA,)]


def test_the_newest_step_is_the_one_that_is_expected() -> None:
    numbers = [step.name[:4] for step in schema.steps()]

    assert numbers == [f"{number:04}" for number in range(1, len(numbers) + 1)]
    assert numbers[-1] == SCHEMA


@pytest.mark.parametrize("dump", EARLIER, ids=lambda dump: dump.stem)
def test_a_database_of_each_step_is_brought_up_to_date_with_all_that_is_in_it(
    tmp_path: Path, dump: Path
) -> None:
    new = open_database(tmp_path / "new.db")
    control = Control(open_database(earlier(dump, tmp_path / "old.db")), (node := Listener()).learn)
    with new.read() as expected, control.read() as tx:
        assert tables(tx.db) == tables(expected)
        assert tx.db.rows("SELECT * FROM alembic_version") == [(SCHEMA,)]
        assert [account.name for account in accounts.list_all(tx)] == ["Ann's"]
        assert ledger_sums.total(tx, Of(account_id=1)).requests == 7
    control.announce()

    assert node.names(1) == {"kept"}
    assert set(node.verifying_keys) == {"signs"}
    assert set(node.api_keys) == {"key"}
    with control.begin() as tx:
        caches.create(tx, 1, "new")
        assert tx.db.rows("SELECT * FROM directory") == [(1, 4, 2)]
    new.close()
    control.database.close()


def test_the_newest_of_the_earlier_databases_has_the_tables_of_its_step(tmp_path: Path) -> None:
    """Else a step that was changed since would go unnoticed."""
    for dump in EARLIER:
        by_steps = emptied(tmp_path / f"{dump.stem}.db")
        with by_steps.begin() as connection:
            schema.take_steps(connection, until=dump.stem)
            built = tables(connection)
        by_steps.close()
        with closing(sqlite3.connect(earlier(dump, tmp_path / f"{dump.stem}-old.db"))) as file:
            assert tables(SqliteConnection(file)) == built


def test_the_ledger_of_before_0012_has_its_sums_by_minute_hour_and_day(tmp_path: Path) -> None:
    old = earlier(EARLIER[10], tmp_path / "attimo.db")
    with closing(sqlite3.connect(old)) as file:
        rows = [
            (minute, cache_id, key_id, api, *range(number, number + 9))
            for number, (minute, cache_id, key_id, api) in enumerate(
                (minute, cache_id, key_id, api)
                for minute in (-60, 0, 1_700_000_040, 1_700_003_520, 1_709_164_800)
                for cache_id in (0, 1, 99)
                for key_id in ("key", "local", "gone")
                for api in ("Set", "Put")
            )
        ]
        file.executemany("INSERT INTO usage VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", rows)
        file.commit()
        rows = file.execute("SELECT * FROM usage").fetchall()

    database = open_database(old)

    with database.read() as connection:
        for length, table in ledger_tables.TABLES.items():
            expected: dict[tuple[object, ...], list[int]] = {}
            for minute, cache_id, key_id, api, *counts in rows:
                account_id = int(cache_id == 1 or key_id == "key")
                name = (account_id, ledger_tables.floor(minute, length), cache_id, key_id, api)
                former = expected.get(name, [0] * 9)
                expected[name] = [a + b for a, b in zip(former, counts, strict=True)]
            found = connection.rows(
                f"SELECT {table}.account_id, at, cache_id, key_id, api, {COUNTS_THEN}, "  # noqa: S608
                f"commands, operations, ecpu_thousandths FROM {table} "
                "JOIN usage_series ON usage_series.id = series_id"
            )
            assert {row[:5]: list(row[5:14]) for row in found} == expected
            assert {row[14:] for row in found} == {(0, 0, 0)}
        sums = ", ".join(f"sum({name})" for name in COLUMNS)
        assert connection.rows(
            f"SELECT account_id, at, {', '.join(COLUMNS)} FROM usage_account_hours"  # noqa: S608
        ) == connection.rows(
            f"SELECT account_id, at, {sums} FROM usage_hours WHERE at >= 0 GROUP BY 1, 2"  # noqa: S608
        )
        assert connection.rows("SELECT * FROM usage_stored") == []
        (since,) = connection.rows("SELECT all_counts_since FROM usage_kept")
        assert abs(since[0] - time.time()) < 60
        assert connection.scalar("SELECT name FROM sqlite_master WHERE name = 'usage'") is None
    database.close()


def test_accounts_of_before_0014_get_plans_and_keep_what_they_have(tmp_path: Path) -> None:
    old = earlier(NEWEST_WITHOUT_PLANS, tmp_path / "attimo.db")
    with closing(sqlite3.connect(old)) as file:
        file.executescript(
            "INSERT INTO accounts (id, name, created_at) VALUES (2, 'b', 1), (3, 'c', 1);"
            "INSERT INTO caches (account_id, name, namespace, created_at, revision)"
            " VALUES (2, 'one', 7, 1, 1), (2, 'two', 8, 1, 1);"
        )

    control = Control(open_database(old), (node := Listener()).learn)
    control.announce()

    free = {"transfer_bytes_per_month": 50 * 2**30}
    assert node.limits == {2: free, 3: free}
    with control.begin() as tx:
        plans.change(tx, 1, "free", {"caches": 1})
    with pytest.raises(Exhausted, match="caches: 1"), control.begin() as tx:
        caches.create(tx, 2, "three")
    assert node.names(2) == {"one", "two"}
    with control.begin() as tx:
        caches.delete(tx, 2, "one")
        caches.delete(tx, 2, "two")
        caches.create(tx, 2, "three")
    control.database.close()


def test_what_was_transferred_before_there_were_sums_of_months_counts(tmp_path: Path) -> None:
    old = earlier(NEWEST_WITHOUT_PLANS, tmp_path / "attimo.db")
    november, december = 1_793_491_200, 1_796_083_200
    days = [(1, november, 5), (1, december - DAY, 6), (1, december, 7), (2, november, 8)]
    with closing(sqlite3.connect(old)) as file:
        file.execute("DELETE FROM usage_days")
        file.executemany(
            "INSERT INTO usage_days VALUES (?, ?, 1, 1, 0, 0, 0, ?, 100, 0, 0, 0)", days
        )
        file.commit()

    database = open_database(old)

    with database.read() as connection:
        found = connection.rows("SELECT * FROM transfer_months ORDER BY account_id, month")
    assert found == [(1, november, 211), (1, december, 107), (2, november, 108)]
    database.close()


def test_keys_of_before_there_were_roles_are_owners_keys(tmp_path: Path) -> None:
    old = earlier(EARLIER[0], tmp_path / "attimo.db")

    control = Control(open_database(old), (node := Listener()).learn)
    control.announce()

    assert node.api_keys["key"].role_id == "owner"
    with control.read() as tx:
        assert access.of_key(tx, 1, "key", "").permissions == permissions.everything()
    control.database.close()


def test_hidden_keys_of_before_0009_get_the_roles_of_their_members(tmp_path: Path) -> None:
    old = earlier(EARLIER[7], tmp_path / "attimo.db")
    with closing(sqlite3.connect(old)) as file:
        file.executescript(
            "INSERT INTO accounts (id, name, created_at) VALUES (2, 'b', 1);"
            "INSERT INTO users (id, email, password_hash, created_at) VALUES (7, 'a@b.de', '', 1);"
            "INSERT INTO members VALUES (1, 7, 'viewer', 1), (2, 7, 'operator', 1);"
            "INSERT INTO api_keys (id, account_id, description, issued_at, revision, role_id,"
            " made_by_user_id, is_hidden) VALUES ('one', 1, '', 1, 1, 'none', 7, 1),"
            " ('two', 2, '', 1, 1, 'none', 7, 1), ('seen', 1, '', 1, 1, 'owner', 7, 0);"
        )

    control = Control(open_database(old), (node := Listener()).learn)
    control.announce()

    roles = {key.id: key.role_id for key in node.api_keys.values() if key.id != "key"}
    assert roles == {"one": "viewer", "two": "operator", "seen": "owner"}
    control.database.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    """The table of a later step is there already, so that one cannot be taken."""
    old = earlier(EARLIER[0], tmp_path / "attimo.db")
    with closing(sqlite3.connect(old)) as file:
        file.execute("CREATE TABLE sessions (id INTEGER)")
        before = set(file.iterdump())

    with pytest.raises(Exception, match="sessions already exists"):
        open_database(old)

    with closing(sqlite3.connect(old)) as file:
        assert set(file.iterdump()) == before


@pytest.mark.parametrize(
    ("damage", "how"),
    [
        ("DROP TABLE sessions", "sessions.account_id is missing"),
        ("ALTER TABLE caches DROP COLUMN created_at", "caches.created_at is missing"),
        ("DELETE FROM directory", "directory has no row of two numbers"),
        ("UPDATE directory SET revision = 'abc'", "directory has no row of two numbers"),
        ("DROP TABLE alembic_version", "table directory already exists"),
        ("ALTER TABLE alembic_version RENAME COLUMN version_num TO number", "no such column"),
        ("DELETE FROM alembic_version", "table directory already exists"),
        ("UPDATE alembic_version SET version_num = '0004'", "duplicate column"),
    ],
)
def test_a_database_that_is_not_what_it_tells_is_refused_and_left_alone(
    tmp_path: Path, damage: str, how: str
) -> None:
    file = tmp_path / "attimo.db"
    open_database(file).close()
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA foreign_keys = OFF")
        database.execute(damage)
        database.commit()
        before = set(database.iterdump())

    with pytest.raises(Misconfigured, match=how):
        open_database(file)

    with closing(sqlite3.connect(file)) as database:
        assert set(database.iterdump()) == before


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "attimo.db"
    database = open_database(file)
    with database.begin() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = file.read_bytes()

    with pytest.raises(DatabaseTooNew, match=rf"\(schema 9999, this one knows {SCHEMA}\)"):
        open_database(file)
    assert file.read_bytes() == before
