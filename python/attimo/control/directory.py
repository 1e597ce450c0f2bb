"""What nodes must know: which keys verify, who may enter, which caches there are.

Every row that nodes know bears the revision of the transaction that last wrote it, so what changed
since a revision is an indexed read, however many caches there are. Deleted rows stay as tombstones
for the same reason. Rust reads the attributes of these classes by name (see `_core.pyi`).
"""

from dataclasses import dataclass

from sqlalchemy import ColumnElement, Table, and_, func, select, update

from attimo.control.system_roles import NO_ROLE, SYSTEM
from attimo.control.tx import Tx
from attimo.errors import Exhausted
from attimo.store import tables

LAST_NAMESPACE = 2**32 - 1


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key (32 bytes, Ed25519) that verifies tokens whose header names `kid`."""

    kid: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An API key that is not revoked; `expires_at` in seconds since 1970, None is never."""

    id: str
    account_id: int
    expires_at: int | None
    role_id: str


@dataclass(frozen=True, slots=True)
class KnownUrlKey:
    """A public key (32 bytes, Ed25519) that verifies an account's signed URLs until it expires.

    `expires_at` in seconds since 1970.
    """

    kid: str
    account_id: int
    public_key: bytes
    expires_at: int


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A session that has not ended, by the SHA-256 of its token, with what its member may.

    `expires_at` in seconds since 1970. A user without an account has account 0, and may nothing.
    """

    hash: bytes
    account_id: int
    role_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class KnownRole:
    """What a role permits, as JSON; its id is the only one among all accounts."""

    id: str
    permissions: str


@dataclass(frozen=True, slots=True)
class KnownCache:
    """A cache, and the 32-bit number under which its items live until it is flushed.

    From `expires_at` on (seconds since 1970, None is never) a node takes it for gone, told or not.
    """

    id: int
    account_id: int
    name: str
    namespace: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What became different between two revisions.

    Attributes:
        revision: The revision that a node has after it learned this.
        since: The revision that a node must have before; None is the whole directory, and a node
            forgets what is not in it.
        verifying_keys: New ones.
        retired_keys: The `kid` of those that verify no more.
        api_keys: New ones, and those whose expiry changed.
        revoked_keys: The ids of those that are refused from now on.
        url_keys: New keys that verify signed URLs.
        revoked_url_keys: The `kid` of those that are refused from now on.
        sessions: New ones, and those that are at another account or permit something else.
        ended_sessions: The SHA-256 of the tokens that are refused from now on.
        roles: New ones, and those that permit something else; in the whole, the system's, too.
        deleted_roles: The ids of those that are gone; a key of such a role may nothing.
        caches: New ones, and those that have a new namespace.
        deleted_caches: The ids of those that are gone.
    """

    revision: int
    since: int | None
    verifying_keys: list[VerifyingKey]
    retired_keys: list[str]
    api_keys: list[KnownKey]
    revoked_keys: list[str]
    url_keys: list[KnownUrlKey]
    revoked_url_keys: list[str]
    sessions: list[KnownSession]
    ended_sessions: list[bytes]
    roles: list[KnownRole]
    deleted_roles: list[str]
    caches: list[KnownCache]
    deleted_caches: list[int]


def touch(tx: Tx) -> int:
    """Return the revision to write into rows that nodes know: one a transaction."""
    if tx.revision is None:
        state = tables.directory
        query = update(state).values(revision=state.c.revision + 1).returning(state.c.revision)
        tx.revision = tx.db.execute(query).scalar_one()
    return tx.revision


def rewrite(tx: Tx) -> None:
    """Write what is there already, to see whether it can be written."""
    state = tables.directory
    tx.db.execute(update(state).values(revision=state.c.revision))


def fresh_namespace(tx: Tx) -> int:
    """Return a number under which no cache has ever kept an item.

    Raises:
        Exhausted: All 32-bit numbers are used up.
    """
    state = tables.directory
    query = update(state).values(last_namespace=state.c.last_namespace + 1)
    namespace = int(tx.db.execute(query.returning(state.c.last_namespace)).scalar_one())
    if namespace > LAST_NAMESPACE:
        raise Exhausted(f"{LAST_NAMESPACE} caches have been made or flushed; no number is left")
    return namespace


def revision(tx: Tx) -> int:
    """Return the newest revision."""
    return int(tx.db.execute(select(tables.directory.c.revision)).scalar_one())


