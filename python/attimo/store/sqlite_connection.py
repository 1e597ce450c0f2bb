"""SQL on a connection of SQLite's driver."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pysqlite3 import dbapi2

from attimo.errors import StoreUnavailable
from attimo.store.connection import Connection, Row, RowRefused, Value, Values

_MISTAKE = 1
"""SQLite's code for invalid SQL."""


@dataclass(frozen=True, slots=True)
class SqliteConnection(Connection):
    """A connection of SQLite's driver, with a transaction open."""

    invalid = dbapi2.OperationalError

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

    def rows(self, sql: str, /, **values: Value) -> list[Row]:
        """Return all rows."""
        with translated_errors():
            found: list[Row] = self._driver.execute(sql, values).fetchall()
        return found

    def each(self, sql: str, /, **values: Value) -> Iterator[Row]:
        """Return the rows one by one, where there may be thousands."""
        with translated_errors():
            yield from self._driver.execute(sql, values)

    def define(self, statement: str, /) -> None:
        """Run a statement of `tables.sql` or of a step."""
        self.execute(statement)

    def columns(self) -> set[tuple[str, str]]:
        """Return each column, with its table."""
        query = """
SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c
WHERE m.type = 'table' AND m.name <> 'sqlite_sequence'
"""
        return {(table, name) for table, name in self.rows(query)}

    def last_numbers(self) -> dict[str, int]:
        """Return the last number that each table with numbered rows has given."""
        return dict(self.rows("SELECT name, seq FROM sqlite_sequence"))

    def go_on_from(self, table: str, number: int, /) -> None:
        """Have a table give higher numbers than this one."""
        self.execute("DELETE FROM sqlite_sequence WHERE name = :table", table=table)
        self.insert("sqlite_sequence", name=table, seq=number)


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
