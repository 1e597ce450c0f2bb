"""Who the sender of a request is: a key, a token or a session, and what it permits.

Whoever has a valid credential may ask about it, whatever it permits, and about nothing else.
"""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any, Literal

from attimo.control import (
    accounts,
    api_keys,
    disposable_tokens,
    members,
    permissions,
    roles,
    sessions,
)
from attimo.control.accounts import Account
from attimo.control.actions import PROOF, reads
from attimo.control.permissions import NOTHING, Permissions
from attimo.control.sessions import Session
from attimo.control.system_roles import Role
from attimo.control.tx import Tx
from attimo.errors import Unauthenticated

_BEGAN = "SELECT created_at FROM sessions WHERE hash = :hash"
_IS_HIDDEN = "SELECT is_hidden FROM api_keys WHERE id = :id"


@dataclass(frozen=True, slots=True)
class Identity:
    """A credential, as its holder sees it; times in seconds since 1970, None for never or unknown.

    Attributes:
        id: The key's ID, the user's, or the name that a token was created with.
        email: Of the user who has signed in.
        account: None for a user without accounts.
        role: None for tokens, whose permissions are their own, and once it is deleted.
        permissions: All that it is allowed now; of a token, what its creator may still grant.
        made_by: The e-mail address of the member who created it, directly or with a key.
        made_by_key_id: The key with which it was created.
    """

    kind: Literal["api_key", "token", "session", "local"]
    permissions: Permissions
    id: str | None = None
    description: str | None = None
    email: str | None = None
    account: Account | None = None
    role: Role | None = None
    issued_at: int | None = None
    expires_at: int | None = None
    made_by: str | None = None
    made_by_key_id: str | None = None


@dataclass(frozen=True, slots=True)
class TokenClaims:
    """What a disposable token says of itself, once the data plane has verified it."""

    account_id: int
    key_id: str | None
    token_id: str | None
    issued_at: int
    expires_at: int
    permissions: Permissions = field(repr=False)


@reads("credential.show", PROOF)
def of_key(tx: Tx, account_id: int) -> Identity:
    """Return the API key of a request, or the owner of a server started with `--local`."""
    account = accounts.get(tx, account_id)
    if tx.actor.key_id is None:
        return Identity("local", tx.actor.permissions, account=account)
    key = api_keys.get(tx, account_id, tx.actor.key_id)
    return Identity(
        "api_key",
        tx.actor.permissions,
        id=key.id,
        description=key.description or None,
        account=account,
        role=roles.held(tx, account_id, key.role_id),
        issued_at=key.issued_at,
        expires_at=key.expires_at,
        made_by=key.made_by,
        made_by_key_id=key.made_by_key_id,
    )


@reads("credential.show", PROOF)
def of_session(tx: Tx, session: Session) -> Identity:
    """Return the user of a session, with their role in the session's account.

    Raises:
        Unauthenticated: The session has ended, or the user was removed from the account.
        PermissionDenied: The role does not allow this address.
        AccountSuspended: The account is suspended.
    """
    account, role = None, None
    if session.account_id:
        actor = sessions.actor(tx, session, tx.actor.peer)
        account = accounts.get(tx, session.account_id)
        member = members.get(tx, session.account_id, session.user_id)
        role = roles.held(tx, session.account_id, member.role_id)
        permitted = actor.permissions
    else:
        sessions.of_hash(tx, session.hash)
        permitted = NOTHING
    return Identity(
        "session",
        permitted,
        id=str(session.user_id),
        email=session.email,
        account=account,
        role=role,
        issued_at=tx.db.scalar(_BEGAN, hash=session.hash),
        expires_at=session.expires_at,
    )


@reads("credential.show", PROOF)
def of_token(tx: Tx, claims: TokenClaims) -> Identity:
    """Return a disposable token, with those of its permissions that its creator still has.

    Raises:
        NoSuchKey: The key that requested it was revoked.
    """
    permitted, made_by, made_by_key_id = claims.permissions, None, None
    if claims.key_id is not None:
        issuer = api_keys.get(tx, claims.account_id, claims.key_id)
        granted = api_keys.permitted(tx, issuer)
        right = disposable_tokens.MANAGE
        may_vend = granted.allows(right.type, right.verb)
        permitted = permitted.within_both(granted) if may_vend else NOTHING
        made_by = issuer.made_by
        # The key of a session has no token, and its id says nothing to anybody.
        made_by_key_id = None if tx.db.scalar(_IS_HIDDEN, id=issuer.id) else issuer.id
    return Identity(
        "token",
        permitted,
        id=claims.token_id,
        account=accounts.get(tx, claims.account_id),
        issued_at=claims.issued_at,
        expires_at=claims.expires_at,
        made_by=made_by,
        made_by_key_id=made_by_key_id,
    )


def claims_of(encoded: str) -> TokenClaims:
    """Parse the claims of a disposable token, as they are encoded in it (RFC 7519).

    Raises:
        Unauthenticated: These are not the claims of such a token.
    """
    try:
        said: dict[str, Any] = json.loads(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
        if said["t"] != "d":
            raise ValueError("these are the claims of another kind of token")
        return TokenClaims(
            account_id=said["acc"],
            key_id=said.get("id"),
            token_id=said.get("tid"),
            issued_at=said["iat"],
            expires_at=said["exp"],
            permissions=permissions.of_text(json.dumps(said["p"])),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Unauthenticated("Invalid token: it was issued by another server") from error
