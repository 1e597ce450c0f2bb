"""SQL as the rules write it: values by name, never in the text; rows as what they are made into.

The rules do not know the driver: how values are named to it, what its rows are, and which of its
errors means what. Their SQL keeps to what PostgreSQL takes, too, where that costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pysqlite3 import dbapi2

from attimo.errors import StoreUnavailable

Made = TypeVar("Made")
Value = str | bytes | int | None
Row = tuple[Any, ...]

_MISTAKE = 1
"""SQLite's code for SQL that cannot be run."""


class RowRefused(Exception):
    """A row breaks a rule of its table: there is one like it, or what it refers to is not there.

    The transaction is to be given up: not every database can go on with it.
    """


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection with a transaction open.

    Every method takes a statement with names such as `:account_id` and the values of these. It
    raises RowRefused, or StoreUnavailable if disk, lock or file make trouble; a mistake in the SQL
    rises as the driver tells it.
    """

    _driver: dbapi2.Connection

    @property
    def changes(self) -> int:
        """How many rows this connection has changed since it was opened."""
        return int(self._driver.total_changes)

    def execute(self, sql: str, /, **values: Value) -> int:
        """Run a statement that returns nothing; return how many rows it wrote."""
        with translated_errors():
            return int(self._driver.execute(sql, values).rowcount)

    def execute_each(self, sql: str, rows: Iterable[Mapping[str, Value]], /) -> None:
        """Run a statement that returns nothing with the values of each of these rows."""
        with translated_errors():
            self._driver.executemany(sql, rows)

    def insert(self, table: str, /, **row: Value) -> None:
        """Add a row to a table."""
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        self.execute(" ".join(("INSERT INTO", table, f"({names}) VALUES ({values})")), **row)

    def rows(self, sql: str, /, **values: Value) -> list[Row]:
        """Return all rows."""
        with translated_errors():
            found: list[Row] = self._driver.execute(sql, values).fetchall()
        return found

    def all(self, make: Callable[..., Made], sql: str, /, **values: Value) -> list[Made]:
        """Return what is made of each row, given its columns in their order."""
        return [make(*row) for row in self.rows(sql, **values)]

    def first(self, make: Callable[..., Made], sql: str, /, **values: Value) -> Made | None:
        """Return what is made of the first row; None if there is no row."""
        found = self.rows(sql, **values)
        return make(*found[0]) if found else None

    def scalar(self, sql: str, /, **values: Value) -> Any:
        """Return the first column of the first row; None if there is no row."""
        found = self.rows(sql, **values)
        return found[0][0] if found else None


@contextmanager
def translated_errors() -> Iterator[None]:
    """Tell a refused row, trouble with disk, lock or file, and mistakes in SQL apart.

    The driver's messages hold names of tables and columns, and never a value: they may be logged.
    """
    try:
        yield
    except dbapi2.IntegrityError as error:
        raise RowRefused(str(error)) from error
    except dbapi2.DatabaseError as error:
        trouble = type(error) in (dbapi2.OperationalError, dbapi2.DatabaseError)
        if not trouble or getattr(error, "sqlite_errorcode", None) == _MISTAKE:
            raise
        raise StoreUnavailable(f"The database cannot be used: {error}") from error
