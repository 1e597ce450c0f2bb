"""Nodes are told of the keys that verify signed URLs."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Take the step: keys that there are go to nodes with the whole directory."""
    revision_of_keys = sa.Column("revision", sa.Integer, nullable=False, server_default="0")
    op.add_column("url_keys", revision_of_keys)
    op.create_index("url_keys_by_revision", "url_keys", ["revision"])
