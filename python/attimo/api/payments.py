"""Payments over HTTP (not in Momento's API): how an account pays, and what the provider has to say.

A payment method is entered on a page of the provider; nothing of it comes here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from starlette.requests import Request
from starlette.responses import HTMLResponse

from attimo.api.caller import Anyone, Authenticated
from attimo.api.page import page
from attimo.api.parameters import Given
from attimo.api.pool import apart, asking_others
from attimo.api.routing import Router
from attimo.api.schemas import Model
from attimo.control import payers
from attimo.control.payers import Rule
from attimo.errors import NoPayments, PaymentsRefused
from attimo.payments import Checkout, Payments

router = Router("/payments", "bills")


@dataclass(frozen=True, slots=True)
class Paying:
    """How a server is paid.

    Attributes:
        provider: The provider of payments.
        rule: What follows from a failed payment.
        currency: The currency of bills, such as USD.
        endpoint: The server's public name, with the port unless it is 443.
        wake: Called when the provider has said something.
    """

    provider: Payments
    rule: Rule
    currency: str
    endpoint: str
    wake: Callable[[], None] = lambda: None

    def url(self, path: str) -> str:
        """The URL of a page of this server, whatever the client calls the server."""
        return f"https://{self.endpoint}{path}"

    def checkout(self, customer_id: str) -> Checkout | None:
        """Open a page of the provider that leads back; None if it does not have the customer."""
        done, cancelled = self.url("/payments/done"), self.url("/payments/cancelled")
        return self.provider.checkout(customer_id, self.currency, done, cancelled)


@dataclass(frozen=True, slots=True)
class MaybePaying:
    """How a server is paid, if it is; asked for once the permission of the caller is checked."""

    found: Paying | None

    def known(self) -> Paying:
        """How it is paid.

        Raises:
            NoPayments: It is not.
        """
        if self.found is None:
            raise NoPayments
        return self.found


async def _paying(request: Request) -> MaybePaying:
    return MaybePaying(request.app.state.paying)


async def _body(request: Request) -> bytes:
    return await request.body()


async def _signature(request: Request) -> str:
    return request.headers.get("stripe-signature", "")


OfServer = Annotated[MaybePaying, Given(_paying)]


class PaymentState(Model):
    """How an account pays.

    `sold_since` is the first hour whose usage is sold, absent without a payment method.
    `waiting_events` is how much of that usage the provider has not been told yet. Since
    `failed_since`, a payment is due; from `plan_changes_at` on the account has the plan
    `failed_plan`, and gets its own back when it has paid.
    """

    provider: str
    has_payment_method: bool
    sold_since: int | None = None
    waiting_events: int
    failed_since: int | None = None
    plan_changes_at: int | None = None
    failed_plan: str | None = None


class SetUpPage(Model):
    """A page of the provider, on which a person enters a payment method until `expires_at`."""

    url: str
    expires_at: int


class Heard(Model):
    """A message was taken; `is_known` is whether its type says something here."""

    is_known: bool


@router.get(operation_id="getPayments", refuses=(404,))
def get(caller: Authenticated, server: OfServer) -> PaymentState:
    """Show how the account pays."""
    found = caller.perform(payers.state)
    paying = server.known()
    payer, rule = found.payer, paying.rule
    failed = payer.failed_at if payer else None
    return PaymentState(
        provider=paying.provider.name,
        has_payment_method=bool(payer and payer.setup_at),
        sold_since=payer.since if payer else None,
        waiting_events=found.waiting_events,
        failed_since=failed,
        plan_changes_at=None if failed is None else failed + rule.grace_seconds,
        failed_plan=None if failed is None else rule.plan,
    )


@router.post("/setup", status=201, operation_id="setUpPayments", refuses=(404,))
@asking_others
def set_up(caller: Authenticated, server: OfServer) -> SetUpPage:
    """Open a page on which a person enters a payment method; nothing is paid there.

    From the next hour on, what the account uses is sold, at the prices of the operator. No plan
    and no feature needs a payment method.
    """
    applicant = caller.perform(payers.applicant)
    paying = server.known()
    opened, former = None, applicant.customer_id
    if former is not None and (opened := paying.checkout(former)) is None:
        caller.perform(payers.leave, former)
    if opened is None:
        made = paying.provider.create_customer(
            applicant.account_id, applicant.name, applicant.email
        )
        opened = paying.checkout(caller.perform(payers.link, made))
    if opened is None:
        raise PaymentsRefused
    return SetUpPage(url=opened.url, expires_at=opened.expires_at)


@router.post("/events", operation_id="hearOfPayments", refuses=(404,), security=[])
@apart
def hear(
    visitor: Anyone,
    server: OfServer,
    body: Annotated[bytes, Given(_body)],
    signature: Annotated[str, Given(_signature)],
) -> Heard:
    """Take a message of the provider, with its signature; for nobody else.

    Messages that arrive twice or out of order change nothing more, and those about something else
    nothing at all.
    """
    paying = server.known()
    happened = paying.provider.read(body, signature)
    if happened is not None:
        visitor.perform(payers.hear, happened)
        paying.wake()
    return Heard(is_known=happened is not None)


@router.get("/done")
def done(server: OfServer) -> HTMLResponse:
    """Where the provider's page leads afterwards."""
    server.known()
    return page("Attimo: payments", "<main>\n<p>Done. You can close this page.</p>\n</main>\n")


@router.get("/cancelled")
def cancelled(server: OfServer) -> HTMLResponse:
    """Where it leads if nothing was entered."""
    server.known()
    words = "Nothing was changed. You can close this page."
    return page("Attimo: payments", f"<main>\n<p>{words}</p>\n</main>\n")
