"""Stripe as the provider of payments, by its own package, which is an extra: `attimo[stripe]`.

The package is imported when a server needs it: it takes 31 MB on disk, and a third of a second.
A client of it retries nothing by itself; Attimo does that, so that it can wait longer.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from attimo.errors import InvalidArgument, Misconfigured, PaymentsRefused, PaymentsUnavailable
from attimo.payments import Checkout, Happened, Kind, MeterEvent

if TYPE_CHECKING:
    from stripe import InvalidRequestError, StripeClient, StripeError, Subscription

TIMEOUT_SECONDS = 4
"""How long a request may take to connect, and then to be answered."""
OLDEST_SECONDS = 300
"""How old a message may be, by its signature."""
EVENT_PREFIX = "attimo_"
"""Before the name of a meter, this is the `event_name` of a meter at Stripe."""

_OF_INVOICES: Mapping[str, Kind] = {
    "invoice.payment_failed": "failed",
    "invoice.paid": "settled",
    "invoice.payment_succeeded": "settled",
    "invoice.voided": "settled",
}
_NO_EVENT = "body: is no event of Stripe"
_DUPLICATE = "duplicate_meter_event"
_BUSY = 429
_NO_KEY, _NO_PERMISSION = 401, 403

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Stripe:
    """An account at Stripe.

    Attributes:
        secret_key: Its secret or restricted key.
        webhook_secret: What signs its messages to this server.
        api: The URL of its API.
        prices: The IDs of the prices to which customers subscribe when they have entered a payment
            method; with none, somebody else subscribes them.
    """

    secret_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    api: str
    prices: Sequence[str] = ()
    name: str = field(default="stripe", init=False)
    _client: "StripeClient" = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Create a client; nothing is asked yet.

        Raises:
            Misconfigured: The package is not installed.
        """
        try:
            import stripe
        except ImportError as error:
            raise Misconfigured(
                "--payments stripe needs the package stripe: pip install 'attimo[stripe]'"
            ) from error
        # Else it writes a file into the home directory, and fails if there is none.
        stripe.enable_telemetry = False
        self._client = stripe.StripeClient(
            self.secret_key,
            base_addresses={"api": self.api},
            http_client=stripe.RequestsClient(timeout=TIMEOUT_SECONDS),
            max_network_retries=0,
        )

    def create_customer(self, account_id: int, account: str, email: str | None) -> str:
        """Create a customer for an account, and return its ID."""
        said: dict[str, Any] = {"name": account, "metadata": {"attimo_account": str(account_id)}}
        if email is not None:
            said["email"] = email
        with self._translated():
            return self._client.v1.customers.create(said).id  # type: ignore[arg-type]

    def checkout(
        self, customer_id: str, currency: str, done: str, cancelled: str
    ) -> Checkout | None:
        """Open a page on which a customer enters a payment method, without paying anything."""
        from stripe import InvalidRequestError

        with self._translated():
            try:
                made = self._client.v1.checkout.sessions.create(
                    {
                        "mode": "setup",
                        "customer": customer_id,
                        "currency": currency.lower(),
                        "success_url": done,
                        "cancel_url": cancelled,
                    }
                )
            except InvalidRequestError as error:
                if not _is_customer_missing(error):
                    raise
                return None
        return Checkout(str(made.url), made.expires_at)

    def finish_setup(self, customer_id: str, setup_id: str) -> None:
        """Use what was entered for all payments of a customer from now on, and subscribe it."""
        with self._translated():
            method = self._client.v1.setup_intents.retrieve(setup_id).payment_method
            chosen = method if isinstance(method, str) else method.id if method else ""
            self._client.v1.customers.update(
                customer_id, {"invoice_settings": {"default_payment_method": chosen}}
            )
            if self.prices and not self._subscriptions(customer_id):
                self._client.v1.subscriptions.create(
                    {"customer": customer_id, "items": [{"price": each} for each in self.prices]},
                    {"idempotency_key": f"attimo-{setup_id}"},
                )

    def end(self, customer_id: str) -> None:
        """Cancel its subscriptions at the end of their billing period.

        At once would throw away the usage that is not on an invoice yet.
        """
        from stripe import InvalidRequestError

        with self._translated():
            try:
                found = self._subscriptions(customer_id)
            except InvalidRequestError as error:
                if not _is_customer_missing(error):
                    raise
                return
            for each in found:
                if not each.cancel_at_period_end:
                    subscriptions = self._client.v1.subscriptions
                    subscriptions.update(each.id, {"cancel_at_period_end": True})

    def tell(self, event: MeterEvent) -> None:
        """Tell of usage; returns if Stripe has the identifier already, too."""
        from stripe import InvalidRequestError

        with self._translated():
            try:
                self._client.v1.billing.meter_events.create(
                    {
                        "event_name": EVENT_PREFIX + event.meter,
                        "payload": {
                            "stripe_customer_id": event.customer_id,
                            "value": str(event.value),
                        },
                        "identifier": event.identifier,
                        "timestamp": event.hour,
                    }
                )
            except InvalidRequestError as error:
                # The code is not always there.
                if error.code != _DUPLICATE and "already exists" not in str(error):
                    raise

    def read(self, body: bytes, signature: str) -> Happened | None:
        """Verify and read a message of Stripe; None if it is about something else.

        Raises:
            InvalidArgument: It is not from Stripe, too old, or cannot be read.
        """
        from stripe import SignatureVerificationError

        try:
            event = self._client.construct_event(
                body, signature, self.webhook_secret, tolerance=OLDEST_SECONDS
            )
        except (SignatureVerificationError, TypeError) as error:  # the latter if it is not ASCII
            raise InvalidArgument(
                "stripe-signature: is not Stripe's for this body, or older than "
                f"{OLDEST_SECONDS // 60} minutes"
            ) from error
        except (ValueError, AttributeError) as error:
            raise InvalidArgument(_NO_EVENT) from error
        try:
            return _happened(event.to_dict())
        except (ValueError, KeyError, TypeError) as error:
            raise InvalidArgument(_NO_EVENT) from error

    def _subscriptions(self, customer_id: str) -> "list[Subscription]":
        """Those that were not given up; Stripe leaves out cancelled ones."""
        found = self._client.v1.subscriptions.list({"customer": customer_id, "limit": 100})
        return [each for each in found.data if each.status != "incomplete_expired"]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turn the errors of the package into ours; the details are for the log."""
        from stripe import StripeError

        try:
            yield
        except StripeError as error:
            raise self._error(error) from None

    def _error(self, error: "StripeError") -> PaymentsUnavailable:
        status = error.http_status
        # Stripe's own words about a key could repeat it.
        if status == _NO_KEY:
            log.error("Stripe refuses the secret key")
            return PaymentsUnavailable()
        if status == _NO_PERMISSION:
            log.error("Stripe says that the secret key lacks a permission")
            return PaymentsRefused()
        words = str(error).replace(self.secret_key, "…")
        if status is None or status == _BUSY or status >= 500:
            log.warning("Stripe cannot be used now: %s", words)
            return PaymentsUnavailable(_seconds(error))
        log.error("Stripe has refused a request: %s", words)
        return PaymentsRefused()


def _happened(event: Mapping[str, Any]) -> Happened | None:
    kind, at, about = event["type"], int(event["created"]), event["data"]["object"]
    if kind == "customer.deleted":
        return Happened("gone", at, str(about["id"]))
    if kind == "checkout.session.completed" and about["mode"] == "setup":
        return Happened("set-up", at, str(about["customer"]), str(about["setup_intent"]))
    if kind in _OF_INVOICES:
        return Happened(_OF_INVOICES[kind], at, str(about["customer"]), str(about["id"]))
    return None


def _is_customer_missing(error: "InvalidRequestError") -> bool:
    return (error.code, error.param) == ("resource_missing", "customer")


def _seconds(error: "StripeError") -> float | None:
    """How long to wait, as a header says."""
    said = (error.headers or {}).get("retry-after", "")
    return float(said) if said.isdecimal() else None
