"""Copies everything from one database into another, of any kind, in one transaction."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from attimo.errors import Misconfigured
from attimo.store import schema
from attimo.store.connection import Connection, Row, Value

ROWS = 500
"""How many rows are read and written at a time."""

_TABLE = re.compile(r"CREATE TABLE (\w+) \(")
_FLAG = re.compile(r"^\s*(\w+) BOOLEAN\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, as `tables.sql` has it.

    Attributes:
        name: Its name.
        columns: The columns that are stored, in any order.
        flags: Which of them are true or false.
        order: The column by which its rows are in the order in which they were made; empty if
            their order says nothing.
        is_numbered: Whether it gives its rows numbers.
    """

    name: str
    columns: tuple[str, ...]
    flags: frozenset[str]
    order: str
    is_numbered: bool


def copy(source: Connection, target: Connection, at: Callable[[str, int], None]) -> dict[str, int]:
    """Copy all rows into a database whose tables are new; return how many each table has.

    Args:
        source: The database that is read.
        target: The one that is written.
        at: Told the table and how many rows are copied in all, again and again.

    Raises:
        Misconfigured: The target has accounts already, or a row does not fit there.
    """
    some = "SELECT EXISTS (SELECT 1 FROM accounts) OR EXISTS (SELECT 1 FROM audit)"
    if target.scalar(some):
        raise Misconfigured("There are accounts already: copy into a new or an empty database")
    every = list(tables())
    for table in reversed(every):
        target.execute(f"DELETE FROM {table.name}")  # noqa: S608
    copied: dict[str, int] = {}
    before = 0
    for table in every:
        copied[table.name] = 0
        for count in _rows_of(table, source, target):
            copied[table.name] += count
            at(table.name, before + copied[table.name])
        before += copied[table.name]
    _go_on(every, source, target)
    return copied


def count(source: Connection) -> int:
    """Return how many rows `copy` copies."""
    queries = (f"SELECT count(*) FROM {table.name}" for table in tables())  # noqa: S608
    return sum(source.scalar(query) for query in queries)


def tables() -> Iterator[Table]:
    """Return all tables; rows refer to those of tables before their own."""
    stored: dict[str, list[str]] = {}
    for table, column in sorted(schema.columns_of_today()):
        stored.setdefault(table, []).append(column)
    for statement in schema.statements():
        if found := _TABLE.search(statement):
            name = found[1]
            is_numbered = "id INTEGER NOT NULL PRIMARY KEY" in statement
            order = "" if "WITHOUT ROWID" in statement else "id" if is_numbered else "rowid"
            flags = frozenset(_FLAG.findall(statement))
            yield Table(name, tuple(stored[name]), flags, order, is_numbered)


def _rows_of(table: Table, source: Connection, target: Connection) -> Iterator[int]:
    """Copy the rows of a table; return how many, again and again."""
    columns = ", ".join(table.columns)
    order = f" ORDER BY {table.order}" if table.order else ""
    rows = source.each(f"SELECT {columns} FROM {table.name}{order}")  # noqa: S608
    values = ", ".join(f":{column}" for column in table.columns)
    insert = f"INSERT INTO {table.name} ({columns}) VALUES ({values})"  # noqa: S608
    while some := [_values(table, row) for row in islice(rows, ROWS)]:
        try:
            target.execute_each(insert, some)
        except target.invalid as error:
            raise Misconfigured(f"A row of {table.name} does not fit: {error}") from None
        yield len(some)


def _values(table: Table, row: Row) -> Mapping[str, Value]:
    return {
        name: bool(value) if name in table.flags else value
        for name, value in zip(table.columns, row, strict=True)
    }


def _go_on(every: list[Table], source: Connection, target: Connection) -> None:
    """Have the target number new rows as the source would: a number is never given twice."""
    given = source.last_numbers()
    for table in every:
        if table.is_numbered:
            greatest = target.scalar(f"SELECT max(id) FROM {table.name}") or 0  # noqa: S608
            if last := max(given.get(table.name, 0), greatest):
                target.go_on_from(table.name, last)
