"""Sign-up over HTTP (not in Momento's API): an account, a cache and a key.

With one request; where the server sends e-mail, with two, between which the address is confirmed.
"""

from typing import Annotated

from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Anyone
from attimo.api.people import People, PeopleServices
from attimo.api.pool import apart
from attimo.api.routing import JSON, Router
from attimo.api.schemas import Model, StrictModel, text
from attimo.control import accounts, joining, passwords, sessions, sign_ups, users
from attimo.control.callers import Visitor
from attimo.control.joining import NewAccount
from attimo.errors import FailedPrecondition, PermissionDenied

router = Router("/signup", "people")

Email = Annotated[str, text(users.LONGEST_EMAIL, least=1)]
Password = Annotated[str, text(passwords.LONGEST, passwords.SHORTEST)]
AccountName = Annotated[str | None, text(accounts.LONGEST_NAME)]


class CreateAccount(StrictModel):
    """A new user; `account_name` is the e-mail address by default."""

    email: Email
    password: Password
    account_name: AccountName = None


class BeginSignUp(StrictModel):
    """The address to confirm; `account_name` is the address by default."""

    email: Email
    account_name: AccountName = None


class ConfirmSignUp(StrictModel):
    """The token of the e-mail, and the password of the new user."""

    token: str
    password: Password


class CreatedAccount(Model):
    """A new account. `api_key` is shown only once and not stored; the cookie is a session."""

    account_id: int
    cache: str
    api_key: str
    endpoint: str
    csrf_token: str


@router.post(
    status=201,
    operation_id="signUp",
    refuses=(409, 412),
    security=[],
)
@apart
def sign_up(
    visitor: Anyone,
    people: PeopleServices,
    body: CreateAccount,
    request: Request,
    response: Response,
) -> CreatedAccount:
    """Create an account with its owner, a cache and an API key, all usable at once.

    A server that sends e-mail refuses it: there, `POST /signup/begin` confirms the address first.
    """
    made = found(visitor, people, body.email, body.password, body.account_name)
    return _created(people, made, request, response)


@router.post(
    "/begin",
    status=202,
    operation_id="beginSignUp",
    refuses=(412,),
    security=[],
)
@apart
def begin_sign_up(visitor: Anyone, people: PeopleServices, body: BeginSignUp) -> Response:
    """Send a token to an address, to confirm it; nothing is created before that.

    The response does not tell whether the address has a user already; the e-mail does. A server
    that sends no e-mail refuses it: there, `POST /signup` does everything at once.
    """
    later = begin(visitor, people, body.email, body.account_name)
    return Response("null", 202, media_type=JSON, background=later)


@router.post(
    "/confirm",
    status=201,
    operation_id="confirmSignUp",
    refuses=(409,),
    security=[],
)
@apart
def confirm_sign_up(
    visitor: Anyone,
    people: PeopleServices,
    body: ConfirmSignUp,
    request: Request,
    response: Response,
) -> CreatedAccount:
    """Confirm an address with the token from the e-mail, once, and create the account."""
    made = confirm(visitor, people, body.token, body.password)
    return _created(people, made, request, response)


def found(
    visitor: Visitor, people: People, email: str, password: str, account_name: str | None
) -> NewAccount:
    """Create an account with its owner; None names it after the address.

    Raises:
        PermissionDenied: Sign-up is not open.
        FailedPrecondition: The address must be confirmed first.
        TooManyAttempts: Too many accounts were created from here.
        InvalidArgument: The address, the password or the name is invalid.
        UserExists: There is a user with that address.
    """
    _need_open(people)
    if people.has_mail:
        raise FailedPrecondition(
            "This server confirms e-mail addresses: sign up with POST /signup/begin"
        )
    people.throttle.attempt("sign up", visitor.peer)
    email = users.address_of(email)
    hashed = passwords.hashed(password, email)
    made = visitor.perform(joining.sign_up, email, hashed, account_name)
    people.throttle.know(visitor.peer, people.name(email))
    return made


def begin(visitor: Visitor, people: People, email: str, account_name: str | None) -> BackgroundTask:
    """Return what sends a token to an address; to one that has a user, it sends that it has.

    It runs after the response, so that its time does not reveal that, either.

    Raises:
        PermissionDenied: Sign-up is not open.
        FailedPrecondition: The server sends no e-mail.
        TooManyAttempts: It was asked for too often from here.
        TooMuchMail: The address gets no more e-mail for now, whether or not it has a user.
        InvalidArgument: The address or the name is invalid.
    """
    _need_open(people)
    if not people.has_mail:
        raise FailedPrecondition("This server sends no e-mail: sign up with POST /signup")
    email = users.address_of(email)
    if account_name is not None:
        accounts.check_name(account_name)
    people.throttle.attempt("sign up", visitor.peer)
    people.mail_limits.sign_up(email)
    return BackgroundTask(_send_token, visitor, people, email, account_name)


def confirm(visitor: Visitor, people: People, token: str, password: str) -> NewAccount:
    """Create the account of a confirmed address, with its owner.

    Raises:
        PermissionDenied: Sign-up is not open any more.
        Unauthenticated: The token is invalid, was used, or has expired.
        InvalidArgument: The password is too short, too long or too common.
        TooManyAttempts: It was tried too often from here.
        UserExists: The address has got a user meanwhile.
    """
    _need_open(people)
    people.throttle.attempt("confirm", visitor.peer)
    email = visitor.perform(sign_ups.of_token, token).email
    hashed = passwords.hashed(password, email)
    made = visitor.perform(joining.confirm, token, hashed)
    people.throttle.succeeded("confirm", visitor.peer)
    people.throttle.know(visitor.peer, people.name(email))
    return made


def _need_open(people: People) -> None:
    if people.sign_up != "open":
        words = "by invitation only" if people.sign_up == "invite" else "closed"
        raise PermissionDenied(f"Sign-up is {words} on this server")


def _created(
    people: People, made: NewAccount, request: Request, response: Response
) -> CreatedAccount:
    cookies.give(request, response, made.session, sessions.SECONDS)
    return CreatedAccount(
        account_id=made.account_id,
        cache=joining.CACHE,
        api_key=made.key.token,
        endpoint=people.endpoint,
        csrf_token=made.session.session.csrf_token,
    )


@apart
def _send_token(visitor: Visitor, people: People, email: str, account_name: str | None) -> None:
    token = visitor.perform(sign_ups.begin, email, account_name)
    letter = _known(people.endpoint) if token is None else _letter(people.endpoint, token)
    people.send(email, "Your sign-up", letter)


def _letter(endpoint: str, token: str) -> str:
    return (
        f"Somebody asked to create an account with your address at https://{endpoint}.\n\n"
        "Within a day, confirm it and choose a password at:\n\n"
        f"https://{endpoint}/console/confirm#{token}\n\n"
        "Or send this:\n\n"
        f"POST https://{endpoint}/signup/confirm\n"
        f'{{"token": "{token}", "password": "…"}}\n\n'
        "If it was not you, do nothing: no account is created.\n"
    )


def _known(endpoint: str) -> str:
    return (
        f"Somebody asked to create an account with your address at https://{endpoint}.\n\n"
        "You can sign in there already, with your password:\n\n"
        f"https://{endpoint}/console/sign-in\n\n"
        "If you have forgotten it, set a new one:\n\n"
        f"https://{endpoint}/console/forgotten\n\n"
        "If it was not you, do nothing: nothing has changed.\n"
    )
