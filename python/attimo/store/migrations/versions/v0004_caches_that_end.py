"""Caches that end by themselves."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Take the step: the caches that there are never end."""
    op.add_column("caches", sa.Column("expires_at", sa.Integer))
    op.create_index(
        "caches_that_end",
        "caches",
        ["expires_at"],
        sqlite_where=sa.text("expires_at IS NOT NULL AND deleted_at IS NULL"),
    )
