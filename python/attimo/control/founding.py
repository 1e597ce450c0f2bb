"""Creating accounts for other people, and inviting them to be the owner.

The people, or the holder of the first key, are the account's: nobody of the first account gets a
right in it. So what is created in it is the server's work, and ends with no operator's key.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from attimo.control import accounts, api_keys, caches, invitations, members, roles, transfer
from attimo.control.accounts import AccountDetails
from attimo.control.actions import writes
from attimo.control.actor import SYSTEM
from attimo.control.api_keys import NewApiKey
from attimo.control.invitations import NewInvitation
from attimo.control.joining import CACHE
from attimo.control.system_roles import OWNER
from attimo.control.tx import Tx
from attimo.errors import FailedPrecondition, PermissionDenied

Count = Callable[[int, str], None]

MANAGING = (api_keys.MANAGE, invitations.MANAGE)
"""The permissions of which one suffices to manage an account."""


@dataclass(frozen=True, slots=True)
class AccountWithOwner:
    """A new account with its owner's API key or invitation. The repr hides both."""

    account: AccountDetails
    key: NewApiKey | None = field(repr=False)
    invitation: NewInvitation | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnerInvited:
    """An account, and the invitation of its owner."""

    account: AccountDetails
    invitation: NewInvitation = field(repr=False)


@writes("account.create", accounts.MANAGE)
def create_account(
    tx: Tx,
    account_id: int,
    name: str,
    email: str | None = None,
    count: Count = lambda _id, _to: None,
) -> AccountWithOwner:
    """Create an account with a cache, and invite its owner or create its first API key.

    Args:
        email: The owner's address; None for an API key with the role Owner.
        count: Counts the e-mail to come, by account and address; an error undoes the account.

    Raises:
        InvalidArgument: The name or the address is invalid.
        AccountExists: There is an account with that name.
        PermissionDenied: The actor's key expires, and a key of the account would not.
    """
    _need_lasting(tx, email)
    accounts.need_free(tx, name)
    account = accounts.create(tx, name)
    accounts.note(tx, account_id, account)
    with _server_acts(tx):
        transfer.review(tx, [account.id])
        caches.create(tx, account.id, CACHE)
        if email is None:
            key, invitation = api_keys.create(tx, account.id, "made with the account"), None
        else:
            key, invitation = None, _invite(tx, account.id, email, count)
    return AccountWithOwner(accounts.details(tx, account_id, account.id), key, invitation)


@writes("account.invite-owner", accounts.MANAGE)
def invite_owner(
    tx: Tx, account_id: int, other_id: int, email: str, count: Count = lambda _id, _to: None
) -> OwnerInvited:
    """Invite an owner of an account that nobody can manage; older such invitations are revoked.

    That is one whose invitation has expired, or whose only keys have ended. Otherwise, operators
    would get into the accounts of others: those that a member or a valid key can manage, or
    somebody whom these have invited.

    Args:
        count: As in `create_account`.

    Raises:
        InvalidArgument: The address is invalid.
        NoSuchAccount: There is no such account.
        FailedPrecondition: Somebody manages it; or it is the first account, which the right to
            manage others does not open.
        AccountSuspended: It is suspended.
    """
    account = accounts.get(tx, other_id)
    accounts.need_not_first(account, "invite its owners with POST /invitations")
    accounts.need_active(tx, other_id)
    if _is_managed(tx, other_id):
        raise FailedPrecondition(
            "The account has an owner, or a member, an API key or an invitation that can manage "
            "its keys or members: they invite others"
        )
    accounts.note(tx, account_id, account, email=email)
    with _server_acts(tx):
        made = _invite(tx, other_id, email, count)
    return OwnerInvited(accounts.details(tx, account_id, other_id), made)


def _is_managed(tx: Tx, account_id: int) -> bool:
    """Whether anybody can manage its keys or its members, or will once they accept."""
    role_ids = {each.role_id for each in members.list_all(tx, account_id)}
    role_ids |= api_keys.roles_in_use(tx, account_id)
    role_ids |= {
        each.role_id for each in invitations.list_all(tx, account_id) if not each.founds_account
    }
    held = [roles.permitted(tx, account_id, role_id) for role_id in role_ids]
    return any(each.allows(right.type, right.verb) for each in held for right in MANAGING)


def _invite(tx: Tx, account_id: int, email: str, count: Count) -> NewInvitation:
    query = "DELETE FROM invitations WHERE account_id = :account_id AND founds_account"
    tx.db.execute(query, account_id=account_id)
    return invitations.create(tx, account_id, email, OWNER.id, count, founds_account=True)


@contextmanager
def _server_acts(tx: Tx) -> Iterator[None]:
    """Let the server act in another account: its audit log and keys tell nothing of operators."""
    operator, tx.actor = tx.actor, SYSTEM
    try:
        yield
    finally:
        tx.actor = operator


def _need_lasting(tx: Tx, email: str | None) -> None:
    if email is None and tx.actor.ends_at is not None:
        raise PermissionDenied(
            "Insufficient permissions: your key expires, and the account's would not; give the "
            "owner's e-mail address, or use a key that never expires"
        )
