"""Another password: for who knows the old one, and for who has forgotten it."""

from fastapi import APIRouter, BackgroundTasks, Request, Response
from pydantic import BaseModel, ConfigDict

from attimo.api import cookies
from attimo.api.caller import Plane
from attimo.api.cookies import CHANGING
from attimo.api.people import Peer, People, Settled
from attimo.api.pool import apart
from attimo.api.refusals import RESPONSES, refused
from attimo.control import Control, passwords, users
from attimo.errors import Unauthenticated

router = APIRouter(prefix="/password", tags=["people"], responses=RESPONSES)


class Changed(BaseModel):
    """The old password and the new one."""

    model_config = ConfigDict(extra="forbid")

    old_password: str
    password: str


class Forgotten(BaseModel):
    """Who has forgotten the password."""

    model_config = ConfigDict(extra="forbid")

    email: str


class Reset(BaseModel):
    """The token of the e-mail, and the new password."""

    model_config = ConfigDict(extra="forbid")

    token: str
    password: str


@router.put(
    "",
    status_code=204,
    operation_id="changePassword",
    responses=refused(429),
    openapi_extra={"security": CHANGING},
)
@apart
def change(
    plane: Plane, people: Settled, peer: Peer, wanted: Changed, request: Request, response: Response
) -> None:
    """Change the password of who is signed in; all sessions end."""
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
    status_code=202,
    operation_id="forgetPassword",
    responses=refused(429),
    openapi_extra={"security": []},
)
@apart
def forgotten(
    plane: Plane, people: Settled, peer: Peer, wanted: Forgotten, later: BackgroundTasks
) -> None:
    """Send a token to an address, if somebody here has it; the answer does not tell."""
    people.throttle.attempt("forgotten", peer)
    people.mail_limits.reset(wanted.email)
    # After the answer, so that its time does not tell, either.
    later.add_task(_send_token, plane, people, wanted.email)


@router.post(
    "/reset",
    status_code=204,
    operation_id="resetPassword",
    responses=refused(429),
    openapi_extra={"security": []},
)
@apart
def reset(plane: Plane, people: Settled, peer: Peer, wanted: Reset) -> None:
    """Set another password with the token of the e-mail, once; all sessions end."""
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
        f"Somebody, perhaps you, has forgotten your password at https://{endpoint}.\n\n"
        "Within an hour, you can set another by sending this:\n\n"
        f"POST https://{endpoint}/password/reset\n"
        f'{{"token": "{token}", "password": "…"}}\n\n'
        "If it was not you, do nothing: your password stays as it is.\n"
    )
