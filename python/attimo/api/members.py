"""Members over HTTP (not in Momento's API)."""

from typing import Annotated

from pydantic import Field

from attimo.api.caller import Authenticated
from attimo.api.invitations import InvitationInfo
from attimo.api.invitations import info as invitation_info
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel
from attimo.control import members, offboarding, second_factors
from attimo.control.callers import Caller, SessionHolder
from attimo.errors import PermissionDenied

router = Router(tag="people")

KeepKeys = Annotated[
    bool, Field(description="Keep the member's keys; their tokens and invitations are revoked.")
]


class MemberInfo(Model):
    """A member; `joined_at` in seconds since 1970.

    `second_factor` is whether they need a code with their password; only lists for who may manage
    members have it.
    """

    user_id: int
    email: str
    role_id: str
    joined_at: int
    second_factor: bool | None = None


class MemberList(Model):
    """All members, oldest first."""

    members: list[MemberInfo]


class ChangeMember(StrictModel):
    """The new role of a member."""

    role_id: str


class MemberApiKey(Model):
    """An API key that a member created, directly or with another of their keys."""

    key_id: str
    description: str
    role_id: str


class CreatedByMember(Model):
    """What a member created and is still valid; `url_keys` are ids of URL signing keys."""

    api_keys: list[MemberApiKey]
    url_keys: list[str]
    invitations: list[InvitationInfo]


class MemberDetails(MemberInfo):
    """A member, and what they created."""

    made: CreatedByMember


class ChangedMember(MemberInfo):
    """A member with a new role, and what was revoked because it exceeds that role."""

    ended: CreatedByMember


@router.get("/members", operation_id="listMembers")
def list_members(caller: Authenticated) -> MemberList:
    """List the members of the account."""
    having = with_second_factor(caller)
    found = [_info(member) for member in caller.perform(members.list_all)]
    if having is not None:
        for each in found:
            each.second_factor = each.user_id in having
    return MemberList(members=found)


def with_second_factor(caller: Caller) -> set[int] | None:
    """The IDs of the members who have a second factor; None for who may not manage members."""
    try:
        return caller.perform(second_factors.members_with)
    except PermissionDenied:
        return None


@router.get("/members/{user_id}", operation_id="getMember", refuses=(404,))
def get(caller: Authenticated, user_id: int) -> MemberDetails:
    """Show a member and what they created, which is revoked when they are removed."""
    member, made = caller.perform(offboarding.member_with_made, user_id)
    return MemberDetails(**_info(member).model_dump(), made=_created(made))


@router.put("/members/{user_id}", operation_id="changeMember", refuses=(404, 412))
def change_role(
    caller: Authenticated, user_id: int, body: ChangeMember, keep_keys: KeepKeys = False
) -> ChangedMember:
    """Change a member's role immediately.

    What they created and could not create with that role is revoked: API keys with their tokens,
    URL signing keys, open invitations. The response lists it.
    """
    member, ended = caller.perform(offboarding.change_role, user_id, body.role_id, keep_keys)
    return ChangedMember(**_info(member).model_dump(), ended=_created(ended))


@router.delete("/members/{user_id}", status=204, operation_id="removeMember", refuses=(404, 412))
def remove(caller: Authenticated, user_id: int, keep_keys: KeepKeys = False) -> None:
    """Remove a member from the account; every member can remove themselves.

    What they created is revoked: API keys with their tokens, URL signing keys, open invitations.
    `GET /members/{user_id}` lists it.
    """
    end(caller, user_id, keep_keys)


def end(caller: Caller, user_id: int, keep_keys: bool) -> bool:
    """Remove a member; return whether that is the caller, who has left the account."""
    if isinstance(caller, SessionHolder) and caller.session.user_id == user_id:
        caller.perform(offboarding.leave, keep_keys)
        return True
    caller.perform(offboarding.remove, user_id, keep_keys)
    return False


def _info(member: members.Member) -> MemberInfo:
    return MemberInfo(
        user_id=member.user_id,
        email=member.email,
        role_id=member.role_id,
        joined_at=member.joined_at,
    )


def _created(made: offboarding.Made) -> CreatedByMember:
    return CreatedByMember(
        api_keys=[
            MemberApiKey(key_id=key.id, description=key.description, role_id=key.role_id)
            for key in made.api_keys
        ],
        url_keys=[key.kid for key in made.url_keys],
        invitations=[invitation_info(each) for each in made.invitations],
    )
