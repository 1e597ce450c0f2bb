"""The database file: how it is opened, made, migrated and refused."""

import shutil
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from pysqlite3 import dbapi2
from sqlalchemy import Connection, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from attimo.control import Control, access, caches, permissions
from attimo.errors import DatabaseTooNew, Misconfigured, SqliteTooOld, StoreUnavailable
from attimo.store import migrations, tables
from attimo.store.database import APPLICATION_ID, SCHEMA, check_sqlite, open_database
from fakes import Listener


def schema(connection: Connection) -> set[tuple[str, ...]]:
    """Return every table and index as SQLite would make it again, but for white space."""
    query = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_master"
    rows = connection.exec_driver_sql(query)
    return {(*row[:3], " ".join(row[3].split())) for row in rows}


def pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def test_migrations_build_exactly_the_tables(tmp_path: Path) -> None:
    at_once, by_steps = open_database(tmp_path / "a.db"), open_database(tmp_path / "b.db")
    with by_steps.begin() as connection:
        for table in [*reversed(tables.metadata.sorted_tables), "alembic_version"]:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        migrations.upgrade(connection)

    with at_once.read() as one, by_steps.read() as other:
        assert schema(one) == schema(other)
        assert one.execute(tables.directory.select()).all() == [(1, 0, 0)]
        assert other.execute(tables.directory.select()).all() == [(1, 0, 0)]
    at_once.close()
    by_steps.close()


def test_a_database_that_lacks_a_migration_gets_it_when_it_is_opened(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    with database.begin() as connection:
        for table in reversed(tables.metadata.sorted_tables):
            connection.exec_driver_sql(f"DROP TABLE {table}")
        connection.exec_driver_sql("DELETE FROM alembic_version")
    database.close()

    with open_database(tmp_path / "attimo.db").read() as connection:
        assert connection.execute(tables.directory.select()).all() == [(1, 0, 0)]
        version = connection.exec_driver_sql("SELECT version_num FROM alembic_version")
        assert version.scalar_one() == SCHEMA


def test_keys_of_before_there_were_roles_are_owners_keys(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    with database.begin() as connection:
        for table in [*reversed(tables.metadata.sorted_tables), "alembic_version"]:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        migrations.upgrade(connection, "0001")
        connection.exec_driver_sql("INSERT INTO accounts (id, name, created_at) VALUES (1, 'a', 1)")
        connection.exec_driver_sql(
            "INSERT INTO api_keys (id, account_id, description, issued_at, revision)"
            " VALUES ('old', 1, '', 1, 1)"
        )
    database.close()

    control = Control(open_database(tmp_path / "attimo.db"), (node := Listener()).learn)
    control.announce()

    assert node.api_keys["old"].role_id == "owner"
    with control.read() as tx:
        assert access.of_key(tx, 1, "old", "").permissions == permissions.everything()
    control.database.close()


def test_hidden_keys_of_before_0009_get_the_roles_of_their_members(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    with database.begin() as connection:
        for table in [*reversed(tables.metadata.sorted_tables), "alembic_version"]:
            connection.exec_driver_sql(f"DROP TABLE {table}")
        migrations.upgrade(connection, "0008")
        for statement in (
            "INSERT INTO accounts (id, name, created_at) VALUES (1, 'a', 1), (2, 'b', 1)",
            "INSERT INTO users (id, email, password_hash, created_at) VALUES (7, 'a@b.de', '', 1)",
            "INSERT INTO members VALUES (1, 7, 'viewer', 1), (2, 7, 'operator', 1)",
            "INSERT INTO api_keys (id, account_id, description, issued_at, revision, role_id,"
            " made_by_user_id, is_hidden) VALUES ('one', 1, '', 1, 1, 'none', 7, 1),"
            " ('two', 2, '', 1, 1, 'none', 7, 1), ('seen', 1, '', 1, 1, 'owner', 7, 0)",
        ):
            connection.exec_driver_sql(statement)
    database.close()

    control = Control(open_database(tmp_path / "attimo.db"), (node := Listener()).learn)
    control.announce()

    roles = {key.id: key.role_id for key in node.api_keys.values()}
    assert roles == {"one": "viewer", "two": "operator", "seen": "owner"}
    control.database.close()


def test_the_newest_migration_is_the_one_that_is_expected() -> None:
    assert ScriptDirectory.from_config(migrations.config()).get_current_head() == SCHEMA


def test_a_database_is_the_same_after_it_is_opened_again(tmp_path: Path) -> None:
    with open_database(tmp_path / "attimo.db").begin() as connection:
        connection.execute(tables.accounts.insert().values(name="kept", created_at=1))

    with open_database(tmp_path / "attimo.db").read() as connection:
        assert connection.execute(select(tables.accounts.c.name)).scalar_one() == "kept"


def test_a_database_of_a_newer_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "attimo.db"
    database = open_database(file)
    with database.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    before = file.read_bytes()

    with pytest.raises(DatabaseTooNew, match=rf"\(schema 9999, this one knows {SCHEMA}\)"):
        open_database(file)
    assert file.read_bytes() == before


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
        version = connection.exec_driver_sql("SELECT sqlite_version()").scalar_one()
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
        connection.execute(tables.accounts.insert().values(name="one", created_at=1))

    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 3  # the file, its log, and the log's index
    database.close()


def test_a_reading_transaction_cannot_keep_a_writer_from_its_work(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    count = select(func.count()).select_from(tables.accounts)
    with database.read() as reader:
        assert reader.execute(count).scalar_one() == 0
        with database.begin() as writer:
            writer.execute(tables.accounts.insert().values(name="one", created_at=1))
        assert reader.execute(count).scalar_one() == 0
    database.close()


def test_a_full_disk_changes_nothing_and_passes(control: Control, node: Listener) -> None:
    with control.begin() as tx:
        pages = tx.db.exec_driver_sql("PRAGMA page_count").scalar_one()
        tx.db.exec_driver_sql(f"PRAGMA max_page_count = {pages}")

    def create_many() -> None:
        with control.begin() as tx:
            for number in range(1000):
                caches.create(tx, 1, f"cache-{number}")

    with pytest.raises(StoreUnavailable, match="full"):
        create_many()
    assert node.names(1) == set()

    with control.begin() as tx:
        tx.db.exec_driver_sql("PRAGMA max_page_count = 1000000")
    with control.begin() as tx:
        caches.create(tx, 1, "after")
    assert node.names(1) == {"after"}


def test_mistakes_in_sql_are_not_taken_for_trouble_with_the_disk(tmp_path: Path) -> None:
    database = open_database(tmp_path / "attimo.db")
    with pytest.raises(OperationalError), database.begin() as connection:
        connection.exec_driver_sql("SELECT * FROM nothing")
    with pytest.raises(IntegrityError), database.begin() as connection:
        connection.execute(tables.directory.insert().values(id=2, revision=0, last_namespace=0))
    database.close()


def test_an_ordinary_start_imports_neither_alembic_nor_cryptography() -> None:
    program = (
        "import sys; from attimo.control import Control, accounts, api_keys, caches, usage\n"
        "from attimo.store.database import open_database\n"
        "print({'alembic', 'cryptography', 'joserfc', 'starlette'} & set(sys.modules))"
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
