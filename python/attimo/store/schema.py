"""The tables of a database: made at once, or brought up to date by the steps that it lacks.

Both ways end with the same tables, which a test holds together.
"""

from collections.abc import Iterator
from pathlib import Path

from pysqlite3 import dbapi2

from attimo.errors import DatabaseTooNew
from attimo.store.connection import Connection

SCHEMA = "0010"
"""The newest step; their numbers grow, so that a newer database can be told."""

_TABLES = Path(__file__).with_name("tables.sql")
_STEPS = Path(__file__).with_name("steps")


def bring_up_to_date(db: Connection, path: Path) -> None:
    """Make the tables of an empty database, or take the steps that an older one lacks.

    Raises:
        DatabaseTooNew: A newer version of this program has taken further steps.
    """
    found = _newest_step(db)
    if found is None:
        _run(db, _TABLES)
        _tell(db, SCHEMA)
    elif found > SCHEMA:
        raise DatabaseTooNew(str(path), found, SCHEMA)
    elif found < SCHEMA:
        take_steps(db, found)


def take_steps(db: Connection, after: str = "", until: str = SCHEMA) -> None:
    """Take the steps between these two numbers, the latter one included."""
    for step in steps():
        if after < _number(step) <= until:
            _run(db, step)
            _tell(db, _number(step))


def steps() -> list[Path]:
    """The steps from an empty file to the tables of today, each a script of SQL."""
    return sorted(_STEPS.glob("*.sql"))


def _number(step: Path) -> str:
    return step.name.split("_")[0]


def _newest_step(db: Connection) -> str | None:
    """Return the newest step that a database has taken; None for a database without any."""
    if db.scalar("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'") is None:
        return None
    return str(db.scalar("SELECT version_num FROM alembic_version") or "")


def _tell(db: Connection, step: str) -> None:
    db.execute("DELETE FROM alembic_version")
    db.insert("alembic_version", version_num=step)


def _run(db: Connection, script: Path) -> None:
    for statement in _statements(script.read_text("utf-8")):
        db.execute(statement)


def _statements(script: str) -> Iterator[str]:
    """Cut a script: the driver would run it as a whole, but commit the transaction before."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if dbapi2.complete_statement(statement):
            yield statement
            statement = ""
