"""Changing a password, and resetting a forgotten one, over HTTP (not in Momento's API)."""

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Anyone
from attimo.api.cookies import CHANGING
from attimo.api.people import People, PeopleServices
from attimo.api.pool import apart
from attimo.api.routing import JSON, Router
from attimo.api.schemas import StrictModel
from attimo.control import passwords, users
from attimo.control.callers import Visitor
from attimo.control.sessions import Session
from attimo.control.users import User
from attimo.errors import WrongPassword

router = Router("/password", "people")


class ChangePassword(StrictModel):
    """The old password and the new one."""

    old_password: str
    password: str


class ForgotPassword(StrictModel):
    """The address of a user who has forgotten their password."""

    email: str


class ResetPassword(StrictModel):
    """The token of the e-mail, and the new password."""

    token: str
    password: str


@router.put(
    status=204,
    operation_id="changePassword",
    security=CHANGING,
)
@apart
def change(
    visitor: Anyone,
    people: PeopleServices,
    body: ChangePassword,
    request: Request,
    response: Response,
) -> None:
    """Change the password of the signed-in user; all their sessions end."""
    session = cookies.session_of(visitor, request)
    user = check_own(visitor, people, session, body.old_password)
    hashed = passwords.hashed(body.password, user.email)
    visitor.perform(users.change_password, user, hashed)
    cookies.take_back(request, response)


def check_own(visitor: Visitor, people: People, session: Session, password: str) -> User:
    """Return the user of a session, who has typed their password again.

    Raises:
        WrongPassword: It is wrong.
        TooManyAttempts: It was tried too often.
    """
    source = "change password", visitor.peer, people.name(session.email)
    people.throttle.attempt(*source)
    user = visitor.perform(users.of_id, session.user_id)
    if not passwords.matches(user.password_hash, password):
        raise WrongPassword("Your password is wrong")
    people.throttle.succeeded(*source)
    return user


@router.post(
    "/forgotten",
    status=202,
    operation_id="forgetPassword",
    security=[],
)
@apart
def forgotten(visitor: Anyone, people: PeopleServices, body: ForgotPassword) -> Response:
    """Send a reset token to an address if a user has it; the response does not tell."""
    later = send_reset(visitor, people, body.email)
    return Response("null", 202, media_type=JSON, background=later)


def send_reset(visitor: Visitor, people: People, email: str) -> BackgroundTask:
    """Return what sends a reset token to an address, if a user has it.

    It runs after the response, so that its time does not reveal that, either.

    Raises:
        TooManyAttempts: It was asked for too often from here.
        TooMuchMail: The address gets no more e-mail for now, whether or not a user has it.
    """
    people.throttle.attempt("forgotten", visitor.peer)
    people.mail_limits.reset(email)
    return BackgroundTask(_send_token, visitor, people, email)


@router.post(
    "/reset",
    status=204,
    operation_id="resetPassword",
    security=[],
)
@apart
def reset(visitor: Anyone, people: PeopleServices, body: ResetPassword) -> None:
    """Set a new password with the token from the e-mail, once; all sessions end."""
    set_password(visitor, people, body.token, body.password)


def set_password(visitor: Visitor, people: People, token: str, password: str) -> None:
    """Set a new password for the holder of a reset token; all their sessions end.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired.
        InvalidArgument: The password is too short, too long or too common.
        TooManyAttempts: It was tried too often from here.
    """
    people.throttle.attempt("reset", visitor.peer)
    user = visitor.perform(users.of_reset, token)
    hashed = passwords.hashed(password, user.email)
    visitor.perform(users.reset_password, token, hashed)
    people.throttle.succeeded("reset", visitor.peer)
    people.throttle.know(visitor.peer, people.name(user.email))


@apart
def _send_token(visitor: Visitor, people: People, email: str) -> None:
    begun = visitor.perform(users.begin_reset, email)
    if begun:
        user, token = begun
        people.send(user.email, "A new password", _letter(people.endpoint, token))


def _letter(endpoint: str, token: str) -> str:
    return (
        f"Somebody asked to reset your password at https://{endpoint}.\n\n"
        "Within an hour, you can set a new password at:\n\n"
        f"https://{endpoint}/console/reset#{token}\n\n"
        "Or send this:\n\n"
        f"POST https://{endpoint}/password/reset\n"
        f'{{"token": "{token}", "password": "…"}}\n\n'
        "If it was not you, do nothing: your password does not change.\n"
    )
