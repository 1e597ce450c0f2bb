"""The interface for `control`: transactions, and SQL with named parameters in and typed rows out.

`control` does not depend on the driver's parameters, rows and errors. Its SQL is SQLite's, as far
as PostgreSQL understands it, too.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, ClassVar, TypeVar

Made = TypeVar("Made")
Value = str | bytes | int | None
Row = tuple[Any, ...]
Values = Mapping[str, Value] | Sequence[Value]
"""Values of parameters by name or, for thousands of rows, of parameters `?` in their order."""


BUSY_SECONDS = 10
"""How long a transaction that writes waits for the one before it."""


class RowRefused(Exception):
    """A row violates a constraint: it exists already, or refers to a row that does not.

    The transaction must be rolled back: not every database can continue it.
    """


class Connection(ABC):
    """A connection with a transaction open.

    Every method takes a statement with parameters such as `:account_id`, and their values. It
    raises RowRefused, or StoreUnavailable on errors of disk, network or lock; invalid SQL raises
    the driver's error.
    """

    __slots__ = ()

    invalid: ClassVar[type[Exception]]
    """The driver's error for invalid SQL."""

    @property
    @abstractmethod
    def changes(self) -> int:
        """How many rows this connection has changed since it was opened."""

    @abstractmethod
    def execute(self, sql: str, /, **values: Value) -> int:
        """Run a statement that returns nothing; return how many rows it wrote."""

    @abstractmethod
    def execute_each(self, sql: str, rows: Iterable[Values], /) -> None:
        """Run a statement that returns nothing, once for each of these rows."""

    @abstractmethod
    def rows(self, sql: str, /, **values: Value) -> list[Row]:
        """Return all rows."""

    @abstractmethod
    def each(self, sql: str, /, **values: Value) -> Iterator[Row]:
        """Return the rows one by one, where there may be thousands."""

    @abstractmethod
    def define(self, statement: str, /) -> None:
        """Run a statement of `tables.sql` or of a step, which may define tables."""

    @abstractmethod
    def columns(self) -> set[tuple[str, str]]:
        """Return each column, with its table."""

    @abstractmethod
    def last_numbers(self) -> dict[str, int]:
        """Return the last number that each table with numbered rows has given."""

    @abstractmethod
    def go_on_from(self, table: str, number: int, /) -> None:
        """Have a table give higher numbers than this one."""

    def take_time(self) -> None:
        """Let the statements of this transaction take as long as they need."""
        return

    def insert(self, table: str, /, **row: Value) -> None:
        """Add a row to a table."""
        names = ", ".join(row)
        values = ", ".join(f":{name}" for name in row)
        self.execute(" ".join(("INSERT INTO", table, f"({names}) VALUES ({values})")), **row)

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


class Database(ABC):
    """An open database, for any number of threads."""

    __slots__ = ()

    @abstractmethod
    def check(self) -> None:
        """Check that what is written would not be lost.

        Raises:
            StoreUnavailable: It would.
        """

    @abstractmethod
    def begin(self) -> AbstractContextManager[Connection]:
        """Open a transaction that may write; commit it on a clean exit, otherwise roll it back.

        Raises:
            StoreUnavailable: The database cannot be written.
        """

    @abstractmethod
    def read(self) -> AbstractContextManager[Connection]:
        """Open a transaction that only reads: a snapshot that waits for no writer.

        Raises:
            StoreUnavailable: The database cannot be read.
        """

    @abstractmethod
    def checkpoint(self) -> None:
        """Move what is in a log into the database, while others read and write."""

    @abstractmethod
    def close(self) -> None:
        """Close every connection; one in use is closed when its transaction ends."""
