"""Accounts, caches, API keys, signing keys, the directory's counters and the ledger."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Take the step."""
    _directory()
    _accounts_and_caches()
    _keys()
    _ledger()


def _directory() -> None:
    op.create_table(
        "directory",
        sa.Column("id", sa.Integer, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("last_namespace", sa.Integer, nullable=False),
    )
    op.execute("INSERT INTO directory (id, revision, last_namespace) VALUES (1, 0, 0)")


def _accounts_and_caches() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "caches",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("namespace", sa.Integer, nullable=False, unique=True),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("deleted_at", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, index=True),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "one_cache_of_a_name",
        "caches",
        ["account_id", "name"],
        unique=True,
        sqlite_where=sa.text("deleted_at IS NULL"),
    )


def _keys() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.Text, primary_key=True),
        sa.Column("public_key", sa.LargeBinary, nullable=False),
        sa.Column("private_key", sa.LargeBinary, nullable=False),
        sa.Column("created_at", sa.Integer, nullable=False),
        sa.Column("retired_at", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, index=True),
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("account_id", sa.Integer, sa.ForeignKey("accounts.id"), nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("issued_at", sa.Integer, nullable=False),
        sa.Column("expires_at", sa.Integer),
        sa.Column("revoked_at", sa.Integer),
        sa.Column("revision", sa.Integer, nullable=False, index=True),
    )
    op.create_index("api_keys_of_an_account", "api_keys", ["account_id", "id"])


def _ledger() -> None:
    op.create_table(
        "batches",
        sa.Column("node", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("recorded_at", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    counts = ("requests", "errors", "hits", "misses", "bytes_in", "bytes_out", "kib_in", "kib_out")
    op.create_table(
        "usage",
        sa.Column("minute", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("cache_id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("key_id", sa.Text, primary_key=True),
        sa.Column("api", sa.Text, primary_key=True),
        *(sa.Column(name, sa.Integer, nullable=False) for name in counts),
        sqlite_with_rowid=False,
    )
