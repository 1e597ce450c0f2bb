"""A server that is paid, with localstripe as Stripe: a payment fails, and another one does not."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from e2e.terminal import Terminal
from harness import Server
from stripe_server import (
    SECRET,
    Form,
    StripeServer,
    localstripe,
    localstripe_asked,
    message,
    paid,
    signed,
    stripe_server,
)

FAILING, GOOD = "DE62370400440532013001", "DE89370400440532013000"
"""Numbers of bank accounts that are accepted; with the first, every payment fails.

When a payment by card fails, localstripe sends no message about its invoice.
"""
LONGEST_SECONDS = 30


@dataclass
class Shop:
    """A server, its Stripe, and localstripe behind that."""

    server: Server
    stripe: StripeServer
    terminal: Terminal

    def ask(self, method: str, path: str, form: Form | None = None) -> Any:
        answer = localstripe_asked(self.stripe.behind, method, f"/v1/{path}", form)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def run(self, words: str) -> Any:
        return json.loads(self.terminal.do(*words.split(), "--json"))

    def enter(self, customer: str, number: str) -> str:
        """Enter a payment method on Stripe's page, which tells the server."""
        account = {"type": "sepa_debit", "sepa_debit[iban]": number}
        method = self.ask("POST", "payment_methods", account)["id"]
        self.ask("POST", f"payment_methods/{method}/attach", {"customer": customer})
        setup = self.ask("POST", "setup_intents", {"customer": customer})["id"]
        self.ask("POST", f"setup_intents/{setup}/confirm", {"payment_method": method})
        about = {"mode": "setup", "customer": customer, "setup_intent": setup}
        body = message("checkout.session.completed", about, int(time.time()))
        url = f"{self.server.http}/payments/events"
        headers = {
            "stripe-signature": signed(body),
            "content-type": "application/json; charset=utf-8",
        }
        answer = httpx.post(url, content=body, headers=headers, trust_env=False)
        assert answer.status_code == 200, answer.text
        eventually(lambda: self.default(customer) == method)
        return str(method)

    def default(self, customer: str) -> str:
        settings = self.ask("GET", f"customers/{customer}")["invoice_settings"]
        return str(settings["default_payment_method"])

    @property
    def failing(self) -> int:
        """How many accounts fail to pay, as metrics have it."""
        page = httpx.get(f"{self.server.http}/metrics", trust_env=False).text
        return int(page.split("\nattimo_payers_failing ")[1].split("\n")[0])

    @property
    def plan(self) -> str:
        found: str = self.run("plan limits")["items"][0]["plan"]
        return found


def eventually(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    home = tmp_path_factory.mktemp("home")
    with localstripe() as behind, stripe_server() as stripe:
        stripe.behind = behind
        with paid(stripe, "--payment-grace", "0d") as server:
            yield Shop(server, stripe, Terminal(home, {"ATTIMO_DATA_DIR": str(server.data_dir)}))


def test_a_payment_method_a_failed_payment_and_a_paid_invoice(shop: Shop) -> None:
    url = shop.run("payments setup")["url"]
    assert url.startswith("https://checkout.stripe.com/")
    customer = url.rsplit("/", 1)[1]
    assert shop.ask("GET", f"customers/{customer}")["metadata"] == {"attimo_account": "1"}
    shop.enter(customer, FAILING)
    eventually(lambda: shop.run("payments show")["sold_since"] is not None)
    messages = {"url": f"{shop.server.http}/payments/events", "secret": SECRET}
    httpx.post(f"{shop.stripe.behind}/_config/webhooks/ours", json=messages, trust_env=False)

    product = shop.ask("POST", "products", {"name": "Cache", "type": "service"})["id"]
    month = {"interval": "month", "currency": "eur", "amount": "1000", "product": product}
    plan = shop.ask("POST", "plans", month)["id"]
    made = shop.ask("POST", "subscriptions", {"customer": customer, "items[0][plan]": plan})
    eventually(lambda: shop.plan == "free")
    assert shop.run("payments show")["failed_since"] is not None
    assert shop.failing == 1

    shop.enter(customer, GOOD)
    shop.ask("POST", f"invoices/{made['latest_invoice']}/pay")
    eventually(lambda: shop.plan == "unlimited" and shop.failing == 0)
    assert shop.run("payments show")["failed_since"] is None
    assert SECRET not in shop.server.output


def test_a_deleted_account_is_no_customer_any_more_once_its_period_is_over(shop: Shop) -> None:
    made = shop.run("account create theirs")
    headers = {"authorization": made["api_key"]}
    url = httpx.post(f"{shop.server.http}/payments/setup", headers=headers, trust_env=False)
    customer = url.json()["url"].rsplit("/", 1)[1]
    shop.enter(customer, GOOD)
    product = shop.ask("POST", "products", {"name": "Cache", "type": "service"})["id"]
    month = {"interval": "month", "currency": "eur", "amount": "1000", "product": product}
    form = {"customer": customer, "items[0][plan]": shop.ask("POST", "plans", month)["id"]}
    made_there = shop.ask("POST", "subscriptions", form)["id"]

    shop.terminal.do("account", "delete", "theirs", "--yes")

    path = f"subscriptions/{made_there}"
    eventually(lambda: bool(shop.ask("GET", path)["cancel_at_period_end"]))
    assert shop.ask("GET", path)["status"] == "active"


def test_localstripe_has_no_checkout_and_no_meter_events(shop: Shop) -> None:
    """If it gets them, the stand-in can go."""
    statuses = {
        path: localstripe_asked(shop.stripe.behind, "POST", path).status_code
        for path in ("/v1/checkout/sessions", "/v1/billing/meter_events")
    }

    assert set(statuses.values()) == {404}
