"""What the doors for people have in common: the rule for newcomers, the brakes, the mail."""

from dataclasses import dataclass
from typing import Annotated, Literal

from starlette.requests import Request

from attimo.api.mail_limits import MailLimits
from attimo.api.parameters import Given
from attimo.api.throttle import Throttle
from attimo.control import users
from attimo.mail import Send

SignUp = Literal["open", "invite", "closed"]


@dataclass(frozen=True, slots=True)
class People:
    """How people come in.

    Attributes:
        sign_up: Whether anybody may make an account, only who is invited, or nobody.
        send: Sends e-mail.
        throttle: Slows down who guesses.
        endpoint: Where clients reach this server, for what e-mails say.
        mail_limits: Limits how much e-mail anybody has sent.
    """

    sign_up: SignUp
    send: Send
    throttle: Throttle
    endpoint: str
    mail_limits: MailLimits

    def name(self, email: str) -> str:
        """The name by which tries for an address are counted.

        It is a digest, since anybody may send any text and have it remembered.
        """
        return users.digest(email.strip().lower()).hex()


async def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people


Settled = Annotated[People, Given(_people)]
