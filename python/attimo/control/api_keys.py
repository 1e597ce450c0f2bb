"""API keys: create, list, revoke. A key has its role's permissions until it expires or is revoked.

The key is a signed token of which only a hash is stored, so a lost key has to be replaced.
"""

import functools
import hashlib
import json
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable
from dataclasses import dataclass, field

from attimo.control import (
    audit,
    directory,
    members,
    pages,
    permissions,
    quota,
    roles,
    session_rows,
    text_rules,
)
from attimo.control.actions import SERVER, reads, writes
from attimo.control.makers import Makers
from attimo.control.pages import Page
from attimo.control.permissions import Permissions, Right
from attimo.control.system_roles import OWNER, Role
from attimo.control.tx import Tx
from attimo.errors import FailedPrecondition, InvalidArgument, NoSuchAccount, NoSuchKey
from attimo.store.connection import RowRefused

MANAGE = Right("auth_management", "write")

LAST_MOMENT = 253_402_300_799
"""The end of the year 9999, the latest expiry."""

_SELECT = """
SELECT key.id, account_id, description, issued_at, expires_at, role_id, last_used_at,
    made_by_user_id, made_by_key_id, email
FROM api_keys AS key LEFT JOIN users ON users.id = made_by_user_id
WHERE revoked_at IS NULL """
_PAGE = f"""{_SELECT}
AND account_id = :account_id AND NOT is_hidden AND key.id > :after
ORDER BY key.id LIMIT :limit
"""
_WITH_ROLE = f"""{_SELECT}
AND account_id = :account_id AND NOT is_hidden AND role_id = :role_id ORDER BY key.id
"""
_MAKERS = """
SELECT id, made_by_user_id, made_by_key_id FROM api_keys
WHERE account_id = :account_id AND NOT is_hidden
"""
_IS_GOOD = """
SELECT expires_at, hash FROM api_keys
WHERE id = :id AND revoked_at IS NULL
AND EXISTS (SELECT 1 FROM signing_keys WHERE kid = :kid AND retired_at IS NULL)
"""
_REVOKE = "UPDATE api_keys SET revoked_at = :now, revision = :revision WHERE "
_SELECT_ID = "SELECT id FROM api_keys WHERE "
_HIDDEN = """
account_id = :account_id AND made_by_user_id = :user_id AND is_hidden AND revoked_at IS NULL
"""
_USED_AT = """
UPDATE api_keys SET last_used_at = :at
WHERE id = :id AND (last_used_at IS NULL OR last_used_at < :at)
"""
_LIVING = """
SELECT role_id, id, issued_at, revision FROM api_keys
WHERE account_id = :account_id AND revoked_at IS NULL AND NOT is_hidden
AND (expires_at IS NULL OR expires_at > :now)
"""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """An API key without its token; times in seconds since 1970, None for never.

    `last_used_at` lags by the interval at which usage is collected. `made_by` is the e-mail address
    of the member who created the key, directly or with another key.
    """

    id: str
    account_id: int
    description: str
    issued_at: int
    expires_at: int | None
    role_id: str
    last_used_at: int | None = None
    made_by_user_id: int | None = None
    made_by_key_id: str | None = None
    made_by: str | None = None

    def has_ended(self, now: int) -> bool:
        """Whether it has expired."""
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """A new key with its token, which is not stored. The repr hides it."""

    key: ApiKey
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Manager:
    """A key that can manage the account's keys, and when it was created: second and revision."""

    id: str
    issued_at: int
    revision: int


@writes("key.create", MANAGE)
def create(
    tx: Tx,
    account_id: int,
    description: str = "",
    expires_at: int | None = None,
    role_id: str = OWNER.id,
) -> NewApiKey:
    """Create a key with a role, valid until `expires_at` (None: forever).

    Raises:
        InvalidArgument: The description is invalid, or the expiry is not in the future.
        NoSuchRole: The account has no such role.
        PermissionDenied: The role has more permissions than the actor, or the key would outlive it.
        NoSuchAccount: There is no such account.
        Exhausted: The account has as many keys as its plan allows.
    """
    role = roles.given(tx, account_id, role_id, "the key")
    made = _make(tx, account_id, secrets.token_hex(12), description, expires_at, role)
    quota.need_room(tx, account_id, quota.KEYS)
    return made


@writes("key.create", SERVER)
def create_scoped(
    tx: Tx,
    account_id: int,
    permissions: Permissions,
    description: str = "",
    expires_at: int | None = None,
) -> NewApiKey:
    """Create a key with permissions of its own, as older clients do.

    Raises:
        InvalidArgument: The description is invalid, or the expiry is not in the future.
        PermissionDenied: The actor has fewer permissions, or the key would outlive it.
    """
    key_id = secrets.token_hex(12)
    role = roles.create_of_key(tx, account_id, key_id, permissions)
    return _make(tx, account_id, key_id, description, expires_at, role)


