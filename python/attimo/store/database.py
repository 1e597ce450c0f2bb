"""Open the database: SQLite in WAL mode, durable at every commit, migrated before the first use.

The driver is pysqlite3, which carries its own SQLite: that of the operating system is often older
than 3.51.3 and can damage a database in WAL mode. There is one writer at a time (BEGIN IMMEDIATE);
readers see the last commit and never wait. The transactions follow the recipe of SQLAlchemy's
SQLite page: the driver's own are switched off and BEGIN is said here.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pysqlite3 import dbapi2
from sqlalchemy import URL, Connection, Engine, create_engine, event, insert
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from attimo.errors import DatabaseTooNew, Misconfigured, SqliteTooOld, StoreUnavailable
from attimo.store import tables

SCHEMA = "0009"
"""The newest migration; their numbers grow, so that a newer database can be told."""

APPLICATION_ID = int.from_bytes(b"Atmo")
"""What SQLite's header says of whose the file is."""

OLDEST_SQLITE = (3, 51, 3)
BUSY_SECONDS = 10
_MISTAKE = 1
"""SQLite's code for SQL that cannot be run."""

_FROM_THE_FIRST = {"accounts", "caches", "signing_keys", "directory", "alembic_version"}
"""Tables that every version has had."""

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
    _path: Path
    _file: tuple[int, int]
    """Its device and inode when it was opened."""

    def check(self) -> None:
        """See that the file is still at its place: what is written to a removed one is lost.

        Raises:
            StoreUnavailable: It was removed or replaced.
        """
        if _file_at(self._path) != self._file:
            raise StoreUnavailable(
                f"{self._path} was removed or replaced while the server runs, so nothing can be "
                "changed: put it back, or restore a backup and start the server again"
            )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that may write; commit it on a clean exit, else undo it.

        Raises:
            StoreUnavailable: The disk is full, another process holds the lock too long, or the
                file is gone.
        """
        self.check()
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
        Misconfigured: The file is another program's; it is unchanged.
        StoreUnavailable: The file cannot be made, read or written, or is no database.
    """
    check_sqlite(dbapi2.sqlite_version_info)
    _create_private(path)
    _check_ours(path)
    # What goes wrong is logged, and what was to be written may hold what nobody should read there.
    engine = create_engine(
        URL.create("sqlite", database=str(path)), module=dbapi2, hide_parameters=True
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    reader = engine.execution_options(read_only=True)
    database = Database(engine, reader, path, _file_at(path))
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


def _check_ours(path: Path) -> None:
    """Refuse another program's database, before a connection that changes its mode."""
    with _named(path), closing(dbapi2.connect(str(path), timeout=BUSY_SECONDS)) as file:
        (found,) = file.execute("PRAGMA application_id").fetchone()
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    # Until 0.1 the header said nothing; these tables tell it of a file that has any.
    untold = found == 0 and (not names or names >= _FROM_THE_FIRST)
    if found != APPLICATION_ID and not untold:
        raise Misconfigured(
            f"{path} is the database of another program, and is left as it is; "
            "choose another data directory with --data-dir"
        )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    try:
        yield
    except dbapi2.DatabaseError as error:
        raise StoreUnavailable(f"{path} cannot be used: {error}") from error


def _file_at(path: Path) -> tuple[int, int]:
    """Device and inode; (0, 0) if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


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
        told = connection.exec_driver_sql("PRAGMA application_id").scalar()
        if told != APPLICATION_ID:
            connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")


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
