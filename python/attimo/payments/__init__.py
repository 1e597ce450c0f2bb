"""Being paid: what Attimo asks of a provider of payments, and what it hears from it.

A provider keeps the payment methods of customers, multiplies what is metered by its own prices, and
takes the money. Attimo tells it what was used, and never sees a payment method. Each provider is a
module here; `stripe` is the only one.
"""

from dataclasses import dataclass
from typing import Literal, Protocol

Kind = Literal["set-up", "failed", "settled", "gone"]


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page of the provider on which a customer enters a payment method.

    Attributes:
        url: Its address.
        expires_at: Until when it works, in seconds since 1970.
    """

    url: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class MeterEvent:
    """What a customer used of one meter in one hour, or a part of that.

    Attributes:
        identifier: Names it for ever: the provider counts an identifier once.
        customer_id: The customer, as the provider names it.
        meter: The name of the meter.
        hour: The first second of the hour, since 1970.
        value: The count of the meter, at most `MOST_VALUE`.
    """

    identifier: str
    customer_id: str
    meter: str
    hour: int
    value: int


MOST_VALUE = 10**15 - 1
"""The largest value of an event: providers take numbers of 15 digits."""


@dataclass(frozen=True, slots=True)
class Happened:
    """What the provider says has happened to a customer.

    Attributes:
        kind: `set-up` if a payment method was entered; `failed` or `settled` if the payment of an
            invoice failed, or the invoice was paid or cancelled; `gone` if there is no such
            customer any more.
        at: When, by the provider's clock, in seconds since 1970.
        customer_id: The customer.
        subject: The setup or invoice, as the provider names it; empty with `gone`.
    """

    kind: Kind
    at: int
    customer_id: str
    subject: str = ""


class Payments(Protocol):
    """A provider of payments. Safe to use from several threads.

    Each method but `read` asks the provider, once, for at most some seconds, and raises
    PaymentsUnavailable if it does not answer, or PaymentsRefused if the same request would be
    refused again.
    """

    @property
    def name(self) -> str:
        """The name, as the setting `payments` has it."""

    def create_customer(self, account_id: int, account: str, email: str | None) -> str:
        """Create a customer for an account, and return its ID."""

    def checkout(
        self, customer_id: str, currency: str, done: str, cancelled: str
    ) -> Checkout | None:
        """Open a page on which a customer enters a payment method, without paying anything.

        Args:
            customer_id: The customer.
            currency: The currency in which it will pay, such as USD.
            done: The URL to which the page leads afterwards.
            cancelled: The URL to which it leads if nothing was entered.

        Returns:
            The page; None if the provider does not have the customer (any more).
        """

    def finish_setup(self, customer_id: str, setup_id: str) -> None:
        """Use what was entered for all payments of a customer; repeating it is harmless."""

    def end(self, customer_id: str) -> None:
        """Let what a customer pays end with its billing period, whose usage is still charged.

        Repeating it is harmless, also when the provider does not have the customer any more.
        """

    def tell(self, event: MeterEvent) -> None:
        """Tell of usage; returns if the provider has the identifier already, too."""

    def read(self, body: bytes, signature: str) -> Happened | None:
        """Verify and read a message of the provider; None if it is about something else.

        Raises:
            InvalidArgument: It is not from the provider, too old, or cannot be read.
        """
