"""Refresh tokens: each makes, once, a new key of one that will end."""

import hashlib
import secrets

from attimo.control import api_keys
from attimo.control.actions import PROOF, SERVER, writes
from attimo.control.actor import Actor
from attimo.control.api_keys import ApiKey, NewApiKey
from attimo.control.permissions import Permissions, everything
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument, PermissionDenied

_UNFIT = "refresh_token must be the newest that came with api_key, before that key ends"


@writes("key.create", api_keys.MANAGE)
def create_key(
    tx: Tx,
    account_id: int,
    permissions: Permissions | None,
    description: str = "",
    valid_for_seconds: int | None = None,
) -> tuple[NewApiKey, str]:
    """Make a key with permissions of its own; return it, and its refresh token if it ends.

    Args:
        permissions: None for all that there are, which only somebody signed in can give away.

    Raises:
        Exception: Those of `api_keys.create_scoped`.
    """
    if permissions is None and tx.actor.key_id is not None:
        raise PermissionDenied(
            "Insufficient permissions: a key cannot make a super-user key; sign in to make one"
        )
    until = None if valid_for_seconds is None else tx.now + valid_for_seconds
    wanted = everything() if permissions is None else permissions
    made = api_keys.create_scoped(tx, account_id, wanted, description, until)
    return made, create(tx, made.key) if until else ""


@writes("key.create", SERVER, audited=False)
def create(tx: Tx, key: ApiKey) -> str:
    """Make the refresh token of a key that ends. Only its hash is kept.

    What is refreshed with it ends no later than the actor, who makes the key.
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
    """Make a key with the permissions of another, valid from now for as long as that was.

    It comes with a refresh token of its own.

    So it outlives the other by design: a client that keeps asking stays in until it is revoked, or
    until the key has ended with which the first one was made.

    The other key stays valid until its end. Neither token is good for a refresh any more.

    Raises:
        InvalidArgument: The two do not belong together, were used before, or the key has ended.
        PermissionDenied: The new key would outlive the one with which the first one was made.
    """
    key = api_keys.of_token(tx, api_key)
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
