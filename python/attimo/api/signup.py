"""Sign-up: an account, a cache and a key with one request, and no payment asked for."""

from dataclasses import replace
from typing import Annotated

from starlette.requests import Request
from starlette.responses import Response

from attimo.api import cookies
from attimo.api.caller import Plane
from attimo.api.people import Peer, Settled
from attimo.api.pool import apart
from attimo.api.routing import Router
from attimo.api.schemas import Model, StrictModel, text
from attimo.control import accounts, api_keys, caches, members, passwords, sessions, users
from attimo.control.actor import SYSTEM, Actor
from attimo.control.system_roles import OWNER
from attimo.errors import PermissionDenied

router = Router("/signup", "people")

CACHE = "default-cache"


class Wanted(StrictModel):
    """A new user; `account_name` is the e-mail address by default."""

    email: Annotated[str, text(users.LONGEST_EMAIL, least=1)]
    password: Annotated[str, text(passwords.LONGEST, passwords.SHORTEST)]
    account_name: Annotated[str | None, text(accounts.LONGEST_NAME)] = None


class Made(Model):
    """A new account. `api_key` is shown only once and not stored; the cookie is a session."""

    account_id: int
    cache: str
    api_key: str
    endpoint: str
    csrf_token: str


@router.post(
    status=201,
    operation_id="signUp",
    refuses=(409, 429),
    security=[],
)
@apart
def sign_up(
    plane: Plane, people: Settled, peer: Peer, wanted: Wanted, request: Request, response: Response
) -> Made:
    """Create an account with its owner, a cache and an API key, all usable at once."""
    if people.sign_up != "open":
        words = "by invitation only" if people.sign_up == "invite" else "closed"
        raise PermissionDenied(f"Sign-up is {words} on this server")
    people.throttle.attempt("sign up", peer)
    email = users.address_of(wanted.email)
    hashed = passwords.hashed(wanted.password, email)
    with plane.begin() as tx:
        tx.actor = Actor(f"member {email}", peer, SYSTEM.permissions)
        user = users.create(tx, email, hashed)
        tx.actor = replace(tx.actor, user_id=user.id)
        account = accounts.create(tx, wanted.account_name or email)
        members.add(tx, account.id, user, OWNER.id)
        caches.create(tx, account.id, CACHE)
        key = api_keys.create(tx, account.id, "made at sign-up")
        made = sessions.create(tx, user)
    people.throttle.know(peer, people.name(email))
    cookies.give(request, response, made, sessions.SECONDS)
    return Made(
        account_id=account.id,
        cache=CACHE,
        api_key=key.token,
        endpoint=people.endpoint,
        csrf_token=made.session.csrf_token,
    )
