"""Coming in and going out: sign up and in, accept an invitation, switch the account, sign out."""

from starlette.responses import Response

from attimo.api import cookies, invitations, passkeys, session, signup
from attimo.api.pool import apart
from attimo.console import examples, web
from attimo.console.web import Pages, Visit
from attimo.control import joining, sessions
from attimo.control.joining import NewAccount
from attimo.control.sessions import NewSession
from attimo.control.users import User
from attimo.errors import AttimoError, CodeNeeded, Unauthenticated, WrongCode

pages = Pages()

_DONE = {
    "signed-out": "You have signed out.",
    "left": "You have left the account.",
    "password": "Your new password is set. Sign in with it.",
}


@pages.get("/sign-in", is_public=True)
def show_sign_in(visit: Visit) -> Response:
    """The form to sign in."""
    wanted = visit.request.query_params.get("next", "")
    return _sign_in(visit, next=wanted)


@pages.post("/sign-in", is_public=True)
@apart
def sign_in(visit: Visit) -> Response:
    """Sign in, and go to the page that was asked for."""
    email, password = visit.field("email"), visit.field("password")
    try:
        user = session.verified(visit.visitor, visit.people, email, password)
        return _finish(visit, user)
    except AttimoError as error:
        return _sign_in(visit, error=error, next=visit.field("next"))


@pages.post("/code", is_public=True)
def sign_in_with_code(visit: Visit) -> Response:
    """Sign in with the code of a second factor, after the password."""
    user = visit.people.tickets.take(visit.field("ticket"))
    if user is None:
        error = Unauthenticated("It took too long: sign in again")
        return _sign_in(visit, error=error, next=visit.field("next"))
    try:
        return _finish(visit, user, visit.field("code"))
    except AttimoError as error:
        return _code(visit, user, error)


@pages.post("/passkeys/begin", is_public=True)
def begin_with_passkey(visit: Visit) -> Response:
    """What the script needs to ask the browser for a passkey."""
    return web.as_json(lambda: passkeys.begin_entering(visit.visitor, visit.people))


@pages.post("/passkeys/enter", is_public=True)
@apart
def enter_with_passkey(visit: Visit) -> Response:
    """Sign in with a passkey, and go to the page that was asked for."""
    ticket, credential = visit.field("ticket"), visit.field("credential")
    try:
        made = passkeys.enter(visit.visitor, visit.people, ticket, credential)
    except AttimoError as error:
        return _sign_in(visit, error=error, next=visit.field("next"))
    return _begin(visit, made, web.back(visit))


def _finish(visit: Visit, user: User, code: str = "") -> Response:
    try:
        made = session.finish(visit.visitor, visit.people, user, code)
    except CodeNeeded:
        return _code(visit, user)
    return _begin(visit, made, web.back(visit))


def _code(visit: Visit, user: User, error: AttimoError | None = None) -> Response:
    ticket = visit.people.tickets.put(user)
    return visit.page("code.html", error=error, ticket=ticket, next=visit.field("next"))


@pages.get("/sign-up", is_public=True)
def show_sign_up(visit: Visit) -> Response:
    """The form to sign up, or who can."""
    return visit.page("sign-up.html", mode=visit.people.sign_up)


@pages.post("/sign-up", is_public=True)
@apart
def sign_up(visit: Visit) -> Response:
    """Create an account, and show its key, once; or send a link that confirms the address."""
    email, name = visit.field("email"), visit.field("account_name").strip() or None
    try:
        if visit.people.has_mail:
            later = signup.begin(visit.visitor, visit.people, email, name)
            return visit.page("sign-up-sent.html", background=later)
        made = signup.found(visit.visitor, visit.people, email, visit.field("password"), name)
    except AttimoError as error:
        return visit.page("sign-up.html", error=error, mode=visit.people.sign_up)
    return _welcome(visit, made)


@pages.get("/confirm", is_public=True)
def show_confirm(visit: Visit) -> Response:
    """The form to confirm an address; the token of the e-mail is behind the `#` of its link."""
    return visit.page("confirm.html")


@pages.post("/confirm", is_public=True)
@apart
def confirm(visit: Visit) -> Response:
    """Create the account of a confirmed address, and show its key, once."""
    token, password = visit.field("token"), visit.field("password")
    try:
        made = signup.confirm(visit.visitor, visit.people, token, password)
    except AttimoError as error:
        return visit.page("confirm.html", error=error)
    return _welcome(visit, made)


def _welcome(visit: Visit, made: NewAccount) -> Response:
    visit = Visit(visit.request, visit.visitor, {}, made.session.session)
    shown = examples.of_cache(visit.addresses, visit.request, joining.CACHE)
    page = visit.page("welcome.html", key=made.key.token, cache=joining.CACHE, examples=shown)
    return _begin(visit, made.session, page)


@pages.get("/accept", is_public=True)
def show_invitation(visit: Visit) -> Response:
    """The form to accept an invitation, whose token is behind the `#` of its link."""
    return visit.page("accept.html", needs_code=False)


@pages.post("/accept", is_public=True)
@apart
def accept(visit: Visit) -> Response:
    """Become a member, signed in."""
    try:
        made = invitations.join(
            visit.visitor,
            visit.people,
            visit.field("token"),
            visit.field("password"),
            visit.field("code"),
        )
    except AttimoError as error:
        needs_code = isinstance(error, CodeNeeded | WrongCode)
        return visit.page("accept.html", error=error, needs_code=needs_code)
    return _begin(visit, made, web.to("/", done="joined"))


@pages.get("/enter", is_public=True)
def show_enter(visit: Visit) -> Response:
    """The button to sign in by a link of `attimo console`, whose token is behind its `#`.

    Not the link itself signs in: programs that look at links in advance would use it up.
    """
    return visit.page("enter.html")


@pages.post("/enter", is_public=True)
def enter(visit: Visit) -> Response:
    """Sign in as the owner of the machine."""
    try:
        made = session.enter_by_link(visit.visitor, visit.people, visit.field("token"))
    except AttimoError as error:
        return visit.page("enter.html", error=error, form={})  # who has the link opens it again
    return _begin(visit, made, web.to("/"))


@pages.post("/switch")
def switch(visit: Visit) -> Response:
    """Switch to another account of the user."""
    visit.visitor.perform(sessions.switch, visit.member.session, visit.number("account_id"))
    return web.to("/")


@pages.post("/sign-out")
def sign_out(visit: Visit) -> Response:
    """End this session."""
    visit.visitor.perform(sessions.end, visit.member.session)
    answer = web.to("/sign-in", done="signed-out")
    cookies.take_back(visit.request, answer)
    return answer


def _sign_in(visit: Visit, error: AttimoError | None = None, next: str = "") -> Response:
    mode, origin = visit.people.sign_up, passkeys.origin(visit.people)
    done = visit.done(_DONE)
    return visit.page("sign-in.html", error=error, next=next, done=done, mode=mode, origin=origin)


def _begin(visit: Visit, made: NewSession, answer: Response) -> Response:
    cookies.give(visit.request, answer, made, sessions.SECONDS)
    return answer
