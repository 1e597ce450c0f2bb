"""The schema: creates the tables of a new database, or runs the steps that an older one lacks.

Both result in the same tables, which a test compares.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pysqlite3 import dbapi2

from attimo.errors import DatabaseTooNew, Misconfigured
from attimo.store.connection import Connection, RowRefused

SCHEMA = "0028"
"""The newest step. Numbers grow, so that a newer database is recognized."""

_TABLES = Path(__file__).with_name("tables.sql")
_STEPS = Path(__file__).with_name("steps")


def bring_up_to_date(db: Connection, path: Path) -> None:
    """Create the tables of an empty database, or run the steps that an older one lacks.

    Raises:
        DatabaseTooNew: A newer version of this program has run further steps.
        Misconfigured: It is damaged: its tables are not those of its recorded step.
    """
    with _readable_errors(path):
        found = _newest_step(db)
        if found is None:
            _run(db, _TABLES)
            _set_step(db, SCHEMA)
        elif found > SCHEMA:
            raise DatabaseTooNew(str(path), found, SCHEMA)
        else:
            take_steps(db, found)
            _check(db, path)


def outdated_step(db: Connection, path: Path) -> str | None:
    """Return the newest step of a database that lacks some; None for an empty or a current one.

    Raises:
        Misconfigured: It is damaged.
    """
    with _readable_errors(path):
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


def _check(db: Connection, path: Path) -> None:
    for table, column in sorted(_columns_of_today() - _columns(db)):
        raise _damaged(path, f"{table}.{column} is missing")
    kinds = db.rows("SELECT typeof(revision), typeof(last_namespace) FROM directory")
    if kinds != [("integer", "integer")]:
        raise _damaged(path, "directory has no row of two numbers")


def _columns_of_today() -> set[tuple[str, str]]:
    with closing(dbapi2.connect(":memory:")) as driver:
        memory = Connection(driver)
        _run(memory, _TABLES)
        return _columns(memory)


def _columns(db: Connection) -> set[tuple[str, str]]:
    """Return each column, with its table."""
    query = "SELECT m.name, c.name FROM sqlite_master AS m JOIN pragma_table_info(m.name) AS c"
    return {(table, column) for table, column in db.rows(f"{query} WHERE m.type = 'table'")}


@contextmanager
def _readable_errors(path: Path) -> Iterator[None]:
    """Report tables on which this version's SQL fails, as a damaged database."""
    try:
        yield
    except (dbapi2.OperationalError, RowRefused) as error:
        raise _damaged(path, str(error)) from error


def _damaged(path: Path, how: str) -> Misconfigured:
    return Misconfigured(
        f"{path} is damaged ({how}), and is left as it is: "
        "restore a backup into another directory (attimo restore)"
    )


def _number(step: Path) -> str:
    return step.name.split("_")[0]


def _newest_step(db: Connection) -> str | None:
    """Return the newest step that was run on a database; None if there was none."""
    if db.scalar("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'") is None:
        return None
    return str(db.scalar("SELECT version_num FROM alembic_version") or "")


def _set_step(db: Connection, step: str) -> None:
    db.execute("DELETE FROM alembic_version")
    db.insert("alembic_version", version_num=step)


def _run(db: Connection, script: Path) -> None:
    for statement in _statements(script.read_text("utf-8")):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Split a script: run as a whole, the driver would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if dbapi2.complete_statement(statement):
            yield statement
            statement = ""
