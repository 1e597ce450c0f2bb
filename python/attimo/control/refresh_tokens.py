"""Refresh tokens: each replaces, once, a key that expires by a new one."""

import hashlib
import secrets

from attimo.control import accounts, api_keys, quota
from attimo.control.actions import PROOF, SERVER, writes
from attimo.control.actor import Actor
from attimo.control.api_keys import ApiKey, NewApiKey
from attimo.control.permissions import Permissions, everything
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, PermissionDenied

_UNFIT = "refresh_token must be the newest that came with api_key, which must not have expired"


@writes("key.create", api_keys.MANAGE)
def create_key(
    tx: Tx,
    account_id: int,
    permissions: Permissions | None,
    description: str = "",
    valid_for_seconds: int | None = None,
) -> tuple[NewApiKey, str]:
    """Create a key with permissions of its own; return it, and its refresh token if it expires.

    Args:
        permissions: None for all, which only a member who has signed in can grant.

    Raises:
        Exhausted: The account has as many keys as its plan allows.
        Exception: Those of `api_keys.create_scoped`.
    """
    if permissions is None and tx.actor.key_id is not None:
        raise PermissionDenied(
            "Insufficient permissions: a key cannot create a super-user key; sign in to create one"
        )
    until = None if valid_for_seconds is None else tx.now + valid_for_seconds
    wanted = everything().within(account_id) if permissions is None else permissions
    made = api_keys.create_scoped(tx, account_id, wanted, description, until)
    quota.need_room(tx, account_id, quota.KEYS)
    return made, create(tx, made.key) if until else ""


@writes("key.create", SERVER, audited=False)
def create(tx: Tx, key: ApiKey) -> str:
    """Create the refresh token of a key that expires. Only its hash is stored.

    Keys created with it expire no later than the actor, which creates this one.
    """
    token = secrets.token_urlsafe(32)
    valid_for = (key.expires_at or 0) - key.issued_at
    tx.db.insert(
        "refresh_tokens",
        hash=_digest(token),
        key_id=key.id,
        valid_for_seconds=valid_for,
        ends_at=tx.actor.ends_at,
    )
    return token


@writes("key.create", PROOF)
def use(tx: Tx, api_key: str, refresh_token: str) -> tuple[NewApiKey, str]:
    """Create a key with the permissions of another, valid from now for as long as that was.

    It comes with a refresh token of its own. It outlives the other by design: a client that keeps
    refreshing stays authenticated until it is revoked, or until the key has expired that created
    the first one. The other key stays valid until it expires, but can't be refreshed again. No plan
    limits this, so that no client loses its access.

    Raises:
        InvalidArgument: The two do not belong together, were used before, or the key has expired.
        PermissionDenied: The new key would outlive the one that created the first one.
        AccountSuspended: The key's account is suspended; the refresh token stays valid.
    """
    key = api_keys.of_token(tx, api_key)
    if key is not None:
        accounts.need_active(tx, key.account_id)
    taken = tx.db.rows(
        "DELETE FROM refresh_tokens WHERE hash = :hash "
        "RETURNING key_id, valid_for_seconds, ends_at",
        hash=_digest(refresh_token),
    )
    key_id, valid_for, ends_at = taken[0] if taken else (None, 0, None)
    if key is None or key.has_ended(tx.now) or key_id != key.id:
        raise InvalidArgument(_UNFIT)
    permissions = api_keys.permitted(tx, key)
    name = f"key {key.id}"
    tx.actor = Actor(name, tx.actor.peer, permissions, key.id, key.made_by_user_id, ends_at)
    until = tx.now + valid_for
    made = api_keys.create_scoped(tx, key.account_id, permissions, key.description, until)
    return made, create(tx, made.key)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
