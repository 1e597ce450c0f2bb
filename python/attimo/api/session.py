"""Signing in and out over HTTP (not in Momento's API)."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Annotated

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Anyone, Authenticated
from attimo.api.cookies import CHANGING, LOOKING
from attimo.api.people import People, PeopleServices
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, WholeNumber
from attimo.control import passwords, sessions, sign_in_links, users
from attimo.control.callers import Visitor
from attimo.control.sessions import NewSession, Session
from attimo.control.users import User
from attimo.errors import WrongPassword

router = Router("/session", "people")


class SignIn(StrictModel):
    """Credentials; `code` is that of the app, or for recovery, of users with a second factor."""

    email: str
    password: str
    code: str = ""


class SwitchAccount(StrictModel):
    """The user's account to switch to."""

    account_id: WholeNumber


class Membership(Model):
    """An account of the user."""

    account_id: int
    account_name: str
    role_id: str
    suspended: bool


class SignInLink(Model):
    """A link to sign in, valid for ten minutes. Its token is shown only now and is not stored."""

    token: str
    link: Annotated[str, Field(description="Of a page of the console; the token is after `#`.")]
    expires_at: int


class SessionInfo(Model):
    """A session. `csrf_token` goes into the header `x-csrf-token` of whatever changes something.

    `account_id` is the account that requests with the cookie are about; 0 if the user has none.
    It ends at `expires_at`, unless a control request uses it before, and at `ends_at` in any case;
    both in seconds since 1970.
    """

    user_id: int
    email: str
    account_id: int
    accounts: list[Membership]
    csrf_token: str
    expires_at: int
    ends_at: int


@router.post(
    status=201,
    operation_id="signIn",
    security=[],
)
@apart
def sign_in(
    visitor: Anyone, people: PeopleServices, body: SignIn, request: Request, response: Response
) -> SessionInfo:
    """Sign in; the cookie of the response is the session."""
    made = enter(visitor, people, body.email, body.password, body.code)
    cookies.give(request, response, made, sessions.SECONDS)
    return _info(visitor, made.session)


@router.post("/links", status=201, operation_id="createSignInLink")
def create_link(people: PeopleServices, caller: Authenticated) -> SignInLink:
    """Create a link with which the owner of the machine signs in to the console, once.

    Needs the key of the server's owner, or one that it created with the role Owner.
    """
    made = caller.perform(sign_in_links.create)
    link = f"https://{people.endpoint}/console/enter#{made.token}"
    return SignInLink(token=made.token, link=link, expires_at=made.expires_at)


def enter_by_link(visitor: Visitor, people: People, token: str) -> NewSession:
    """Begin a session of the machine's owner.

    Raises:
        Unauthenticated: The token is invalid, was used, or has expired; or its key was revoked.
        TooManyAttempts: It was tried too often from here.
    """
    people.throttle.attempt("link", visitor.peer)
    made = visitor.perform(sign_in_links.use, token)
    people.throttle.succeeded("link", visitor.peer)
    return made


def enter(visitor: Visitor, people: People, email: str, password: str, code: str) -> NewSession:
    """Begin a session of the user with this address, password and, if they have an app, code.

    Raises:
        Exception: Those of `verified` and `finish`.
    """
    return finish(visitor, people, verified(visitor, people, email, password), code)


def verified(visitor: Visitor, people: People, email: str, password: str) -> User:
    """Return the user with this address and password.

    Raises:
        WrongPassword: There is no such user, or that is not their password.
        TooManyAttempts: It was tried too often, from here or with this address.
    """
    people.throttle.attempt_at_all("password", visitor.peer)
    people.throttle.attempt("sign in", visitor.peer, people.name(email))
    user = visitor.perform(users.of_email, email)
    # The same work for an address that nobody has.
    right = passwords.matches(user.password_hash if user else None, password)
    if user is None or not right:
        raise WrongPassword("The e-mail address or the password is wrong")
    return user


def finish(visitor: Visitor, people: People, user: User, code: str) -> NewSession:
    """Begin a session of a user whose password was right.

    The network counts as theirs only now: somebody who knows the password must not guess codes from
    it without limits.

    Raises:
        CodeNeeded: The user has a second factor, and there is no code.
        WrongCode: The code is wrong, or was used.
        TooManyAttempts: Codes were tried too often, from here or of this user.
        AccountSuspended: All accounts of the user are suspended.
    """
    with code_of(visitor, people, user.email) if code else nullcontext():
        made = visitor.perform(sessions.sign_in, user, code)
    people.throttle.succeeded("sign in", visitor.peer, people.name(user.email))
    return made


@contextmanager
def code_of(visitor: Visitor, people: People, email: str) -> Iterator[None]:
    """Limit the guessing of codes of a user: an error within is a wrong guess.

    Raises:
        TooManyAttempts: It was tried too often, from here or of this user.
    """
    source = "code", visitor.peer, people.name(email)
    people.throttle.attempt(*source)
    yield
    people.throttle.succeeded(*source)


@router.get(operation_id="getSession", security=LOOKING)
def show(visitor: Anyone, request: Request) -> SessionInfo:
    """Show who is signed in."""
    return _info(visitor, cookies.session_of(visitor, request))


@router.put(operation_id="switchAccount", refuses=(404,), security=CHANGING)
def switch(visitor: Anyone, request: Request, body: SwitchAccount) -> SessionInfo:
    """Switch to another account of the user."""
    session = cookies.session_of(visitor, request)
    return _info(visitor, visitor.perform(sessions.switch, session, body.account_id))


@router.delete(status=204, operation_id="signOut", security=CHANGING)
def sign_out(
    visitor: Anyone, request: Request, response: Response, everywhere: bool = False
) -> None:
    """Sign out; with `everywhere`, end all sessions of the user."""
    session = cookies.session_of(visitor, request)
    visitor.perform(sessions.end_all if everywhere else sessions.end, session)
    cookies.take_back(request, response)


def _info(visitor: Visitor, session: Session) -> SessionInfo:
    mine = [
        Membership(
            account_id=each.account_id,
            account_name=each.account_name,
            role_id=each.role_id,
            suspended=each.is_suspended,
        )
        for each in visitor.perform(sessions.accounts_of, session)
    ]
    return SessionInfo(
        user_id=session.user_id,
        email=session.email,
        account_id=session.account_id,
        accounts=mine,
        csrf_token=session.csrf_token,
        expires_at=session.expires_at,
        ends_at=session.ends_at,
    )
