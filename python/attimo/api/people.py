"""What the handlers for people share: sign-up policy, rate limits, e-mail."""

from dataclasses import dataclass
from typing import Annotated, Literal

from starlette.requests import Request

from attimo.api.mail_limits import MailLimits
from attimo.api.one_time import OneTime
from attimo.api.parameters import Given
from attimo.api.throttle import Throttle
from attimo.control import users
from attimo.control.users import User
from attimo.mail import Send

SignUp = Literal["open", "invite", "closed"]


@dataclass(frozen=True, slots=True)
class People:
    """The policy and services for people.

    Attributes:
        sign_up: Who can create an account: anyone, invited people, or nobody.
        send: Sends e-mail.
        throttle: Limits guessing.
        endpoint: The server's public name, for e-mails.
        mail_limits: Limits e-mail.
        tickets: Users whose password was right, while they look for the code of a second factor.
        challenges: What passkeys are to sign, and for the user of which ID (0 for signing in).
        has_mail: Whether e-mail is sent; otherwise it is only saved in the data directory. Where it
            is sent, who signs up confirms the address first.
    """

    sign_up: SignUp
    send: Send
    throttle: Throttle
    endpoint: str
    mail_limits: MailLimits
    tickets: OneTime[User]
    challenges: OneTime[tuple[bytes, int]]
    has_mail: bool = False

    def name(self, email: str) -> str:
        """Return the name by which attempts for an address are counted.

        It is a digest: text from unauthenticated clients is not stored as it is.
        """
        return users.digest(email.strip().lower()).hex()


async def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


PeopleServices = Annotated[People, Given(_people)]
