"""Opens the database of a server: a file of SQLite, or a database on a PostgreSQL server.

PostgreSQL's driver is imported only where it is used.
"""

from pathlib import Path
from typing import overload

from attimo.errors import Misconfigured
from attimo.settings.database import Address
from attimo.store import sqlite
from attimo.store.connection import Database
from attimo.store.sqlite import SqliteDatabase

__all__ = ["Database", "Place", "open_database"]

Place = Path | Address
"""Where a database is."""


@overload
def open_database(place: Path) -> SqliteDatabase: ...
@overload
def open_database(place: Place) -> Database: ...
def open_database(place: Place) -> Database:
    """Open a database; create it if there is none, migrate it if it is older.

    Raises:
        SqliteTooOld: The SQLite library could damage a database.
        DatabaseTooNew: A newer version of this program has migrated it; it is unchanged.
        Misconfigured: It is another program's, and unchanged; or the driver is not installed.
        StoreUnavailable: It cannot be opened.
    """
    if isinstance(place, Path):
        return sqlite.open_file(place)
    _need_driver()
    from attimo.store.postgresql import open_server

    return open_server(place)


def is_new(address: Address) -> bool:
    """Return whether a database on PostgreSQL has no tables yet.

    Raises:
        Misconfigured: The driver is not installed.
        StoreUnavailable: The server cannot be used.
    """
    _need_driver()
    from attimo.store import postgresql

    return postgresql.is_new(address)


def _need_driver() -> None:
    try:
        import pg8000  # noqa: F401
    except ImportError as error:
        raise Misconfigured(
            "A database on PostgreSQL needs the package pg8000: pip install 'attimo[postgres]'"
        ) from error
