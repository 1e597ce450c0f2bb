"""Another password: for who knows the old one, and for who has forgotten it."""

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Plane
from attimo.api.cookies import CHANGING
from attimo.api.people import Peer, People, Settled
from attimo.api.pool import apart
from attimo.api.routing import JSON, Router
from attimo.api.schemas import StrictModel
from attimo.control import Control, passwords, users
from attimo.errors import Unauthenticated

router = Router("/password", "people")


class Changed(StrictModel):
    """The old password and the new one."""

    old_password: str
    password: str


class Forgotten(StrictModel):
    """The address of a user who has forgotten their password."""

    email: str


class Reset(StrictModel):
    """The token of the e-mail, and the new password."""

    token: str
    password: str


@router.put(
    status=204,
    operation_id="changePassword",
    refuses=(429,),
    security=CHANGING,
)
@apart
def change(
    plane: Plane, people: Settled, peer: Peer, wanted: Changed, request: Request, response: Response
) -> None:
    """Change the password of the signed-in user; all their sessions end."""
    session = cookies.session_of(plane, request)
    source = "change password", peer, people.name(session.email)
    people.throttle.attempt(*source)
    with plane.read() as tx:
        user = users.of_id(tx, session.user_id)
    if not passwords.matches(user.password_hash, wanted.old_password):
        raise Unauthenticated("old_password is wrong")
    people.throttle.succeeded(*source)
    hashed = passwords.hashed(wanted.password, user.email)
    with plane.begin() as tx:
        users.change_password(tx, user, hashed)
    cookies.take_back(request, response)


@router.post(
    "/forgotten",
    status=202,
    operation_id="forgetPassword",
    refuses=(429,),
    security=[],
)
@apart
def forgotten(plane: Plane, people: Settled, peer: Peer, wanted: Forgotten) -> Response:
    """Send a reset token to an address if a user has it; the response does not tell."""
    people.throttle.attempt("forgotten", peer)
    people.mail_limits.reset(wanted.email)
    # After the answer, so that its time does not tell, either.
    later = BackgroundTask(_send_token, plane, people, wanted.email)
    return Response("null", 202, media_type=JSON, background=later)


@router.post(
    "/reset",
    status=204,
    operation_id="resetPassword",
    refuses=(429,),
    security=[],
)
@apart
def reset(plane: Plane, people: Settled, peer: Peer, wanted: Reset) -> None:
    """Set a new password with the token from the e-mail, once; all sessions end."""
    people.throttle.attempt("reset", peer)
    with plane.read() as tx:
        user = users.of_reset(tx, wanted.token)
    hashed = passwords.hashed(wanted.password, user.email)
    with plane.begin() as tx:
        users.change_password(tx, users.of_reset(tx, wanted.token), hashed)
    people.throttle.succeeded("reset", peer)
    people.throttle.know(peer, people.name(user.email))


@apart
def _send_token(control: Control, people: People, email: str) -> None:
    with control.begin() as tx:
        user = users.of_email(tx, email)
        token = users.begin_reset(tx, user) if user else None
    if user and token:
        people.send(user.email, "A new password", _letter(people.endpoint, token))


def _letter(endpoint: str, token: str) -> str:
    return (
        f"Somebody asked to reset your password at https://{endpoint}.\n\n"
        "Within an hour, you can set a new password by sending this:\n\n"
        f"POST https://{endpoint}/password/reset\n"
        f'{{"token": "{token}", "password": "…"}}\n\n'
        "If it was not you, do nothing: your password does not change.\n"
    )
