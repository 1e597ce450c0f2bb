"""Evictions in the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Take the step: of what was evicted before, nothing is known by cache."""
    op.add_column("usage", sa.Column("evicted", sa.Integer, nullable=False, server_default="0"))
