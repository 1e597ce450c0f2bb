"""Sign-up over HTTP (not in Momento's API): an account, a cache and a key with one request."""

from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Anyone
from attimo.api.people import People, PeopleServices
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, text
from attimo.control import accounts, joining, passwords, sessions, users
from attimo.control.callers import Visitor
from attimo.control.joining import NewAccount
from attimo.errors import PermissionDenied

router = Router("/signup", "people")


class CreateAccount(StrictModel):
    """A new user; `account_name` is the e-mail address by default."""

    email: Annotated[str, text(users.LONGEST_EMAIL, least=1)]
    password: Annotated[str, text(passwords.LONGEST, passwords.SHORTEST)]
    account_name: Annotated[str | None, text(accounts.LONGEST_NAME)] = None


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
    refuses=(409,),
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
    """Create an account with its owner, a cache and an API key, all usable at once."""
    made = found(visitor, people, body.email, body.password, body.account_name)
    cookies.give(request, response, made.session, sessions.SECONDS)
    return CreatedAccount(
        account_id=made.account_id,
        cache=joining.CACHE,
        api_key=made.key.token,
        endpoint=people.endpoint,
        csrf_token=made.session.session.csrf_token,
    )


def found(
    visitor: Visitor, people: People, email: str, password: str, account_name: str | None
) -> NewAccount:
    """Create an account with its owner; None names it after the address.

    Raises:
        PermissionDenied: Sign-up is not open.
        TooManyAttempts: Too many accounts were created from here.
        InvalidArgument: The address, the password or the name is invalid.
        UserExists: There is a user with that address.
    """
    if people.sign_up != "open":
        words = "by invitation only" if people.sign_up == "invite" else "closed"
        raise PermissionDenied(f"Sign-up is {words} on this server")
    people.throttle.attempt("sign up", visitor.peer)
    email = users.address_of(email)
    hashed = passwords.hashed(password, email)
    made = visitor.perform(joining.sign_up, email, hashed, account_name)
    people.throttle.know(visitor.peer, people.name(email))
    return made
