"""Links with which the owner of the machine signs in, once: whoever holds the owner's API key.

The session is that of a user without an address or password, an Owner of the first account. It ends
with the key that asked for the link, so a revoked key leaves nobody signed in.
"""

import secrets
from dataclasses import dataclass, field

from attimo.control import accounts, audit, members, sessions, users
from attimo.control.actions import PROOF, writes
from attimo.control.sessions import NewSession
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.control.users import User
from attimo.errors import PermissionDenied, Unauthenticated

SECONDS = 10 * 60
"""How long a link is valid."""
MOST = 10
"""The most links that are open; a new one replaces the oldest."""

_CROWDED = """
DELETE FROM sign_in_links WHERE expires_at <= :now
OR rowid <= (SELECT rowid FROM sign_in_links ORDER BY rowid DESC LIMIT 1 OFFSET :most)
"""
_TAKE = """
DELETE FROM sign_in_links WHERE hash = :hash AND expires_at > :now
RETURNING account_id, key_id, ends_at
"""
_IS_GOOD = "SELECT 1 FROM api_keys WHERE id = :id AND revoked_at IS NULL"


@dataclass(frozen=True, slots=True)
class NewLink:
    """The token of a new link, which is not stored; `expires_at` in seconds since 1970."""

    token: str = field(repr=False)
    expires_at: int


@writes("session.link", accounts.MANAGE)
def create(tx: Tx, account_id: int) -> NewLink:
    """Create a link for the holder of a key that has every permission of the server.

    Raises:
        PermissionDenied: The key has fewer permissions; or a member created it, who signs in by
            themselves, and whose sessions must end with their membership.
    """
    if tx.actor.user_id is not None:
        raise PermissionDenied(
            "Insufficient permissions: only the owner's own key makes a link to sign in, and a "
            "member has created this one; sign in with your password"
        )
    tx.actor.hand_out(OWNER.permissions, "the session")
    token, expires_at = secrets.token_urlsafe(32), tx.now + SECONDS
    tx.db.insert(
        "sign_in_links",
        hash=users.digest(token),
        account_id=account_id,
        key_id=tx.actor.key_id,
        expires_at=expires_at,
        ends_at=tx.actor.ends_at,
    )
    tx.db.execute(_CROWDED, now=tx.now, most=MOST)
    audit.note(tx, account_id, users.SERVER_OWNER)
    return NewLink(token, expires_at)


@writes("session.begin", PROOF)
def use(tx: Tx, token: str) -> NewSession:
    """Begin a session of the machine's owner.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired; or its key was revoked.
    """
    for account_id, key_id, ends_at in tx.db.rows(_TAKE, hash=users.digest(token), now=tx.now):
        if key_id is None or tx.db.scalar(_IS_GOOD, id=key_id) is not None:
            tx.actor = tx.actor.known_as(users.SERVER_OWNER)
            return sessions.create(tx, _owner(tx, account_id), account_id, key_id, ends_at)
    raise Unauthenticated("Invalid or expired link: run `attimo console` for a new one")


def _owner(tx: Tx, account_id: int) -> User:
    """The user of the machine's owner, who is an Owner of the account again if they were not."""
    user = users.server_owner(tx)
    roles = {each.account_id: each.role_id for each in members.accounts_of(tx, user.id)}
    if account_id not in roles:
        members.add(tx, account_id, user, OWNER.id)
    elif roles[account_id] != OWNER.id:
        members.change_role(tx, account_id, user.id, OWNER.id)
    return user
