"""SQL on a session of PostgreSQL's driver.

The driver is pg8000: pure Python, under a licence (BSD) that lets it be shipped with this program.
A session prepares each statement once. Rows that one statement writes are sent together, so that a
thousand of them wait for the network once.
"""

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby, islice
from typing import Any

from pg8000.core import SYNC_MSG, Context
from pg8000.exceptions import DatabaseError, InterfaceError
from pg8000.native import Connection as Driver

from attimo.errors import StoreUnavailable
from attimo.store.connection import Connection, Row, RowRefused, Value, Values
from attimo.store.postgresql_tables import translated

MOST_PREPARED = 200
"""Statements that a session keeps prepared."""
MOST_TOGETHER = 500
"""Rows that are sent before the answers are read; all answers fit into the socket's buffer."""

_TYPES = {bool: 16, bytes: 17, int: 20, str: 25, type(None): 0}
"""PostgreSQL's types of values; 0 is what the statement expects there."""
_PARAMETERS = re.compile(r"'(?:[^']|'')*'|\$\$.*?\$\$|::|:([A-Za-z_]\w*)|\?", re.DOTALL)
_READS = ("SELECT", "BEGIN", "COMMIT", "ROLLBACK", "SET")

_REFUSED = ("23", "P0001")
"""Codes of errors, as they begin, for rows that violate a constraint or that a trigger refuses."""
_MISTAKEN = ("22", "42", "0A")
"""The same for invalid SQL and values that do not fit."""


class InvalidStatementError(Exception):
    """A statement is invalid, or a value does not fit; a mistake of this program."""


@dataclass(slots=True)
class Session:
    """A connection to the server, which several threads use one at a time.

    Attributes:
        is_broken: Whether it cannot be used again, since an answer is missing.
    """

    driver: Driver
    is_broken: bool = field(default=False, init=False)
    _prepared: OrderedDict[tuple[str, tuple[int, ...]], tuple[Any, ...]] = field(
        default_factory=OrderedDict, init=False, repr=False
    )

    def run(self, sql: str) -> None:
        """Run a statement without parameters that returns nothing."""
        self.ask(sql, [()])

    def ask(self, statement: str, rows: Sequence[Sequence[Value]]) -> Any:
        """Run a statement with parameters `$1` once for each row of values, all of the same types.

        Returns:
            The driver's context: the rows that it returned, and how many it has written.

        Raises:
            RowRefused: A row violates a constraint.
            InvalidStatementError: The statement is invalid.
            StoreUnavailable: The server cannot be used.
        """
        if self.is_broken:
            raise StoreUnavailable("The database cannot be used: the connection is lost")
        # An answer that is not read to its end would be taken for the next one's.
        self.is_broken = True
        try:
            context = self._answer(statement, rows)
        except DatabaseError as error:
            self.is_broken = False
            raise _translated(error) from None
        except (InterfaceError, OSError) as error:
            raise StoreUnavailable(f"The database cannot be used: {error}") from error
        self.is_broken = False
        return context

    def wait_at_most(self, seconds: float | None) -> None:
        """Set how long an answer is waited for; None is for ever."""
        if not self.is_broken:
            self.driver._usock.settimeout(seconds)

    def close(self) -> None:
        """Close the connection, whatever its state."""
        with suppress(InterfaceError, OSError, ValueError):
            self.driver.close()

    def _answer(self, statement: str, rows: Sequence[Sequence[Value]]) -> Any:
        name, columns, read = self._prepare(statement, tuple(_TYPES[type(v)] for v in rows[0]))
        context = Context(statement, columns=columns, input_funcs=read)
        for row in rows:
            self.driver.send_BIND(name, [None if v is None else _text(v) for v in row])
            self.driver.send_EXECUTE()
        self.driver._sock.write(SYNC_MSG)
        self.driver._sock.flush()
        self.driver.handle_messages(context)
        return context

    def _prepare(self, statement: str, types: tuple[int, ...]) -> tuple[Any, ...]:
        key = (statement, types)
        if (known := self._prepared.get(key)) is not None:
            self._prepared.move_to_end(key)
            return known
        if len(self._prepared) >= MOST_PREPARED:
            _, (oldest, *_) = self._prepared.popitem(last=False)
            self.driver.close_prepared_statement(oldest)
        made: tuple[Any, ...] = self.driver.prepare_statement(statement, types)
        self._prepared[key] = made
        return made


