"""Invitations over HTTP (not in Momento's API): to join an account, also as its first owner."""

from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies, session
from attimo.api.caller import Anyone, Authenticated
from attimo.api.people import People, PeopleServices
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Id, Model, StrictModel, text
from attimo.control import invitations, joining, passwords, sessions, users
from attimo.control.callers import Visitor
from attimo.control.invitations import Invitation, NewInvitation
from attimo.control.sessions import NewSession
from attimo.control.users import User
from attimo.errors import PermissionDenied, WrongPassword

router = Router("/invitations", "people")

Email = Annotated[str, text(users.LONGEST_EMAIL, least=1)]


class CreateInvitation(StrictModel):
    """The e-mail address to invite, and the role."""

    email: Email
    role_id: str = "viewer"


class InvitationInfo(Model):
    """An open invitation without its token; times in seconds since 1970."""

    invitation_id: str
    email: str
    role_id: str
    created_at: int
    expires_at: int


class CreatedInvitation(InvitationInfo):
    """A new invitation. Its token is shown only now and is not stored.

    Whoever has it can accept the invitation: treat it like a password.
    """

    token: str
    link: Annotated[
        str, Field(description="Of a page that accepts it; the token is the part after `#`.")
    ]


class InvitationList(Model):
    """All open invitations, oldest first."""

    invitations: list[InvitationInfo]


class AcceptInvitation(StrictModel):
    """An invitation's token, a password, and the `code` of a user who has a second factor."""

    token: str
    password: str
    code: str = ""


class JoinedAccount(Model):
    """The joined account; the cookie of the response is a session."""

    account_id: int
    csrf_token: str


@router.post(status=201, operation_id="invite", refuses=(404,))
def invite(
    people: PeopleServices, caller: Authenticated, body: CreateInvitation
) -> CreatedInvitation:
    """Invite a person by e-mail. Expires after a week, or with the key used for it.

    The response contains the link of the e-mail, so that it can be passed on in another way.
    """
    made = caller.perform(invitations.create, body.email, body.role_id, people.mail_limits.invite)
    return send(people, made, "You are invited to an account")


@router.get(operation_id="listInvitations")
def list_invitations(caller: Authenticated) -> InvitationList:
    """List the open invitations."""
    found = caller.perform(invitations.list_all)
    return InvitationList(invitations=[info(each) for each in found])


@router.delete("/{invitation_id}", status=204, operation_id="takeBackInvitation", refuses=(404,))
def take_back(caller: Authenticated, invitation_id: Id) -> None:
    """Revoke an invitation."""
    caller.perform(invitations.take_back, invitation_id)


@router.post("/accept", operation_id="acceptInvitation", refuses=(404, 409), security=[])
@apart
def accept(
    visitor: Anyone,
    people: PeopleServices,
    body: AcceptInvitation,
    request: Request,
    response: Response,
) -> JoinedAccount:
    """Accept an invitation: a new user sets a password, an existing user sends theirs."""
    made = join(visitor, people, body.token, body.password, body.code)
    cookies.give(request, response, made, sessions.SECONDS)
    return JoinedAccount(account_id=made.session.account_id, csrf_token=made.session.csrf_token)


def join(visitor: Visitor, people: People, token: str, password: str, code: str = "") -> NewSession:
    """Make the holder of an invitation's token a member, and sign them in.

    Raises:
        CodeNeeded: The address has a user with a second factor, and there is no code.
        WrongCode: The code is wrong, or was used.
        Unauthenticated: The token is invalid, or was used or revoked, or has expired.
        WrongPassword: The address has a user, and that is not their password.
        TooManyAttempts: It was tried too often from here.
        PermissionDenied: This server accepts no new users.
        MemberExists: The user is a member already.
    """
    people.throttle.attempt_at_all("password", visitor.peer)
    people.throttle.attempt("accept", visitor.peer)
    invitation = visitor.perform(invitations.of_token, token)
    user = visitor.perform(users.of_email, invitation.email)
    hashed = _let_in(people, invitation, user, password)
    with session.code_of(visitor, people, invitation.email) if code else nullcontext():
        made = visitor.perform(joining.accept, token, user, hashed, code)
    people.throttle.succeeded("accept", visitor.peer)
    people.throttle.know(visitor.peer, people.name(invitation.email))
    return made


def send(people: People, made: NewInvitation, why: str) -> CreatedInvitation:
    """Send a new invitation's e-mail; return what its creator is shown.

    Args:
        why: How the e-mail begins, such as `You are invited to an account`.
    """
    link = f"https://{people.endpoint}/invitations/accept#{made.token}"
    people.send(made.invitation.email, "You are invited", _letter(people.endpoint, made, link, why))
    return CreatedInvitation(**info(made.invitation).model_dump(), token=made.token, link=link)


def info(invitation: Invitation) -> InvitationInfo:
    """An invitation as it is listed."""
    return InvitationInfo(
        invitation_id=invitation.id,
        email=invitation.email,
        role_id=invitation.role_id,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )


def _let_in(people: People, invitation: Invitation, user: User | None, password: str) -> str:
    """Return the hash of a new user's password, or verify an existing user's."""
    if user is None:
        if people.sign_up == "closed" and not invitation.founds_account:
            raise PermissionDenied("This server accepts no new users")
        return passwords.hashed(password, invitation.email)
    if not passwords.matches(user.password_hash, password):
        raise WrongPassword("The e-mail address or the password is wrong")
    return user.password_hash


def _letter(endpoint: str, made: NewInvitation, link: str, why: str) -> str:
    until = datetime.fromtimestamp(made.invitation.expires_at, UTC)
    return (
        f"{why} at https://{endpoint}.\n\n"
        f"Accept before {until:%Y-%m-%d %H:%M} UTC, with a password of your choice, at:\n\n"
        f"{link}\n\n"
        "Or send this:\n\n"
        f"POST https://{endpoint}/invitations/accept\n"
        f'{{"token": "{made.token}", "password": "…"}}\n'
    )
