"""Members and invitations over HTTP [ours]."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Anyone, Authenticated
from attimo.api.people import People, Settled
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Id, Model, StrictModel, text
from attimo.control import invitations, joining, members, offboarding, passwords, sessions, users
from attimo.control.callers import SessionHolder
from attimo.control.invitations import Invitation, NewInvitation
from attimo.control.users import User
from attimo.errors import PermissionDenied, Unauthenticated

router = Router(tag="people")

KeepKeys = Annotated[
    bool, Field(description="Keep the member's keys; their tokens and invitations are revoked.")
]


class MemberInfo(Model):
    """A member; `joined_at` in seconds since 1970."""

    user_id: int
    email: str
    role_id: str
    joined_at: int


class MemberList(Model):
    """All members, oldest first."""

    members: list[MemberInfo]


class ChangeMember(StrictModel):
    """The new role of a member."""

    role_id: str


class CreateInvitation(StrictModel):
    """The e-mail address to invite, and the role."""

    email: Annotated[str, text(users.LONGEST_EMAIL, least=1)]
    role_id: str = "viewer"


class InvitationInfo(Model):
    """An open invitation; times in seconds since 1970. Only the e-mail contains the token."""

    invitation_id: str
    email: str
    role_id: str
    created_at: int
    expires_at: int


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


class InvitationList(Model):
    """All open invitations, oldest first."""

    invitations: list[InvitationInfo]


class AcceptInvitation(StrictModel):
    """An invitation's token; `password` is needed by new users and users not signed in."""

    token: str
    password: str


class JoinedAccount(Model):
    """The joined account; the cookie of the response is a session."""

    account_id: int
    csrf_token: str


@router.get("/members", operation_id="listMembers")
def list_members(caller: Authenticated) -> MemberList:
    """List the members of the account."""
    found = caller.perform(members.list_all)
    return MemberList(members=[_info(member) for member in found])


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
    if isinstance(caller, SessionHolder) and caller.session.user_id == user_id:
        caller.perform(offboarding.leave, keep_keys)
    else:
        caller.perform(offboarding.remove, user_id, keep_keys)


@router.post("/invitations", status=201, operation_id="invite", refuses=(404, 429))
def invite(people: Settled, caller: Authenticated, body: CreateInvitation) -> InvitationInfo:
    """Invite a person by e-mail. Expires after a week, or with the key used for it."""
    made = caller.perform(invitations.create, body.email, body.role_id, people.mail_limits.invite)
    people.send(made.invitation.email, "You are invited", _letter(people.endpoint, made))
    return _invitation_info(made.invitation)


@router.get("/invitations", operation_id="listInvitations")
def list_invitations(caller: Authenticated) -> InvitationList:
    """List the open invitations."""
    found = caller.perform(invitations.list_all)
    return InvitationList(invitations=[_invitation_info(each) for each in found])


@router.delete(
    "/invitations/{invitation_id}",
    status=204,
    operation_id="takeBackInvitation",
    refuses=(404,),
)
def take_back(caller: Authenticated, invitation_id: Id) -> None:
    """Revoke an invitation."""
    caller.perform(invitations.take_back, invitation_id)


@router.post(
    "/invitations/accept",
    operation_id="acceptInvitation",
    refuses=(404, 409, 429),
    security=[],
)
@apart
def accept(
    visitor: Anyone,
    people: Settled,
    body: AcceptInvitation,
    request: Request,
    response: Response,
) -> JoinedAccount:
    """Accept an invitation: a new user sets a password, an existing user sends theirs."""
    people.throttle.attempt_at_all("password", visitor.peer)
    people.throttle.attempt("accept", visitor.peer)
    invitation = visitor.perform(invitations.of_token, body.token)
    user = visitor.perform(users.of_email, invitation.email)
    hashed = _let_in(people, invitation, user, body.password)
    made = visitor.perform(joining.accept, body.token, user, hashed)
    people.throttle.succeeded("accept", visitor.peer)
    people.throttle.know(visitor.peer, people.name(invitation.email))
    cookies.give(request, response, made, sessions.SECONDS)
    return JoinedAccount(account_id=invitation.account_id, csrf_token=made.session.csrf_token)


def _let_in(people: People, invitation: Invitation, user: User | None, password: str) -> str:
    """Return the hash of a new user's password, or verify an existing user's."""
    if user is None:
        if people.sign_up == "closed":
            raise PermissionDenied("This server accepts no new users")
        return passwords.hashed(password, invitation.email)
    if not passwords.matches(user.password_hash, password):
        raise Unauthenticated("The e-mail address or the password is wrong")
    return user.password_hash


def _letter(endpoint: str, made: NewInvitation) -> str:
    until = datetime.fromtimestamp(made.invitation.expires_at, UTC)
    return (
        f"You are invited to an account at https://{endpoint}.\n\n"
        f"Accept before {until:%Y-%m-%d %H:%M} UTC by sending this, with a password of your "
        "choice:\n\n"
        f"POST https://{endpoint}/invitations/accept\n"
        f'{{"token": "{made.token}", "password": "…"}}\n'
    )


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
        invitations=[_invitation_info(each) for each in made.invitations],
    )


def _invitation_info(invitation: Invitation) -> InvitationInfo:
    return InvitationInfo(
        invitation_id=invitation.id,
        email=invitation.email,
        role_id=invitation.role_id,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )
