"""How the user signs in: the authenticator app with its recovery codes, and passkeys."""

from typing import Any

from starlette.responses import Response

from attimo.api import passkeys as ceremonies
from attimo.api import password, session
from attimo.api.pool import apart
from attimo.console import codes, web
from attimo.console.web import Pages, Visit
from attimo.control import passkeys, second_factors, users
from attimo.errors import AttimoError, InvalidArgument, WrongCode

pages = Pages()

_DONE = {
    "removed": "The authenticator app is removed. Your password suffices from now on.",
    "passkey": "The passkey is added. You can sign in with it.",
    "no-passkey": "The passkey is removed. Delete it where it is stored, too.",
}


@pages.get("/security")
def show(visit: Visit) -> Response:
    """What the user has."""
    return _overview(visit)


@pages.post("/security/app")
@apart
def begin(visit: Visit) -> Response:
    """Show a secret for an app, to who has typed the password again."""
    me = visit.member.session
    try:
        password.check_own(visit.visitor, visit.people, me, visit.field("password"))
        secret = visit.visitor.perform(second_factors.begin, me.user_id)
    except AttimoError as error:
        return _overview(visit, error)
    return _app(visit, secret)


@pages.post("/security/app/confirm")
def confirm(visit: Visit) -> Response:
    """Require codes from now on, and show the recovery codes, once."""
    me = visit.member.session
    try:
        with session.code_of(visit.visitor, visit.people, me.email):
            made = visit.visitor.perform(
                second_factors.confirm, me.user_id, visit.field("code"), me.hash
            )
    except WrongCode as error:
        try:
            secret = visit.visitor.perform(second_factors.pending, me.user_id)
        except AttimoError:
            return _overview(visit, error)
        return _app(visit, secret, error)
    except AttimoError as error:
        return _overview(visit, error)
    return visit.page("recovery-codes.html", codes=made)


@pages.post("/security/app/codes")
def renew_codes(visit: Visit) -> Response:
    """Replace the recovery codes, and show the new ones, once."""
    me = visit.member.session
    try:
        with session.code_of(visit.visitor, visit.people, me.email):
            made = visit.visitor.perform(
                second_factors.renew_codes, me.user_id, visit.field("code")
            )
    except AttimoError as error:
        return _overview(visit, error)
    return visit.page("recovery-codes.html", codes=made)


@pages.post("/security/app/remove")
def remove(visit: Visit) -> Response:
    """Require no codes any more."""
    me = visit.member.session
    try:
        with session.code_of(visit.visitor, visit.people, me.email):
            visit.visitor.perform(second_factors.remove, me.user_id, visit.field("code"))
    except AttimoError as error:
        return _overview(visit, error)
    return web.to("/security", done="removed")


@pages.post("/security/passkeys/begin")
@apart
def begin_passkey(visit: Visit) -> Response:
    """What the script needs to have the browser make a passkey, for who has typed the password."""
    me = visit.member.session

    def begun() -> dict[str, Any]:
        password.check_own(visit.visitor, visit.people, me, visit.field("password"))
        return ceremonies.begin_adding(visit.visitor, visit.people, me)

    return web.as_json(begun)


@pages.post("/security/passkeys")
def add_passkey(visit: Visit) -> Response:
    """Add the passkey that the browser has made."""
    me, name = visit.member.session, visit.field("name").strip()
    ticket, credential = visit.field("ticket"), visit.field("credential")
    try:
        ceremonies.finish_adding(visit.visitor, visit.people, me, ticket, credential, name)
    except AttimoError as error:
        return _overview(visit, error)
    return web.to("/security", done="passkey")


@pages.post("/security/passkeys/remove")
def remove_passkey(visit: Visit) -> Response:
    """Remove a passkey."""
    try:
        id = bytes.fromhex(visit.field("id"))
    except ValueError:
        return _overview(visit, InvalidArgument("id must be that of a passkey"))
    visit.visitor.perform(passkeys.remove, visit.member.session.user_id, id)
    return web.to("/security", done="no-passkey")


def _overview(visit: Visit, error: AttimoError | None = None) -> Response:
    me = visit.member.session
    return visit.page(
        "security.html",
        error=error,
        app=visit.visitor.perform(second_factors.state, me.user_id),
        passkeys=visit.visitor.perform(passkeys.list_own, me.user_id),
        origin=ceremonies.origin(visit.people),
        has_password=me.email != users.SERVER_OWNER,
        done=visit.done(_DONE),
    )


def _app(visit: Visit, secret: str, error: AttimoError | None = None) -> Response:
    import pyotp

    host = visit.people.endpoint.partition(":")[0]
    uri = pyotp.TOTP(secret).provisioning_uri(
        name=visit.member.session.email, issuer_name=f"Attimo {host}"
    )
    code = codes.picture(uri)
    return visit.page("security-app.html", error=error, secret=secret, code=code)
