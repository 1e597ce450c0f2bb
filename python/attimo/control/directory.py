"""The directory: what a node must know to serve.

Every row that nodes know has the revision of the transaction that last wrote it, so the changes
since a revision are an indexed read, however many caches there are. Deleted rows stay as tombstones
for the same reason. Rust reads the attributes of these classes by name (see `_core.pyi`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from attimo.control.actions import SERVER, writes
from attimo.control.plan_limits import for_nodes
from attimo.control.system_roles import NO_ROLE, SYSTEM
from attimo.control.tx import Tx
from attimo.errors import Exhausted
from attimo.store.connection import Value

LAST_NAMESPACE = 2**32 - 1
Known = TypeVar("Known")

_LIMITS = """
SELECT id, limits, overrides, deleted_at IS NOT NULL,
    EXISTS (
        SELECT 1 FROM holds
        WHERE account_id = accounts.id AND effect = 'block' AND kind = 'transfer'
    ),
    (SELECT max(percent) FROM holds JOIN allowance_marks USING (account_id, kind, month)
        WHERE account_id = accounts.id AND effect = 'block' AND kind = 'budget'),
    (SELECT min(bytes_per_second) FROM holds WHERE account_id = accounts.id)
FROM accounts JOIN plans ON plans.name = accounts.plan WHERE """


@dataclass(frozen=True, slots=True)
class VerifyingKey:
    """A public key (32 bytes, Ed25519) that verifies tokens whose header names `kid`."""

    kid: str
    public_key: bytes


@dataclass(frozen=True, slots=True)
class KnownKey:
    """An API key that is not revoked; `expires_at` in seconds since 1970, None for never."""

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
    """An open session, by the SHA-256 of its token, with its member's role.

    `expires_at` in seconds since 1970. A user without an account has account 0 and no permissions.
    """

    hash: bytes
    account_id: int
    role_id: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class KnownRole:
    """The permissions of a role, as JSON; IDs are unique across accounts."""

    id: str
    permissions: str


@dataclass(frozen=True, slots=True)
class KnownCache:
    """A cache, and the 32-bit number of its items, which changes when it is flushed.

    From `expires_at` on (seconds since 1970, None for never), a node treats it as deleted.
    """

    id: int
    account_id: int
    name: str
    namespace: int
    expires_at: int | None = None


@dataclass(frozen=True, slots=True)
class KnownWebhook:
    """A webhook, whose topic's messages a node keeps for the control plane."""

    id: int
    cache_id: int
    topic: str


@dataclass(frozen=True, slots=True)
class KnownLimits:
    """All limits of an account that are numbers, by name; others are unlimited.

    `blocked` is 1 while data requests are refused since the transfer of the plan is used up, and
    `over_budget` is how much of the budget is spent, in percent, while they are refused for that.
    `throttle_bytes_per_second` is there while they are throttled for either. Accounts with the same
    limits share `numbers`.
    """

    account_id: int
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Changes:
    """The changes between two revisions.

    Attributes:
        revision: The revision of a node that has applied this.
        since: The revision that a node must have before; None for the whole directory, in which
            case a node drops what is not in it.
        suspended_accounts: The IDs of accounts all of whose requests are refused.
        resumed_accounts: The IDs of those that are not suspended any more, or deleted.
        verifying_keys: New ones.
        retired_keys: The `kid` of those that are not accepted any more.
        api_keys: New ones, and those whose expiry changed.
        revoked_keys: The IDs of those that are not accepted any more.
        url_keys: New keys that verify signed URLs.
        revoked_url_keys: The `kid` of those that are not accepted any more.
        sessions: New ones, and those with another account or role.
        ended_sessions: The SHA-256 of the tokens that are not accepted any more.
        roles: New ones, and those with other permissions; the whole has the system's, too.
        deleted_roles: The IDs of deleted ones; keys with such a role have no permissions.
        caches: New ones, and those that have a new namespace.
        deleted_caches: The IDs of deleted ones.
        webhooks: New ones, and those with another topic.
        deleted_webhooks: The IDs of deleted ones.
        limits: Those of accounts that are new or changed; the whole has accounts with limits only.
    """

    revision: int
    since: int | None
    suspended_accounts: list[int]
    resumed_accounts: list[int]
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
    webhooks: list[KnownWebhook]
    deleted_webhooks: list[int]
    limits: list[KnownLimits]


def touch(tx: Tx) -> int:
    """Return the revision of this transaction, for the rows that nodes know."""
    if tx.revision is None:
        tx.revision = int(
            tx.db.scalar("UPDATE directory SET revision = revision + 1 RETURNING revision")
        )
    return tx.revision


@writes("directory.rewrite", SERVER, audited=False)
def rewrite(tx: Tx) -> None:
    """Write an unchanged row, to see whether the database can be written."""
    tx.db.execute("UPDATE directory SET revision = revision")


