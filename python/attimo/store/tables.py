"""Every table, on one page.

Times are seconds since 1970 (UTC). `revision` is the directory's revision that last wrote the row.
What nodes know is never deleted: a row that is gone has the moment in `deleted_at`, `revoked_at` or
`retired_at`, so that nodes can be told, and so that the ledger's numbers keep their meaning. Only
sessions are deleted, when their time is over, which nodes know by themselves.
A change here needs a migration beside it; a test compares the two.
"""

from sqlalchemy import (
    DDL,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    event,
    text,
)

metadata = MetaData()


def _makers() -> tuple[Column[int], Column[str]]:
    """Who made a row: the member, also through a key of theirs, and the key itself if it was one.

    Both are unknown of what is older than 0005, and of what the server made for itself.
    """
    return Column("made_by_user_id", Integer), Column("made_by_key_id", Text)


directory = Table(
    "directory",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("last_namespace", Integer, nullable=False),
)
"""One row: the newest revision, and the newest number given to a cache's items."""

DIRECTORY_AT_FIRST = {"id": 1, "revision": 0, "last_namespace": 0}

accounts = Table(
    "accounts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    sqlite_autoincrement=True,
)

caches = Table(
    "caches",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("namespace", Integer, nullable=False, unique=True),
    Column("created_at", Integer, nullable=False),
    Column("deleted_at", Integer),
    Column("revision", Integer, nullable=False, index=True),
    Column("expires_at", Integer),
    sqlite_autoincrement=True,
)

Index(
    "one_cache_of_a_name",
    caches.c.account_id,
    caches.c.name,
    unique=True,
    sqlite_where=caches.c.deleted_at.is_(None),
)
Index(
    "caches_that_end",
    caches.c.expires_at,
    sqlite_where=caches.c.expires_at.is_not(None) & caches.c.deleted_at.is_(None),
)

signing_keys = Table(
    "signing_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("private_key", LargeBinary, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("retired_at", Integer),
    Column("revision", Integer, nullable=False, index=True),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False),
    Column("description", Text, nullable=False),
    Column("issued_at", Integer, nullable=False),
    Column("expires_at", Integer),
    Column("revoked_at", Integer),
    Column("revision", Integer, nullable=False, index=True),
    Column("role_id", Text, nullable=False, server_default=text("'owner'")),
    Column("hash", LargeBinary),
    Column("last_used_at", Integer),
    *_makers(),
    Column("is_hidden", Boolean, nullable=False, server_default=text("0")),
)
"""What is known of a key. The key itself is a signed token; only its SHA-256 is kept.

A hidden one was never handed out: the tokens that a signed-in member makes end with it.

`role_id` is the id of a row in `roles`, or of a system role, which has none. `hash` is unknown of
keys that were made before there were roles.
"""

Index("api_keys_of_an_account", api_keys.c.account_id, api_keys.c.id)

refresh_tokens = Table(
    "refresh_tokens",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("key_id", Text, ForeignKey("api_keys.id"), nullable=False),
    Column("valid_for_seconds", Integer, nullable=False),
)
"""What makes a new key of one that ends. A token is good for once: its row goes when it is used."""

roles = Table(
    "roles",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False),
    Column("kind", Text, CheckConstraint("kind IN ('custom', 'key')"), nullable=False),
    Column("name", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("permissions", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("deleted_at", Integer),
    Column("revision", Integer, nullable=False, index=True),
)
"""What keys and members may, as JSON. The role of kind `key` belongs to the one key of its name."""

Index(
    "one_role_of_a_name",
    roles.c.account_id,
    roles.c.name,
    unique=True,
    sqlite_where=roles.c.deleted_at.is_(None),
)

url_keys = Table(
    "url_keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False),
    Column("public_key", LargeBinary, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("revoked_at", Integer),
    *_makers(),
    Column("revision", Integer, nullable=False, server_default="0"),
)
"""The key pairs that an account has for signing URLs; the private half is kept nowhere."""

Index("url_keys_of_an_account", url_keys.c.account_id, url_keys.c.kid)
Index("url_keys_by_revision", url_keys.c.revision)

audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("account_id", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("actor", Text, nullable=False),
    Column("peer", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("details", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Who did what, when and from where. Rows are only ever added; the database itself sees to it."""

Index("audit_of_an_account", audit.c.account_id, audit.c.id)

APPEND_ONLY = [
    f"CREATE TRIGGER audit_refuses_{verb} BEFORE {verb.upper()} ON audit "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    for verb in ("update", "delete")
]
for statement in APPEND_ONLY:
    event.listen(audit, "after_create", DDL(statement))  # type: ignore[no-untyped-call]

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", Text, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""People. An e-mail address is in lower case; of a password there is what argon2id made of it."""

members = Table(
    "members",
    metadata,
    Column("account_id", Integer, ForeignKey("accounts.id"), primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), primary_key=True, index=True),
    Column("role_id", Text, nullable=False),
    Column("joined_at", Integer, nullable=False),
)
"""Which users belong to which account, and what they may there."""

invitations = Table(
    "invitations",
    metadata,
    Column("id", Text, primary_key=True),
    Column("account_id", Integer, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("email", Text, nullable=False),
    Column("role_id", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    *_makers(),
)
"""Who may become a member; the row goes when that is done."""

sessions = Table(
    "sessions",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False, index=True),
    Column("account_id", Integer, nullable=False),
    Column("csrf_token", Text, nullable=False),
    Column("created_at", Integer, nullable=False),
    Column("expires_at", Integer, nullable=False),
    Column("revision", Integer, nullable=False, server_default="0"),
    Column("ended_at", Integer),
)
"""Who has signed in. `account_id` is 0 for a user without an account."""

Index("sessions_by_revision", sessions.c.revision)

password_resets = Table(
    "password_resets",
    metadata,
    Column("hash", LargeBinary, primary_key=True),
    Column("user_id", Integer, ForeignKey("users.id"), nullable=False, index=True),
    Column("expires_at", Integer, nullable=False),
)
"""Who may replace a forgotten password."""

batches = Table(
    "batches",
    metadata,
    Column("node", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("recorded_at", Integer, nullable=False),
    sqlite_with_rowid=False,
)
"""The usage batches that are in the ledger; a batch that is here is never counted again."""

usage = Table(
    "usage",
    metadata,
    Column("minute", Integer, primary_key=True, autoincrement=False),
    Column("cache_id", Integer, primary_key=True, autoincrement=False),
    Column("key_id", Text, primary_key=True),
    Column("api", Text, primary_key=True),
    Column("requests", Integer, nullable=False),
    Column("errors", Integer, nullable=False),
    Column("hits", Integer, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("bytes_in", Integer, nullable=False),
    Column("bytes_out", Integer, nullable=False),
    Column("kib_in", Integer, nullable=False),
    Column("kib_out", Integer, nullable=False),
    Column("evicted", Integer, nullable=False, server_default="0"),
    sqlite_with_rowid=False,
)
"""The ledger: what a key did with a cache through an API in the minute that began at `minute`.

No foreign keys: cache 0 (no known cache) and the keys `local`, `token`, `session` and `server`
(evictions) have no row of their own.
"""
