"""The steps from an empty file to the tables of today, run by Alembic."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def config() -> Config:
    """Return Alembic's configuration: where the steps are, and nothing else."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent))
    return found


def upgrade(connection: Connection, to: str = "head") -> None:
    """Take the missing steps inside the connection's transaction: all of them, or none."""
    steps = config()
    steps.attributes["connection"] = connection
    command.upgrade(steps, to)
