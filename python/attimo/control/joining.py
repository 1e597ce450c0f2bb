"""How people come in: by an account of their own, or by an invitation to one that there is."""

from dataclasses import dataclass, field, replace

from attimo.control import accounts, api_keys, caches, invitations, members, sessions, users
from attimo.control.actions import PROOF, writes
from attimo.control.api_keys import NewApiKey
from attimo.control.sessions import NewSession
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.control.users import User

CACHE = "default-cache"
"""The first cache of an account: the one that the official examples use."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What somebody gets who signs up. The repr hides the secrets."""

    account_id: int
    key: NewApiKey = field(repr=False)
    session: NewSession = field(repr=False)


@writes("member.join", PROOF)
def sign_up(tx: Tx, email: str, password_hash: str, account_name: str | None) -> NewAccount:
    """Make an account with its owner, a cache and an API key, and sign the owner in.

    Args:
        password_hash: What `passwords.hashed` made of the password.
        account_name: The e-mail address if it is None.

    Raises:
        InvalidArgument: The address or the name breaks its rule.
        UserExists: There is a user of that address.
    """
    user = users.create(tx, email, password_hash)
    tx.actor = replace(tx.actor.known_as(user.email), user_id=user.id)
    account = accounts.create(tx, account_name or user.email)
    members.add(tx, account.id, user, OWNER.id)
    caches.create(tx, account.id, CACHE)
    key = api_keys.create(tx, account.id, "made at sign-up")
    return NewAccount(account.id, key, sessions.create(tx, user))


@writes("member.join", PROOF)
def accept(tx: Tx, token: str, user: User | None, password_hash: str) -> NewSession:
    """Make somebody a member who shows the token of an invitation, and sign them in.

    Args:
        user: The one of the invited address, whose password the caller has checked; None to make
            a new one.
        password_hash: Of a new user.

    Raises:
        Unauthenticated: The token is none, was used or taken back, or has ended.
        NoSuchRole: The role is gone.
        MemberExists: The user is a member already.
    """
    # Looked up here: an invitation is good for once, whoever is quicker.
    invitation = invitations.of_token(tx, token)
    tx.actor = tx.actor.known_as(invitation.email)
    joining = user or users.create(tx, invitation.email, password_hash)
    invitations.accept(tx, invitation, joining)
    return sessions.create(tx, joining, invitation.account_id)
