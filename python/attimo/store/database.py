"""Opens the database of a server."""

from pathlib import Path

from attimo.store import sqlite
from attimo.store.connection import Database
from attimo.store.sqlite import SqliteDatabase

__all__ = ["Database", "open_database"]


def open_database(place: Path) -> SqliteDatabase:
    """Open the database of this file; create it if there is none, migrate it if it is older.

    Raises:
        SqliteTooOld: The SQLite library could damage a database.
        DatabaseTooNew: A newer version of this program has migrated it; it is unchanged.
        Misconfigured: It is another program's; it is unchanged.
        StoreUnavailable: It cannot be opened.
    """
    return sqlite.open_file(place)
