"""Open the database: SQLite in WAL mode, durable at every commit, migrated before the first use.

The driver is pysqlite3, which carries its own SQLite: that of the operating system is often older
than 3.51.3 and can damage a database in WAL mode. There is one writer at a time (BEGIN IMMEDIATE);
readers see the last commit and never wait. The transactions follow the recipe of SQLAlchemy's
SQLite page: the driver's own are switched off and BEGIN is said here.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pysqlite3 import dbapi2
from sqlalchemy import URL, Connection, Engine, create_engine, event, insert
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from attimo.errors import DatabaseTooNew, SqliteTooOld, StoreUnavailable
from attimo.store import tables

SCHEMA = "0007"
"""The newest migration; their numbers grow, so that a newer database can be told."""

OLDEST_SQLITE = (3, 51, 3)
BUSY_SECONDS = 10
_MISTAKE = 1
"""SQLite's code for SQL that cannot be run."""

_VERSION_TABLE = """
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL,
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
"""


@dataclass(frozen=True, slots=True)
class Database:
    """An open database."""

    engine: Engine
    _reader: Engine = field(repr=False)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that may write; commit it on a clean exit, else undo it.

        Raises:
            StoreUnavailable: The disk is full, or another process holds the lock too long.
        """
        with _told_apart(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads; it sees one moment and waits for nobody.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        with _told_apart(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close every connection; the last one folds the write-ahead log into the file."""
        self.engine.dispose()


def open_database(path: Path) -> Database:
    """Open the database of this file, make it if there is none, and migrate it if it is older.

    Raises:
        SqliteTooOld: The SQLite library is one that can damage a database.
        DatabaseTooNew: A newer version of this program has migrated the file; it is unchanged.
        StoreUnavailable: The file cannot be made, read or written, or is no database.
    """
    check_sqlite(dbapi2.sqlite_version_info)
    _create_private(path)
    # What goes wrong is logged, and what was to be written may hold what nobody should read there.
    engine = create_engine(
        URL.create("sqlite", database=str(path)), module=dbapi2, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    database = Database(engine, engine.execution_options(read_only=True))
    try:
        _bring_up_to_date(database, path)
    except BaseException:
        database.close()
        raise
    return database


def check_sqlite(version: tuple[int, ...]) -> None:
    """Refuse a SQLite library that is not safe.

    Raises:
        SqliteTooOld: It is.
    """
    if version < OLDEST_SQLITE:
        raise SqliteTooOld(_dotted(version), _dotted(OLDEST_SQLITE))


def _create_private(path: Path) -> None:
    """Make the file for its owner alone: it holds signing keys. SQLite's own files follow suit."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error


def _prepare(connection: dbapi2.Connection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None
    for pragma in (
        f"busy_timeout = {BUSY_SECONDS * 1000}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "recursive_triggers = ON",  # else INSERT OR REPLACE deletes rows that triggers guard
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reads = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _bring_up_to_date(database: Database, path: Path) -> None:
    with database.begin() as connection:
        found = _schema(connection)
        if found is None:
            _make_tables(connection)
        elif found > SCHEMA:
            raise DatabaseTooNew(str(path), found, SCHEMA)
        elif found < SCHEMA:
            # Alembic takes 0.3 s and 39 MB to import, and is needed once a release.
            from attimo.store.migrations import upgrade

            upgrade(connection)


def _schema(connection: Connection) -> str | None:
    """Return the newest migration that a database has taken; None for a database without any."""
    table = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
    if connection.exec_driver_sql(table).first() is None:
        return None
    found = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return "" if found is None else str(found)


def _make_tables(connection: Connection) -> None:
    """Make all tables at once, as if every migration had been taken; a test compares the two."""
    tables.metadata.create_all(connection, checkfirst=False)
    connection.execute(insert(tables.directory).values(tables.DIRECTORY_AT_FIRST))
    connection.exec_driver_sql(_VERSION_TABLE)
    connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (SCHEMA,))


@contextmanager
def _told_apart() -> Iterator[None]:
    """Let trouble with disk, lock or file rise for the caller, and mistakes in SQL as they are."""
    try:
        yield
    except DatabaseError as error:
        trouble = type(error) in (OperationalError, DatabaseError)
        if not trouble or getattr(error.orig, "sqlite_errorcode", None) == _MISTAKE:
            raise
        raise StoreUnavailable(f"The database cannot be used: {error.orig}") from error


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
