"""The accounts of a server over HTTP, for callers with `server_management`.

Not in Momento's API.
"""

from typing import Annotated

from pydantic import Field

from attimo.api import invitations
from attimo.api.caller import Authenticated
from attimo.api.invitations import CreatedInvitation, Email
from attimo.api.paging import MOST, Limit, NextToken
from attimo.api.people import People, PeopleServices
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, text
from attimo.control import (
    account_deletion,
    accounts,
    chosen_accounts,
    founding,
    joining,
    second_factors,
)
from attimo.control.accounts import AccountDetails
from attimo.control.invitations import NewInvitation
from attimo.errors import PermissionDenied

router = Router("/accounts", "accounts")

AccountId = Annotated[int, Field(ge=0, le=2**63 - 1)]
Accounts = Annotated[
    str | None,
    Field(
        description="`*`, or IDs separated by commas: these accounts instead of the caller's. For "
        "this, the caller needs `server_management` with `read`.",
        json_schema_extra={"pattern": chosen_accounts.PATTERN},
    ),
]
Name = Annotated[str, text(accounts.LONGEST_NAME, least=1)]


class NewAccount(StrictModel):
    """An account to create; without `email`, the response has the owner's API key."""

    name: Name
    email: Annotated[
        str | None, Field(description="The owner's e-mail address, who gets an invitation.")
    ] = None


class ResetSecondFactor(StrictModel):
    """The address of a user."""

    email: Email


class SecondFactorReset(Model):
    """Whether the user had a second factor, which is removed."""

    email: str
    removed: bool


class RenameAccount(StrictModel):
    """The new name."""

    name: Name


class InviteOwner(StrictModel):
    """The e-mail address of the new owner."""

    email: Email


class AccountInfo(Model):
    """An account of the server; times in seconds since 1970.

    Without `suspended_at`, the account is not suspended. `caches`, `api_keys` and `members` are
    current counts; `plan` is the name of the plan.
    """

    account_id: int
    name: str
    created_at: int
    suspended_at: int | None = None
    caches: int
    api_keys: int
    members: int
    plan: str


class CreatedAccountInfo(AccountInfo):
    """A new account with its owner's API key (shown once) or invitation."""

    cache: str
    endpoint: str
    api_key: str | None = None
    invitation: CreatedInvitation | None = None


class AccountPage(Model):
    """A page of accounts, oldest first; the last one has no `next_token`."""

    accounts: list[AccountInfo]
    next_token: str | None = None


@router.post(status=201, operation_id="createAccount", refuses=(409,))
def create(people: PeopleServices, caller: Authenticated, body: NewAccount) -> CreatedAccountInfo:
    """Create an account with a cache, and invite its owner or create its first API key.

    This works whatever `--signup` says.
    """
    made = caller.perform(founding.create_account, body.name, body.email, people.mail_limits.invite)
    return CreatedAccountInfo(
        **_info(made.account).model_dump(),
        cache=joining.CACHE,
        endpoint=people.endpoint,
        api_key=made.key.token if made.key else None,
        invitation=_send(people, made.invitation, body.name) if made.invitation else None,
    )


@router.get(operation_id="listAccounts")
def list_page(
    caller: Authenticated,
    limit: Limit = MOST,
    next_token: NextToken = None,
    name: Annotated[str | None, Field(description="Only accounts with this name.")] = None,
) -> AccountPage:
    """List the accounts of the server.

    With `name`, the permission to change accounts also suffices.
    """
    try:
        page = caller.perform(accounts.list_page, limit, next_token, name)
    except PermissionDenied:
        if name is None:
            raise
        page = caller.perform(accounts.named_page, limit, next_token, name)
    return AccountPage(accounts=[_info(each) for each in page.items], next_token=page.next_token)


@router.get("/{account_id}", operation_id="getAccount", refuses=(404,))
def get(caller: Authenticated, account_id: AccountId) -> AccountInfo:
    """Show an account."""
    return _info(caller.perform(accounts.details, account_id))


@router.put("/{account_id}", operation_id="renameAccount", refuses=(404, 409))
def rename(caller: Authenticated, account_id: AccountId, body: RenameAccount) -> AccountInfo:
    """Rename an account. Its ID, keys and caches stay as they are."""
    return _info(caller.perform(accounts.rename, account_id, body.name))


@router.post("/{account_id}/suspend", operation_id="suspendAccount", refuses=(404, 412))
def suspend(caller: Authenticated, account_id: AccountId) -> AccountInfo:
    """Refuse all requests of an account, immediately, until it is resumed.

    Nothing is deleted. Refused requests get 403 with the `err` `account_suspended`. Suspending a
    suspended account changes nothing.
    """
    return _info(caller.perform(accounts.suspend, account_id))


@router.post("/{account_id}/resume", operation_id="resumeAccount", refuses=(404,))
def resume(caller: Authenticated, account_id: AccountId) -> AccountInfo:
    """Serve a suspended account again. Resuming any other account changes nothing."""
    return _info(caller.perform(accounts.resume, account_id))


@router.post("/second-factors/reset", operation_id="resetSecondFactor")
def reset_second_factor(caller: Authenticated, body: ResetSecondFactor) -> SecondFactorReset:
    """Remove the authenticator app and recovery codes of a user who has lost both.

    From then on, the password suffices: make sure first who asks.
    """
    removed = caller.perform(second_factors.reset, body.email)
    return SecondFactorReset(email=body.email, removed=removed)


@router.post(
    "/{account_id}/invitations",
    status=201,
    operation_id="inviteOwner",
    refuses=(404, 412),
)
def invite_owner(
    people: PeopleServices, caller: Authenticated, account_id: AccountId, body: InviteOwner
) -> CreatedInvitation:
    """Invite an owner of an account that nobody can manage.

    Allowed only if no member, valid API key or open invitation can manage its keys or members.
    Earlier invitations of this kind do not count, and are revoked.
    """
    count = people.mail_limits.invite
    made = caller.perform(founding.invite_owner, account_id, body.email, count)
    return _send(people, made.invitation, made.account.name)


@router.delete("/{account_id}", status=204, operation_id="deleteAccount", refuses=(404, 412))
def delete(caller: Authenticated, account_id: AccountId) -> None:
    """Delete an account with its caches, items, keys, roles, sessions and members.

    This can't be undone. Its usage stays in the ledger, and its actions stay in the audit log.
    """
    caller.perform(account_deletion.delete, account_id)


def _send(people: People, made: NewInvitation, name: str) -> CreatedInvitation:
    return invitations.send(people, made, f"You are invited to own the account {name!r}")


def _info(account: AccountDetails) -> AccountInfo:
    return AccountInfo(
        account_id=account.id,
        name=account.name,
        created_at=account.created_at,
        suspended_at=account.suspended_at,
        caches=account.caches,
        api_keys=account.api_keys,
        members=account.members,
        plan=account.plan,
    )
