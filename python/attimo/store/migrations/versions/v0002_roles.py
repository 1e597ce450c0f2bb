"""Roles, what keys have of them, refresh tokens, URL keys and the audit trail."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_APPEND_ONLY = [
    f"CREATE TRIGGER audit_refuses_{verb} BEFORE {verb.upper()} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for verb in ("update", "delete")
]


def upgrade() -> None:
    """Take the step: every key that there is may do everything, as before."""
    _keys()
    _roles()
    _audit()


def _keys() -> None:
    owner = sa.text("'owner'")
    op.add_column("api_keys", sa.Column("role_id", sa.Text, nullable=False, server_default=owner))
    op.add_column("api_keys", sa.Column("hash", sa.LargeBinary))
    op.add_column("api_keys", sa.Column("last_used_at", sa.Integer))
    op.create_table(
        "refresh_tokens",
        sa.Column("hash", sa.LargeBinary, primary_key=True),
        sa.Column("key_id", sa.Text, sa.ForeignKey("api_keys.id"), nullable=False),
        sa.Column("valid_for_seconds", sa.Integer, nullable=False),
    )
    op.create_table(
        "url_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer, nullable=False),
        sa.Column("revoked_at", sa.Integer),
    )
    op.create_index("url_keys_of_an_account", "url_keys", ["account_id", "kid"])


def _roles() -> None:
    kinds = sa.CheckConstraint("kind IN ('custom', 'key')")
    op.create_table(
        "roles",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("kind", sa.Text, kinds, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("permissions", sa.Text, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("deleted_at", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, index=True),
    )
    op.create_index(
        "one_role_of_a_name",
        "roles",
        ["account_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, nullable=False),
        sa.Column("at", sa.Integer, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("peer", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("audit_of_an_account", "audit", ["account_id", "id"])
    for statement in _APPEND_ONLY:
        op.execute(statement)
