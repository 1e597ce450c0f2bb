"""Disposable tokens: for data only, for about a day at most, and not stored.

A token contains its permissions. It expires, or ends with the API key that requested it.
"""

from dataclasses import dataclass, field

from attimo.control import api_keys
from attimo.control.actions import reads, writes
from attimo.control.permissions import Permissions, Right
from attimo.control.tx import Tx
from attimo.errors import InvalidArgument

MANAGE = Right("token_management", "write")

LONGEST_LIFE = 25 * 60 * 60
"""In seconds."""
LONGEST_ID = 64
LONGEST_TOKEN = 16 * 1024
"""In bytes; the data plane accepts no longer ones."""


@dataclass(frozen=True, slots=True)
class DisposableToken:
    """A new token, which is not stored; `expires_at` in seconds since 1970."""

    token: str = field(repr=False)
    expires_at: int


# Neither the token nor the hidden key to which it belongs is recorded.
@writes("token.create", MANAGE, audited=False)
def create_signed_in(
    tx: Tx,
    account_id: int,
    permissions: Permissions,
    valid_for_seconds: int,
    token_id: str = "",
) -> DisposableToken:
    """Create a token as `create` does, for a member who has signed in."""
    return create(tx, account_id, permissions, valid_for_seconds, token_id)


@reads("token.create", MANAGE)
def create(
    tx: Tx,
    account_id: int,
    permissions: Permissions,
    valid_for_seconds: int,
    token_id: str = "",
) -> DisposableToken:
    """Create a token that ends with the key that requests it, or with the member's membership.

    It expires no later than that key. For a key nothing is written; for a member who has signed
    in, see `create_signed_in`.

    Args:
        token_id: A name for the token's holder; subscribers see it with what the holder publishes.

    Raises:
        InvalidArgument: A field is out of its range, or the permissions are not for data only.
        PermissionDenied: The actor has fewer permissions.
    """
    # Importing the cryptography takes 80 ms, and most server starts create no token.
    from attimo.control import signing, tokens

    _check(permissions, valid_for_seconds, token_id)
    tx.actor.hand_out(permissions, "the token")
    issuer = _issuer(tx, account_id)
    claims = tokens.DisposableClaims(
        account_id=account_id,
        issued_at=tx.now,
        expires_at=min(tx.now + valid_for_seconds, _end_of(tx, account_id, issuer)),
        permissions=permissions,
        key_id=issuer,
        token_id=token_id,
    )
    token = tokens.disposable_token(signing.current(tx), claims)
    if len(token) > LONGEST_TOKEN:
        raise InvalidArgument(
            f"permissions must be short enough for a token of {LONGEST_TOKEN} bytes; "
            f"this one would have {len(token)}"
        )
    return DisposableToken(token, claims.expires_at)


def _issuer(tx: Tx, account_id: int) -> str | None:
    if tx.actor.key_id is None and tx.actor.user_id is not None:
        return api_keys.of_session(tx, account_id, tx.actor.user_id)
    return tx.actor.key_id


def _end_of(tx: Tx, account_id: int, issuer: str | None) -> int:
    expires_at = api_keys.get(tx, account_id, issuer).expires_at if issuer else None
    return api_keys.LAST_MOMENT if expires_at is None else expires_at


def _check(permissions: Permissions, valid_for_seconds: int, token_id: str) -> None:
    if not 1 <= valid_for_seconds <= LONGEST_LIFE:
        raise InvalidArgument(
            f"expires (over HTTP, valid_for_seconds) must be 1 to {LONGEST_LIFE} seconds from now"
        )
    if len(token_id) > LONGEST_ID:
        raise InvalidArgument(f"token_id must be at most {LONGEST_ID} characters")
    if not permissions.is_data_only:
        raise InvalidArgument("permissions must be about data only: a disposable token is for data")