@dataclass(slots=True)
class PostgresConnection(Connection):
    """A session of PostgreSQL's driver, with a transaction open."""

    invalid = InvalidStatementError

    _session: Session
    _changes: int = field(default=0, init=False)

    @property
    def changes(self) -> int:
        """How many rows this transaction has changed."""
        return self._changes

    def execute(self, sql: str, /, **values: Value) -> int:
        """Run a statement that returns nothing; return how many rows it wrote."""
        return self._run(sql, [values])[1]

    def execute_each(self, sql: str, rows: Iterable[Values], /) -> None:
        """Run a statement that returns nothing, once for each of these rows."""
        remaining = iter(rows)
        while together := list(islice(remaining, MOST_TOGETHER)):
            self._run(sql, together)

    def rows(self, sql: str, /, **values: Value) -> list[Row]:
        """Return all rows."""
        return [tuple(row) for row in self._run(sql, [values])[0]]

    def each(self, sql: str, /, **values: Value) -> Iterator[Row]:
        """Return the rows one by one; the driver has all of them in memory."""
        for row in self._run(sql, [values])[0]:
            yield tuple(row)

    def define(self, statement: str, /) -> None:
        """Run a statement of `tables.sql` or of a step, translated."""
        for each in translated(statement):
            self.execute(each)

    def columns(self) -> set[tuple[str, str]]:
        """Return each column, with its table."""
        query = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema()
"""
        return {(table, column) for table, column in self.rows(query)}

    def take_time(self) -> None:
        """Let the statements of this transaction take as long as they need."""
        self.execute("SET LOCAL statement_timeout = 0")
        self.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        self._session.wait_at_most(None)

    def last_numbers(self) -> dict[str, int]:
        """Return the last number that each table with numbered rows has given."""
        query = """
SELECT substr(sequencename, 1, length(sequencename) - length('_id_seq')), last_value
FROM pg_sequences
WHERE schemaname = current_schema() AND sequencename LIKE '%\\_id\\_seq' AND last_value IS NOT NULL
"""
        return dict(self.rows(query))

    def go_on_from(self, table: str, number: int, /) -> None:
        """Have a table give higher numbers than this one."""
        query = "SELECT setval(pg_get_serial_sequence(:table, 'id'), :number)"
        self.rows(query, table=table, number=number)

    def _run(self, sql: str, rows: Sequence[Values]) -> tuple[list[Any], int]:
        """Run a statement for each row of values; return the rows, and how many it wrote."""
        statement, names = _numbered(sql)
        found: list[Any] = []
        written = 0
        reads = statement.lstrip().upper().startswith(_READS)
        for _, alike in groupby((_in_order(names, row) for row in rows), _types):
            context = self._session.ask(statement, list(alike))
            found += context.rows or ()
            written += 0 if reads else max(context.row_count, 0)
        self._changes += written
        return found, written


def _types(row: Sequence[Value]) -> list[type]:
    return [type(value) for value in row]


def _in_order(names: Sequence[str], values: Values) -> Sequence[Value]:
    """Return values in the order of the statement's parameters."""
    return [values[name] for name in names] if isinstance(values, Mapping) else values


@lru_cache(maxsize=1000)
def _numbered(sql: str) -> tuple[str, tuple[str, ...]]:
    """Replace parameters such as `:name` and `?` by `$1`; return the names in their order, too."""
    names: list[str] = []
    unnamed = 0

    def number(found: re.Match[str]) -> str:
        nonlocal unnamed
        if found[0] == "?":
            unnamed += 1
            return f"${unnamed}"
        if found[1] is None:
            return found[0]
        if found[1] not in names:
            names.append(found[1])
        return f"${names.index(found[1]) + 1}"

    return _PARAMETERS.sub(number, sql), tuple(names)


def _text(value: str | bytes | int) -> str:
    """Return a value in PostgreSQL's text format."""
    if isinstance(value, bytes):
        return f"\\x{value.hex()}"
    return value if isinstance(value, str) else str(value)


def _translated(error: DatabaseError) -> Exception:
    """Return our error for the server's: its message, and not its details, which have values."""
    told: Mapping[str, str] = error.args[0]
    code, message = told.get("C", ""), told.get("M", "")
    if code.startswith(_REFUSED):
        return RowRefused(message)
    if code.startswith(_MISTAKEN):
        return InvalidStatementError(f"{code}: {message}")
    return StoreUnavailable(f"The database cannot be used: {message} ({code})")