def changes(tx: Tx, since: int | None) -> Changes:
    """Return what changed after a revision; the whole directory if that is None."""
    return Changes(
        revision(tx),
        since,
        *_verifying_keys(tx, since),
        *_api_keys(tx, since),
        *_url_keys(tx, since),
        *_sessions(tx, since),
        *_roles(tx, since),
        *_caches(tx, since),
    )


def _verifying_keys(tx: Tx, since: int | None) -> tuple[list[VerifyingKey], list[str]]:
    keys = tables.signing_keys
    query = select(keys.c.kid, keys.c.public_key, keys.c.retired_at)
    rows = tx.db.execute(query.where(_told(keys, keys.c.retired_at, since))).all()
    known = [VerifyingKey(row.kid, row.public_key) for row in rows if row.retired_at is None]
    return known, [row.kid for row in rows if row.retired_at is not None]


def _api_keys(tx: Tx, since: int | None) -> tuple[list[KnownKey], list[str]]:
    keys = tables.api_keys
    known = (keys.c.id, keys.c.account_id, keys.c.expires_at, keys.c.role_id)
    query = select(*known, keys.c.revoked_at)
    rows = tx.db.execute(query.where(_told(keys, keys.c.revoked_at, since))).all()
    living = [
        KnownKey(row.id, row.account_id, row.expires_at, row.role_id)
        for row in rows
        if row.revoked_at is None
    ]
    return living, [row.id for row in rows if row.revoked_at is not None]


def _url_keys(tx: Tx, since: int | None) -> tuple[list[KnownUrlKey], list[str]]:
    keys = tables.url_keys
    known = (keys.c.kid, keys.c.account_id, keys.c.public_key, keys.c.expires_at)
    query = select(*known, keys.c.revoked_at).where(keys.c.expires_at > tx.now)
    rows = tx.db.execute(query.where(_told(keys, keys.c.revoked_at, since))).all()
    living = [KnownUrlKey(*row[:4]) for row in rows if row.revoked_at is None]
    return living, [row.kid for row in rows if row.revoked_at is not None]


def _sessions(tx: Tx, since: int | None) -> tuple[list[KnownSession], list[bytes]]:
    rows, members = tables.sessions, tables.members
    sessions, of = rows.c, members.c
    mine = and_(of.account_id == sessions.account_id, of.user_id == sessions.user_id)
    role_id = func.coalesce(of.role_id, NO_ROLE)
    query = select(sessions.hash, sessions.account_id, role_id, sessions.expires_at)
    query = query.add_columns(sessions.ended_at).join_from(rows, members, mine, isouter=True)
    found = tx.db.execute(query.where(_told(rows, sessions.ended_at, since))).all()
    living = [KnownSession(*row[:4]) for row in found if row.ended_at is None]
    return living, [row.hash for row in found if row.ended_at is not None]


def _roles(tx: Tx, since: int | None) -> tuple[list[KnownRole], list[str]]:
    roles = tables.roles
    query = select(roles.c.id, roles.c.permissions, roles.c.deleted_at)
    rows = tx.db.execute(query.where(_told(roles, roles.c.deleted_at, since))).all()
    # The system's never change while a server runs.
    known = [] if since is not None else _system_roles()
    known += [KnownRole(row.id, row.permissions) for row in rows if row.deleted_at is None]
    return known, [row.id for row in rows if row.deleted_at is not None]


def _system_roles() -> list[KnownRole]:
    return [KnownRole(role.id, role.permissions.text()) for role in SYSTEM.values()]


def _caches(tx: Tx, since: int | None) -> tuple[list[KnownCache], list[int]]:
    caches = tables.caches
    columns = caches.c
    known = (columns.id, columns.account_id, columns.name, columns.namespace, columns.expires_at)
    query = select(*known, columns.deleted_at)
    rows = tx.db.execute(query.where(_told(caches, caches.c.deleted_at, since))).all()
    living = [
        KnownCache(row.id, row.account_id, row.name, row.namespace, row.expires_at)
        for row in rows
        if row.deleted_at is None
    ]
    return living, [row.id for row in rows if row.deleted_at is not None]


def _told(table: Table, gone: ColumnElement[int], since: int | None) -> ColumnElement[bool]:
    """Which rows to tell: all that live, or all that were written after a revision."""
    return gone.is_(None) if since is None else table.c.revision > since
