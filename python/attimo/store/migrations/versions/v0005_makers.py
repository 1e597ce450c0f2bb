"""Who made a key or an invitation, so that it can end when that member goes."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Take the step: of what there is, no maker is known."""
    for table in ("api_keys", "url_keys", "invitations"):
        op.add_column(table, sa.Column("made_by_user_id", sa.Integer))
        op.add_column(table, sa.Column("made_by_key_id", sa.Text))
    op.add_column(
        "api_keys", sa.Column("is_hidden", sa.Boolean, nullable=False, server_default=sa.text("0"))
    )