def fresh_namespace(tx: Tx) -> int:
    """Return a number that no cache has had before.

    Raises:
        Exhausted: All 32-bit numbers are used up.
    """
    namespace = int(
        tx.db.scalar(
            "UPDATE directory SET last_namespace = last_namespace + 1 RETURNING last_namespace"
        )
    )
    if namespace > LAST_NAMESPACE:
        raise Exhausted(f"{LAST_NAMESPACE} caches were created or flushed: no namespace is left")
    return namespace


def revision(tx: Tx) -> int:
    """Return the newest revision."""
    return int(tx.db.scalar("SELECT revision FROM directory"))


def changes(tx: Tx, since: int | None) -> Changes:
    """Return what changed after a revision; the whole directory if that is None."""
    return Changes(
        revision(tx),
        since,
        *_accounts(tx, since),
        *_verifying_keys(tx, since),
        *_api_keys(tx, since),
        *_url_keys(tx, since),
        *_sessions(tx, since),
        *_roles(tx, since),
        *_caches(tx, since),
        *_webhooks(tx, since),
        _limits(tx, since),
    )


def _accounts(tx: Tx, since: int | None) -> tuple[list[int], list[int]]:
    """Return the suspended accounts, and those that need no longer be refused."""
    which = "suspended_at IS NOT NULL" if since is None else "revision > :since"
    query = "SELECT id, suspended_at IS NOT NULL AND deleted_at IS NULL FROM accounts WHERE "
    rows = tx.db.rows(query + which, since=since)
    return [id for id, suspended in rows if suspended], [
        id for id, suspended in rows if not suspended
    ]


def _limits(tx: Tx, since: int | None) -> list[KnownLimits]:
    which = "deleted_at IS NULL" if since is None else "revision > :since"
    known = (
        KnownLimits(id, {} if deleted else for_nodes(limits, overrides, *hold))
        for id, limits, overrides, deleted, *hold in tx.db.each(_LIMITS + which, since=since)
    )
    return [each for each in known if each.numbers or since is not None]


def _verifying_keys(tx: Tx, since: int | None) -> tuple[list[VerifyingKey], list[str]]:
    query = "SELECT retired_at, kid, public_key FROM signing_keys WHERE TRUE"
    return _changed_since(tx, VerifyingKey, query, "retired_at", since)


def _api_keys(tx: Tx, since: int | None) -> tuple[list[KnownKey], list[str]]:
    query = "SELECT revoked_at, id, account_id, expires_at, role_id FROM api_keys WHERE TRUE"
    return _changed_since(tx, KnownKey, query, "revoked_at", since)


def _url_keys(tx: Tx, since: int | None) -> tuple[list[KnownUrlKey], list[str]]:
    query = """
        SELECT revoked_at, kid, account_id, public_key, expires_at FROM url_keys
        WHERE expires_at > :now"""
    return _changed_since(tx, KnownUrlKey, query, "revoked_at", since)


def _sessions(tx: Tx, since: int | None) -> tuple[list[KnownSession], list[bytes]]:
    query = """
        SELECT ended_at, hash, account_id, coalesce(role_id, :no_role), expires_at
        FROM sessions LEFT JOIN members USING (account_id, user_id)
        WHERE TRUE"""
    return _changed_since(tx, KnownSession, query, "ended_at", since, no_role=NO_ROLE)


def _roles(tx: Tx, since: int | None) -> tuple[list[KnownRole], list[str]]:
    query = "SELECT deleted_at, id, permissions FROM roles WHERE TRUE"
    known, deleted = _changed_since(tx, KnownRole, query, "deleted_at", since)
    # The system's roles do not change while a server runs.
    return known if since is not None else _system_roles() + known, deleted


def _system_roles() -> list[KnownRole]:
    return [KnownRole(role.id, role.permissions.text()) for role in SYSTEM.values()]


def _caches(tx: Tx, since: int | None) -> tuple[list[KnownCache], list[int]]:
    query = "SELECT deleted_at, id, account_id, name, namespace, expires_at FROM caches WHERE TRUE"
    return _changed_since(tx, KnownCache, query, "deleted_at", since)


def _webhooks(tx: Tx, since: int | None) -> tuple[list[KnownWebhook], list[int]]:
    query = "SELECT deleted_at, id, cache_id, topic FROM webhooks WHERE TRUE"
    return _changed_since(tx, KnownWebhook, query, "deleted_at", since)


def _changed_since(
    tx: Tx, make: Callable[..., Known], query: str, gone: str, since: int | None, **values: Value
) -> tuple[list[Known], list[Any]]:
    """Return the rows of a table that exist, or that were written after a revision.

    Args:
        query: Selects the time of deletion, the ID, and the other columns.
        gone: The name of the first.

    Returns:
        What exists, and the IDs of what was deleted.
    """
    which = f" AND {gone} IS NULL" if since is None else " AND revision > :since"
    rows = tx.db.rows(query + which, since=since, now=tx.now, **values)
    living = [make(*known) for moment, *known in rows if moment is None]
    return living, [known[0] for moment, *known in rows if moment is not None]
