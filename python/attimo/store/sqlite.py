"""SQLite as the database: in WAL mode, durable at every commit, migrated when it is opened.

The driver is pysqlite3, which contains its own SQLite: the operating system's is often older than
3.51.3 and can damage a database in WAL mode. There is one writer at a time (BEGIN IMMEDIATE);
readers see the last commit and never wait. The driver's own transactions are disabled; BEGIN is
issued here.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from pysqlite3 import dbapi2

from attimo.errors import Misconfigured, SqliteTooOld, StoreUnavailable
from attimo.store import schema
from attimo.store.connection import BUSY_SECONDS, Connection, Database
from attimo.store.sqlite_connection import SqliteConnection, translated_errors

APPLICATION_ID = int.from_bytes(b"Atmo")
"""The application ID in SQLite's header."""

OLDEST_SQLITE = (3, 51, 3)
MOST_IDLE = 5
"""Connections that stay open between transactions; more are rarely used at a time."""

LONGEST_LOG = 2_000
"""In pages of 4 KiB; a transaction that makes the write-ahead log longer copies all of it."""

_FROM_THE_FIRST = {"accounts", "caches", "signing_keys", "directory", "alembic_version"}
"""Tables that every version had."""


@dataclass(slots=True)
class SqliteDatabase(Database):
    """An open database in a file, for any number of threads.

    Each transaction has a connection of its own: the one used last, whose page cache is warm.
    """

    path: Path
    _file: tuple[int, int]
    """Its device and inode when it was opened."""
    _idle: list[dbapi2.Connection] = field(default_factory=list, init=False, repr=False)
    _most_idle: int = field(default=MOST_IDLE, init=False, repr=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False)

    def check(self) -> None:
        """Check that the file is still there: writes to a removed one would be lost.

        Raises:
            StoreUnavailable: It was removed or replaced.
        """
        if _file_at(self.path) != self._file:
            raise StoreUnavailable(
                f"{self.path} was removed or replaced while the server runs, so nothing can be "
                "changed: put it back, or restore a backup and start the server again"
            )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open a transaction that may write; commit it on a clean exit, otherwise roll it back.

        Raises:
            StoreUnavailable: The disk is full, another process holds the lock too long, or the
                file was removed.
        """
        self.check()
        with self._transaction("BEGIN IMMEDIATE") as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction that only reads: a snapshot that waits for no writer.

        Raises:
            StoreUnavailable: The file cannot be read.
        """
        with self._transaction("BEGIN") as connection:
            yield connection

    def checkpoint(self) -> None:
        """Copy the write-ahead log into the file, while others read and write.

        Otherwise the transaction with which the log reaches `LONGEST_LOG` does that, for all before
        it. What cannot be copied stays in the log, where it is as durable.
        """
        driver = self._take()
        try:
            with suppress(StoreUnavailable), translated_errors():
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        finally:
            self._let_go(driver)

    def close(self) -> None:
        """Close every connection; the last one checkpoints the write-ahead log.

        A connection in use is closed when its transaction ends.
        """
        with self._lock:
            self._most_idle = 0
            while self._idle:
                self._idle.pop().close()

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[Connection]:
        driver = self._take()
        try:
            with translated_errors():
                driver.execute(begin)
            yield SqliteConnection(driver)
            with translated_errors():
                driver.execute("COMMIT")
        except BaseException:
            # A disk error may have ended the transaction already.
            with suppress(dbapi2.Error):
                driver.rollback()
            raise
        finally:
            self._let_go(driver)

    def _take(self) -> dbapi2.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        return _connect(self.path)

    def _let_go(self, driver: dbapi2.Connection) -> None:
        with self._lock:
            keep = len(self._idle) < self._most_idle and not driver.in_transaction
            if keep:
                self._idle.append(driver)
        if not keep:
            driver.close()


def open_file(path: Path) -> SqliteDatabase:
    """Open the database of this file; create it if there is none, migrate it if it is older.

    Raises:
        SqliteTooOld: The SQLite library could damage a database.
        DatabaseTooNew: A newer version of this program has migrated the file; it is unchanged.
        Misconfigured: The file is another program's; it is unchanged.
        StoreUnavailable: The file cannot be created, read or written, or is not a database.
    """
    check_sqlite(dbapi2.sqlite_version_info)
    _create_private(path)
    check_ours(path)
    database = SqliteDatabase(path, _file_at(path))
    try:
        with database.begin() as connection:
            schema.bring_up_to_date(connection, str(path))
            _sign(connection)
    except BaseException:
        database.close()
        raise
    return database


def outdated_step(path: Path) -> str | None:
    """Return the newest step of a database that `open_file` would migrate; else None.

    Raises:
        Misconfigured: The file is another program's, or damaged.
        StoreUnavailable: The file cannot be read, or is not a database.
    """
    if not path.exists():
        return None
    check_ours(path)
    with _named(path), closing(dbapi2.connect(str(path), timeout=BUSY_SECONDS)) as file:
        return schema.outdated_step(SqliteConnection(file), str(path))


def check_sqlite(version: tuple[int, ...]) -> None:
    """Refuse a SQLite library that could damage a database.

    Raises:
        SqliteTooOld: It could.
    """
    if version < OLDEST_SQLITE:
        raise SqliteTooOld(_dotted(version), _dotted(OLDEST_SQLITE))


def _create_private(path: Path) -> None:
    """Create the file with mode 600, for its signing keys; SQLite's other files get the same."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise StoreUnavailable(f"{path} cannot be opened: {error.strerror}") from error


def check_ours(path: Path) -> None:
    """Refuse another program's database, before a connection changes its journal mode.

    Raises:
        Misconfigured: The file is another program's.
        StoreUnavailable: The file cannot be read, or is not a database.
    """
    with _named(path), closing(dbapi2.connect(str(path), timeout=BUSY_SECONDS)) as file:
        (found,) = file.execute("PRAGMA application_id").fetchone()
        names = {name for (name,) in file.execute("SELECT name FROM sqlite_master")}
    # Before 0.1 the header had no ID; such files are recognized by their tables.
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
    """Return device and inode; (0, 0) if there is no such file."""
    try:
        found = path.stat()
    except OSError:
        return 0, 0
    return found.st_dev, found.st_ino


def _connect(path: Path) -> dbapi2.Connection:
    with translated_errors():
        # Several threads use it, one at a time.
        connection = dbapi2.connect(
            str(path), timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            f"wal_autocheckpoint = {LONGEST_LOG}",
            "foreign_keys = ON",
            "recursive_triggers = ON",  # or INSERT OR REPLACE deletes rows that triggers protect
        ):
            connection.execute(f"PRAGMA {pragma}")
    return connection


def _sign(connection: Connection) -> None:
    if connection.scalar("PRAGMA application_id") != APPLICATION_ID:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(str(part) for part in version)