@reads("key.list", Right("auth_management", "list"))
def list_page(tx: Tx, account_id: int, limit: int, next_token: str | None = None) -> Page[ApiKey]:
    """Return up to `limit` keys of an account that are not revoked, by ID.

    Raises:
        InvalidArgument: `next_token` was not returned by this function.
    """
    after = pages.after(next_token)
    found = tx.db.all(ApiKey, _PAGE, account_id=account_id, after=after, limit=limit + 1)
    return pages.cut([(key.id, key) for key in found], limit)


def get(tx: Tx, account_id: int, key_id: str) -> ApiKey:
    """Return a key that is not revoked.

    Raises:
        NoSuchKey: The account has no such key, or it is revoked.
    """
    query = _SELECT + "AND key.id = :id AND account_id = :account_id"
    found = tx.db.first(ApiKey, query, id=key_id, account_id=account_id)
    if found is None:
        raise NoSuchKey(key_id)
    return found


def of_token(tx: Tx, token: str) -> ApiKey | None:
    """The key whose token this is, unless it is unknown or revoked."""
    return tx.db.first(ApiKey, _SELECT + "AND hash = :hash", hash=_digest(token))


def made_by(tx: Tx, account_id: int, makers: Makers) -> list[ApiKey]:
    """Return the keys that these created, directly or with other keys, and that are not revoked."""
    made = makers.made(tx.db.rows(_MAKERS, account_id=account_id))
    query = _SELECT + "AND account_id = :account_id ORDER BY key.id"
    return [key for key in tx.db.all(ApiKey, query, account_id=account_id) if key.id in made]


def with_role(tx: Tx, account_id: int, role_id: str) -> list[ApiKey]:
    """Return the keys of a role that are not revoked, expired ones included."""
    return tx.db.all(ApiKey, _WITH_ROLE, account_id=account_id, role_id=role_id)


def permitted(tx: Tx, key: ApiKey) -> Permissions:
    """The current permissions of a key: none once it has expired."""
    if key.has_ended(tx.now):
        return permissions.NOTHING
    return roles.permitted(tx, key.account_id, key.role_id)


def is_good(tx: Tx, token: str) -> bool:
    """Whether a stored token is still accepted.

    Its key has neither expired nor been revoked, its signing key is not retired, and it is the
    token that was issued. The signature is not verified: this is for tokens that this machine
    stored, not for those of requests.
    """
    key_id, kid = _said_by(token)
    for expires_at, hash in tx.db.rows(_IS_GOOD, id=key_id, kid=kid):
        lasts = expires_at is None or expires_at > tx.now
        # Keys from before schema step 0002 have no hash.
        return lasts and (hash is None or hash == _digest(token))
    return False


@writes("key.revoke", MANAGE)
def revoke(tx: Tx, account_id: int, key_id: str, force: bool = False) -> None:
    """Revoke a key, its disposable tokens, and the sessions begun with it, immediately.

    Args:
        force: Revoke even the last key that can manage the account's keys.

    Raises:
        FailedPrecondition: It is the last one, and the actor is a key and could not create another.
        NoSuchKey: The account has no such key, or it is already revoked.
        PermissionDenied: The key has more permissions than the actor.
    """
    key = get(tx, account_id, key_id)
    tx.actor.end(permitted(tx, key), "the key")
    if not force:
        keep_a_manager(tx, account_id, "This is", "revoke", lambda each: each.id == key_id)
    tx.db.execute(_REVOKE + "id = :id", id=key_id, now=tx.now, revision=directory.touch(tx))
    roles.delete_of_key(tx, account_id, key_id)
    session_rows.end_of_key(tx, key_id)
    audit.note(tx, account_id, key_id)


def keep_a_manager(
    tx: Tx, account_id: int, what: str, verb: str, ends: Callable[[Manager], bool]
) -> None:
    """Refuse a key that would revoke the last one that can manage the account's keys.

    Args:
        what: How the message begins: what would be revoked.
        verb: What the caller is about to do to it.
        ends: Whether a key would be revoked.

    Raises:
        FailedPrecondition: None would be left, and the actor is a key and could not create another.
    """
    managers = _managers(tx, account_id) if tx.actor.key_id is not None else []
    if managers and all(map(ends, managers)):
        raise FailedPrecondition(
            f"{what} the last API key that can manage the account's keys: create another first, or "
            f"{verb} it with force=true"
        )


