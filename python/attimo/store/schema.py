"""The schema: creates the tables of a new database, or runs the steps that an older one lacks.

Both result in the same tables, which a test compares.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pysqlite3 import dbapi2

from attimo.errors import DatabaseTooNew, Misconfigured
from attimo.store.connection import Connection, RowRefused
from attimo.store.sqlite_connection import SqliteConnection

SCHEMA = "0029"
"""The newest step. Numbers grow, so that a newer database is recognized."""

_TABLES = Path(__file__).with_name("tables.sql")
_STEPS = Path(__file__).with_name("steps")


def bring_up_to_date(db: Connection, name: str) -> None:
    """Create the tables of an empty database, or run the steps that an older one lacks.

    Raises:
        DatabaseTooNew: A newer version of this program has run further steps.
        Misconfigured: It is damaged: its tables are not those of its recorded step.
    """
    with _readable_errors(db, name):
        found = _newest_step(db)
        if found is None:
            _run(db, _TABLES)
            _set_step(db, SCHEMA)
        elif found > SCHEMA:
            raise DatabaseTooNew(name, found, SCHEMA)
        else:
            take_steps(db, found)
            _check(db, name)


def outdated_step(db: Connection, name: str) -> str | None:
    """Return the newest step of a database that lacks some; None for an empty or a current one.

    Raises:
        Misconfigured: It is damaged.
    """
    with _readable_errors(db, name):
        found = _newest_step(db)
    return found if found is not None and found < SCHEMA else None


def take_steps(db: Connection, after: str = "", until: str = SCHEMA) -> None:
    """Run the steps after one number, up to and including another."""
    for step in steps():
        if after < _number(step) <= until:
            _run(db, step)
            _set_step(db, _number(step))


def steps() -> list[Path]:
    """Return the steps from an empty file to today's tables, each an SQL script."""
    return sorted(_STEPS.glob("*.sql"))


def _check(db: Connection, name: str) -> None:
    for table, column in sorted(columns_of_today() - db.columns()):
        raise _damaged(name, f"{table}.{column} is missing")
    rows = db.rows("SELECT revision, last_namespace FROM directory")
    if [[type(each) for each in row] for row in rows] != [[int, int]]:
        raise _damaged(name, "directory has no row of two numbers")


def columns_of_today() -> set[tuple[str, str]]:
    """Return the columns that `tables.sql` makes; SQLite is there whatever the database is."""
    with closing(dbapi2.connect(":memory:")) as driver:
        memory = SqliteConnection(driver)
        _run(memory, _TABLES)
        return memory.columns()


@contextmanager
def _readable_errors(db: Connection, name: str) -> Iterator[None]:
    """Report tables on which this version's SQL fails, as a damaged database."""
    try:
        yield
    except (db.invalid, RowRefused) as error:
        raise _damaged(name, str(error)) from error


def _damaged(name: str, how: str) -> Misconfigured:
    return Misconfigured(
        f"{name} is damaged ({how}), and is left as it is: "
        "restore a backup into another directory (attimo restore)"
    )


def _number(step: Path) -> str:
    return step.name.split("_")[0]


def _newest_step(db: Connection) -> str | None:
    """Return the newest step that was run on a database; None if there was none."""
    if not any(table == "alembic_version" for table, _ in db.columns()):
        return None
    return str(db.scalar("SELECT version_num FROM alembic_version") or "")


def _set_step(db: Connection, step: str) -> None:
    db.execute("DELETE FROM alembic_version")
    db.insert("alembic_version", version_num=step)


def statements() -> Iterator[str]:
    """Return what makes today's tables, and the rows that every database has."""
    return _statements(_TABLES.read_text("utf-8"))


def _run(db: Connection, script: Path) -> None:
    for statement in _statements(script.read_text("utf-8")):
        db.define(statement)


def _statements(script: str) -> Iterator[str]:
    """Split a script: run as a whole, the driver would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if dbapi2.complete_statement(statement):
            yield statement
            statement = ""
