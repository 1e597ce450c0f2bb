"""The interface for SQL in `control`: named parameters in, typed rows out.

`control` does not depend on the driver's parameters, rows and errors. Its SQL stays compatible with
PostgreSQL where that costs nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from pysqlite3 import dbapi2

from attimo.errors import StoreUnavailable

Made = TypeVar("Made")
Value = str | bytes | int | None
Row = tuple[Any, ...]
Values = Mapping[str, Value] | Sequence[Value]
"""Values of parameters by name or, for thousands of rows, of parameters `?` in their order."""

_MISTAKE = 1
"""SQLite's code for invalid SQL."""


class RowRefused(Exception):
    """A row violates a constraint: it exists already, or refers to a row that does not.

    The transaction must be rolled back: not every database can continue it.
    """


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection with a transaction open.

    Every method takes a statement with parameters such as `:account_id`, and their values. It
    raises RowRefused, or StoreUnavailable on errors of disk, lock or file; invalid SQL raises the
    driver's error.
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

    def execute_each(self, sql: str, rows: Iterable[Values], /) -> None:
        """Run a statement that returns nothing, once for each of these rows."""
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

    def each(self, sql: str, /, **values: Value) -> Iterator[Row]:
        """Return the rows one by one, where there may be thousands."""
        with translated_errors():
            yield from self._driver.execute(sql, values)

    def all(self, make: Callable[..., Made], sql: str, /, **values: Value) -> list[Made]:
        """Return an object for each row, made of its columns in order."""
        return [make(*row) for row in self.rows(sql, **values)]

    def first(self, make: Callable[..., Made], sql: str, /, **values: Value) -> Made | None:
        """Return an object for the first row; None if there is no row."""
        found = self.rows(sql, **values)
        return make(*found[0]) if found else None

    def scalar(self, sql: str, /, **values: Value) -> Any:
        """Return the first column of the first row; None if there is no row."""
        found = self.rows(sql, **values)
        return found[0][0] if found else None


@contextmanager
def translated_errors() -> Iterator[None]:
    """Translate the driver's errors into RowRefused and StoreUnavailable, except for invalid SQL.

    The driver's messages contain names of tables and columns but no values, so they can be logged.
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