def roles_in_use(tx: Tx, account_id: int) -> set[str]:
    """The role IDs of the valid keys of an account."""
    return {role_id for role_id, *_ in tx.db.rows(_LIVING, account_id=account_id, now=tx.now)}


@writes("key.create-hidden", SERVER, audited=False)
def of_session(tx: Tx, account_id: int, user_id: int) -> str:
    """Return the ID of the hidden key to which the tokens of a signed-in member belong.

    It is created on first use, with the member's role, which limits those tokens, and ends with the
    membership. It has no token, so nobody can authenticate with it.
    """
    found = tx.db.scalar(_SELECT_ID + _HIDDEN, account_id=account_id, user_id=user_id)
    if found is not None:
        return str(found)
    key_id = secrets.token_hex(12)
    tx.db.insert(
        "api_keys",
        id=key_id,
        account_id=account_id,
        description="",
        issued_at=tx.now,
        role_id=members.get(tx, account_id, user_id).role_id,
        made_by_user_id=user_id,
        is_hidden=True,
        revision=directory.touch(tx),
    )
    return key_id


@writes("token.revoke", SERVER, audited=False)
def end_tokens_of_session(tx: Tx, account_id: int, user_id: int) -> None:
    """Revoke the disposable tokens that a member requested while signed in."""
    revision = directory.touch(tx)
    which = {"account_id": account_id, "user_id": user_id}
    tx.db.execute(_REVOKE + _HIDDEN, now=tx.now, revision=revision, **which)


@writes("key.use", SERVER, audited=False)
def used(tx: Tx, key_ids: set[str]) -> None:
    """Record that these keys have just been used. Nodes need not know."""
    query = "UPDATE api_keys SET last_used_at = :now WHERE id = :id"
    tx.db.execute_each(query, [{"id": key_id, "now": tx.now} for key_id in key_ids])


@writes("key.use", SERVER, audited=False)
def used_at(tx: Tx, uses: dict[str, int]) -> None:
    """Record when each of these keys was used, in seconds since 1970."""
    tx.db.execute_each(_USED_AT, [{"id": key_id, "at": at} for key_id, at in uses.items()])


def _make(
    tx: Tx, account_id: int, key_id: str, description: str, expires_at: int | None, role: Role
) -> NewApiKey:
    _check(tx, description, expires_at)
    key = ApiKey(key_id, account_id, description, tx.now, expires_at, role.id)
    token = _sign(tx, key)
    try:
        tx.db.insert(
            "api_keys",
            id=key.id,
            account_id=account_id,
            description=description,
            issued_at=tx.now,
            expires_at=expires_at,
            role_id=role.id,
            hash=_digest(token),
            revision=directory.touch(tx),
            **tx.actor.makes(),
        )
    except RowRefused as error:
        raise NoSuchAccount(account_id) from error
    audit.note(
        tx,
        account_id,
        key.id,
        role=role.id,
        description=description,
        until=expires_at,
    )
    return NewApiKey(get(tx, account_id, key.id), token)


def _sign(tx: Tx, key: ApiKey) -> str:
    # Importing the cryptography takes 80 ms, and most server starts create no key.
    from attimo.control import signing, tokens

    claims = tokens.Claims(key.id, key.account_id, key.issued_at, key.expires_at)
    return tokens.v2_token(signing.current(tx), claims)


def _said_by(token: str) -> tuple[str, str]:
    """The key's ID and the `kid` of its signing key, from the token; empty if it is not a token."""
    try:
        header, middle, _ = token.encode("ascii").split(b".")
        head, said = (json.loads(urlsafe_b64decode(part + b"==")) for part in (header, middle))
        return str(said["id"]), str(head["kid"])
    except (ValueError, KeyError, TypeError):
        return "", ""


def _managers(tx: Tx, account_id: int) -> list[Manager]:
    @functools.cache
    def manages(role_id: str) -> bool:
        return roles.permitted(tx, account_id, role_id).allows(MANAGE.type, MANAGE.verb)

    living = tx.db.rows(_LIVING, account_id=account_id, now=tx.now)
    return [Manager(*key) for role_id, *key in living if manages(role_id)]


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _check(tx: Tx, description: str, expires_at: int | None) -> None:
    text_rules.check("description", description, text_rules.LONGEST_DESCRIPTION, may_be_empty=True)
    if expires_at is not None and not tx.now < expires_at <= LAST_MOMENT:
        raise InvalidArgument(
            f"expiry must be in the future, at most {LAST_MOMENT} (seconds since 1970)"
        )
    tx.actor.outlive(expires_at, "the key", "expiry")
