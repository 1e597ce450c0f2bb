"""Signing in and out."""

from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Plane
from attimo.api.cookies import CHANGING, LOOKING
from attimo.api.people import Peer, Settled
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, WholeNumber
from attimo.control import Tx, members, passwords, sessions, users
from attimo.control.actor import SYSTEM, Actor
from attimo.control.sessions import Session
from attimo.errors import Unauthenticated

router = Router("/session", "people")


class Wanted(StrictModel):
    """Credentials to sign in with."""

    email: str
    password: str


class Switched(StrictModel):
    """The user's account to switch to."""

    account_id: WholeNumber


class Membership(Model):
    """An account of the user."""

    account_id: int
    account_name: str
    role_id: str


class Shown(Model):
    """A session. `csrf_token` goes into the header `x-csrf-token` of whatever changes something.

    `account_id` is the account that requests with the cookie are about; 0 if the user has none.
    """

    user_id: int
    email: str
    account_id: int
    accounts: list[Membership]
    csrf_token: str
    expires_at: int


@router.post(
    status=201,
    operation_id="signIn",
    refuses=(429,),
    security=[],
)
@apart
def sign_in(
    plane: Plane, people: Settled, peer: Peer, wanted: Wanted, request: Request, response: Response
) -> Shown:
    """Sign in; the cookie of the response is the session."""
    source = "sign in", peer, people.name(wanted.email)
    people.throttle.attempt_at_all("password", peer)
    people.throttle.attempt(*source)
    with plane.read() as tx:
        user = users.of_email(tx, wanted.email)
    # The same work for an address that nobody has.
    right = passwords.matches(user.password_hash if user else None, wanted.password)
    if user is None or not right:
        raise Unauthenticated("The e-mail address or the password is wrong")
    people.throttle.succeeded(*source)
    with plane.begin() as tx:
        if users.of_id(tx, user.id) != user:
            raise Unauthenticated("The password was changed meanwhile: sign in again")
        tx.actor = Actor(f"member {user.email}", peer, SYSTEM.permissions)
        made = sessions.create(tx, user)
        shown = _shown(tx, made.session)
    cookies.give(request, response, made, sessions.SECONDS)
    return shown


@router.get(operation_id="getSession", security=LOOKING)
def show(plane: Plane, request: Request) -> Shown:
    """Show who is signed in."""
    session = cookies.session_of(plane, request)
    with plane.read() as tx:
        return _shown(tx, session)


@router.put(operation_id="switchAccount", refuses=(404,), security=CHANGING)
def switch(plane: Plane, request: Request, wanted: Switched) -> Shown:
    """Switch to another account of the user."""
    session = cookies.session_of(plane, request)
    with plane.begin() as tx:
        sessions.switch(tx, session, wanted.account_id)
        return _shown(tx, sessions.of_hash(tx, session.hash))


@router.delete(status=204, operation_id="signOut", security=CHANGING)
def sign_out(plane: Plane, request: Request, response: Response, everywhere: bool = False) -> None:
    """Sign out; with `everywhere`, end all sessions of the user."""
    session = cookies.session_of(plane, request)
    with plane.begin() as tx:
        if everywhere:
            sessions.end_all(tx, session.user_id)
        else:
            sessions.end(tx, session)
    cookies.take_back(request, response)


def _shown(tx: Tx, session: Session) -> Shown:
    mine = [
        Membership(account_id=each.account_id, account_name=each.account_name, role_id=each.role_id)
        for each in members.accounts_of(tx, session.user_id)
    ]
    return Shown(
        user_id=session.user_id,
        email=session.email,
        account_id=session.account_id,
        accounts=mine,
        csrf_token=session.csrf_token,
        expires_at=session.expires_at,
    )
