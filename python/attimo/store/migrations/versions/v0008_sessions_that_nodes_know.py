"""Nodes are told of sessions, whose tokens they take."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Take the step: sessions that there are go to nodes with the whole directory."""
    revision_of_sessions = sa.Column("revision", sa.Integer, nullable=False, server_default="0")
    op.add_column("sessions", revision_of_sessions)
    op.add_column("sessions", sa.Column("ended_at", sa.Integer))
    op.create_index("sessions_by_revision", "sessions", ["revision"])
