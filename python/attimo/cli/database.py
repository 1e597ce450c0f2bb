"""attimo database: move what a server knows to PostgreSQL, or back into a file."""

from typing import Any

from attimo.cli.command import Group, command
from attimo.cli.options import option
from attimo.cli.progress import Progress
from attimo.cli.shapes import Column, Done

group = Group("database", help="The database of a server: a file, or PostgreSQL.")

HELD = ("accounts", "users", "api_keys", "caches", "webhooks", "audit")
"""What people know of what was copied; the rest is counted."""


def _sentence(answer: dict[str, Any]) -> str:
    tables = answer["tables"]
    lines = [f"Copied {answer['rows']:,} rows of {len(tables)} tables:"]
    lines += [f"  {tables[name]:>12,}  {name}" for name in HELD]
    rest = sum(rows for name, rows in tables.items() if name not in HELD)
    return "\n".join([*lines, f"  {rest:>12,}  of the ledger and all other tables"])


@command(
    group,
    shape=Done(_sentence, Column("rows", "number"), Column("tables", "data")),
    examples=[
        "attimo database copy --from sqlite:monday/attimo.db --to sqlite:copied/attimo.db",
        "attimo database copy --from sqlite:monday/attimo.db --to sqlite:again/attimo.db --json",
    ],
)
@option(
    "--from",
    "source",
    required=True,
    help="What is copied: sqlite:DIRECTORY/attimo.db, or postgresql://user@host:5432/name.",
)
@option(
    "--to",
    "target",
    required=True,
    envvar="ATTIMO_DATABASE",
    help="A new or empty database, named alike. By default, that of ATTIMO_DATABASE, which keeps "
    "a password from the list of processes.",
)
def copy(source: str, target: str) -> dict[str, Any]:
    """Copy a database: accounts, keys, caches, members, roles, usage and the audit log.

    Stop the server first; certificates and credentials stay in its data directory. The source
    is not changed, and nothing is written unless all of it is.
    """
    from attimo.serve import database_copy as work

    with Progress("rows copied") as progress:

        def begin(total: int) -> Any:
            progress.expect(total)
            return lambda table, rows: progress.at(rows, table)

        tables = work.copy(work.place_of(source), work.place_of(target), begin)
    return {"rows": sum(tables.values()), "tables": tables}
