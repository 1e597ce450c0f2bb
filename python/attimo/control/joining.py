"""Sign-up, and accepting an invitation."""

from dataclasses import dataclass, field, replace

from attimo.control import (
    accounts,
    api_keys,
    caches,
    invitations,
    members,
    second_factors,
    sessions,
    sign_ups,
    transfer,
    users,
)
from attimo.control.actions import PROOF, writes
from attimo.control.api_keys import NewApiKey
from attimo.control.sessions import NewSession
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.control.users import User

CACHE = "default-cache"
"""The first cache of an account, which the official examples use."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """The result of a sign-up. The repr hides the secrets."""

    account_id: int
    key: NewApiKey = field(repr=False)
    session: NewSession = field(repr=False)


@writes("member.join", PROOF)
def sign_up(tx: Tx, email: str, password_hash: str, account_name: str | None) -> NewAccount:
    """Create an account with its owner, a cache and an API key, and sign the owner in.

    Args:
        password_hash: The result of `passwords.hashed`.
        account_name: None for the e-mail address.

    Raises:
        InvalidArgument: The address or the name is invalid.
        UserExists: There is a user with that address.
    """
    user = users.create(tx, email, password_hash)
    tx.actor = replace(tx.actor.known_as(user.email), user_id=user.id)
    account = accounts.create(tx, account_name or user.email)
    members.add(tx, account.id, user, OWNER.id)
    caches.create(tx, account.id, CACHE)
    key = api_keys.create(tx, account.id, "made at sign-up")
    transfer.review(tx, [account.id])
    return NewAccount(account.id, key, sessions.create(tx, user))


@writes("member.join", PROOF)
def confirm(tx: Tx, token: str, password_hash: str) -> NewAccount:
    """Sign up the holder of a token that was sent to confirm the address.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired.
        InvalidArgument: The name of the account is invalid.
        UserExists: The address has got a user meanwhile.
    """
    pending = sign_ups.of_token(tx, token)
    sign_ups.end(tx, pending.email)
    return sign_up(tx, pending.email, password_hash, pending.account_name)


@writes("member.join", PROOF)
def accept(tx: Tx, token: str, user: User | None, password_hash: str, code: str = "") -> NewSession:
    """Make the holder of an invitation's token a member, and sign them in.

    Args:
        user: The user of the invited address, whose password was verified; None to create one.
        password_hash: The new user's.
        code: The code of a second factor, for a user who has one.

    Raises:
        CodeNeeded: The user has a second factor, and there is no code.
        WrongCode: The code is wrong, or was used.
        Unauthenticated: The token is invalid, or was used or revoked, or has expired.
        NoSuchRole: The role was deleted.
        MemberExists: The user is a member already.
        AccountSuspended: The account is suspended; the invitation stays open.
    """
    # Looked up in this transaction, since an invitation can be accepted once.
    invitation = invitations.of_token(tx, token)
    accounts.need_active(tx, invitation.account_id)
    if user is not None:
        second_factors.check(tx, user.id, code)
    tx.actor = tx.actor.known_as(invitation.email)
    joining = user or users.create(tx, invitation.email, password_hash)
    invitations.accept(tx, invitation, joining)
    return sessions.create(tx, joining, invitation.account_id)
