"""A failed payment changes the plan of an account, and a paid invoice gives it back."""

import time
from dataclasses import dataclass, field
from typing import Any

import pytest

from attimo.api import create_app
from attimo.api.payments import Paying
from attimo.billing.meters import Meter
from attimo.control import Control, members, payers, users
from attimo.control.payers import Rule
from attimo.payments.stripe import OLDEST_SECONDS, Stripe
from attimo.serve.payments import Seller
from fakes import Client, Clock
from planning import assign, audited, create, limits
from stripe_server import KEY, SECRET, StripeServer, message, signed

DAY = 86_400
RULE = Rule("free", 7 * DAY)
AT = 1_799_000_000
"""When something happened, by Stripe's clock."""


@dataclass
class Paid:
    """A server that is paid, and account 2 with the customer `cus_2` and the plan `gold`."""

    control: Control
    client: Client
    clock: Clock
    stripe: StripeServer
    mails: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.provider = Stripe(KEY, SECRET, self.stripe.url, ("price_1", "price_2"))
        self.seller = Seller(
            self.control, self.provider, (Meter.REQUESTS,), RULE, self.send, lambda: 0.0
        )
        paying = Paying(self.provider, RULE, "USD", "cache.example.com")
        app = create_app(self.control, "cache.example.com", paying=paying)
        self.payer, self.nobody = Client(app, 2), Client(app, None)
        with self.control.begin() as tx:
            payers.link(tx, 2, "cus_2")

    def send(self, to: str, subject: str, text: str) -> None:
        self.mails.append((to, subject))

    def hear(self, kind: str, about: dict[str, Any] | str = "in_1", at: int = AT) -> Any:
        """Send a message of Stripe, about an invoice of the account unless more is said."""
        if isinstance(about, str):
            about = {"id": about, "object": "invoice", "customer": "cus_2"}
        body = message(kind, about, at)
        answer = self.nobody.ask("POST", "/payments/events", body, stripe_signature=signed(body))
        assert answer.status_code == 200, answer.text
        self.seller.look()
        return answer.json()

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = self.payer.ask("GET", "/payments").json()
        return found

    @property
    def plan(self) -> str:
        found: str = self.payer.ask("GET", "/limits").json()["account"]["plan"]
        return found


@pytest.fixture
def paid(control: Control, owner: Client, clock: Clock, serving: StripeServer) -> Paid:
    vars(serving).update(vars(StripeServer(serving.url)))
    create(owner, "gold", caches=50)
    assign(owner, 2, "gold", keys=7)
    clock.now = AT + 60
    with control.begin() as tx:
        ann = users.create(tx, "ann@example.com", "hash")
        members.add(tx, 2, ann, "owner")
    return Paid(control, owner, clock, serving)


def set_up(setup: str) -> dict[str, Any]:
    of = {"object": "checkout.session", "mode": "setup", "customer": "cus_2"}
    return {"id": "cs_1", "setup_intent": setup, **of}


def test_a_payment_method_is_used_for_all_payments_and_subscribes_once(paid: Paid) -> None:
    assert paid.hear("checkout.session.completed", set_up("seti_1")) == {"is_known": True}
    paid.hear("checkout.session.completed", set_up("seti_2"), AT + 1)

    assert paid.stripe.methods == {"cus_2": "pm_2"}
    assert paid.stripe.subscriptions == [
        {"customer": "cus_2", "items[0][price]": "price_1", "items[1][price]": "price_2"}
    ]
    assert paid.state["has_payment_method"] is True
    assert paid.state["sold_since"] % 3600 == 0
    assert paid.clock.now < paid.state["sold_since"] <= paid.clock.now + 3600


def test_of_two_payment_methods_the_later_one_counts_in_whatever_order(paid: Paid) -> None:
    paid.hear("checkout.session.completed", set_up("seti_2"), AT + 1)
    paid.hear("checkout.session.completed", set_up("seti_1"), AT)

    assert paid.stripe.methods == {"cus_2": "pm_2"}


def test_a_payment_method_is_used_when_stripe_answers_again(paid: Paid) -> None:
    paid.stripe.failures = [500]

    paid.hear("checkout.session.completed", set_up("seti_1"))
    assert "sold_since" not in paid.state
    paid.seller.look()

    assert paid.stripe.methods == {"cus_2": "pm_1"}
    assert "sold_since" in paid.state


def test_a_plan_for_who_fails_to_pay_that_is_not_there_is_said_at_the_start(
    paid: Paid, caplog: pytest.LogCaptureFixture
) -> None:
    for plan in ("gold", "silver"):
        seller = Seller(paid.control, paid.provider, (), Rule(plan, DAY), paid.send)
        seller.start()
        seller.stop()

    assert caplog.messages == ["--payment-failed-plan: There is no plan 'silver'"]


def test_a_failed_payment_changes_the_plan_after_some_days(paid: Paid) -> None:
    paid.hear("invoice.payment_failed")
    assert (paid.plan, paid.state["failed_since"]) == ("gold", AT)
    assert paid.state["plan_changes_at"] == AT + 7 * DAY
    assert paid.mails == [("ann@example.com", "A payment has failed: neighbour")]

    paid.clock.now = AT + 7 * DAY - 1
    paid.seller.look()
    assert paid.plan == "gold"
    paid.clock.now += 1
    paid.seller.look()

    assert paid.plan == "free"
    assert not any(each["is_override"] for each in limits(paid.payer).values())
    assert paid.mails[1:] == [("ann@example.com", "The plan has changed: neighbour")]
    (entry,) = audited(paid.payer, "payment.review")
    assert (entry["actor"], entry["subject"], entry["details"]) == (
        "system",
        "free",
        {"former": "gold"},
    )


def test_who_has_paid_gets_the_former_plan_with_its_overrides_back(paid: Paid) -> None:
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()

    paid.hear("invoice.paid", at=AT + 8 * DAY)

    assert paid.plan == "gold"
    assert limits(paid.payer)["keys"]["value"] == 7
    assert "failed_since" not in paid.state
    assert paid.mails[-1] == ("ann@example.com", "All is paid: neighbour")
    assert [each["subject"] for each in audited(paid.payer, "payment.give-back")] == ["gold"]


@pytest.mark.parametrize("settled", ["invoice.paid", "invoice.payment_succeeded", "invoice.voided"])
def test_a_failure_that_arrives_after_the_end_of_its_invoice_changes_nothing(
    paid: Paid, settled: str
) -> None:
    paid.hear(settled, at=AT + 5)
    paid.hear("invoice.payment_failed")

    assert "failed_since" not in paid.state
    assert paid.mails == []


def test_messages_that_come_again_change_nothing_more(paid: Paid) -> None:
    for _ in range(3):
        paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()
    paid.hear("invoice.paid", at=AT + 8 * DAY)
    mails, entries = len(paid.mails), len(audited(paid.payer, "payment"))

    for kind in ("invoice.paid", "invoice.payment_failed", "invoice.payment_succeeded"):
        paid.hear(kind, at=AT + 9 * DAY)

    assert (len(paid.mails), len(audited(paid.payer, "payment"))) == (mails, entries)
    assert paid.plan == "gold"


def test_all_invoices_must_be_paid(paid: Paid) -> None:
    paid.hear("invoice.payment_failed", "in_1", AT + 9)
    paid.hear("invoice.payment_failed", "in_2", AT)

    paid.hear("invoice.paid", "in_1")
    assert paid.state["failed_since"] == AT
    paid.hear("invoice.paid", "in_2")

    assert "failed_since" not in paid.state


def test_a_plan_that_the_operator_gives_meanwhile_stays(paid: Paid) -> None:
    create(paid.client, "silver", caches=20)
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()
    assign(paid.client, 2, "silver")
    paid.seller.look()
    assert paid.plan == "silver"

    paid.hear("invoice.paid")

    assert paid.plan == "silver"
    (entry,) = audited(paid.payer, "payment.give-back")
    assert entry["details"] == {"changed": False}


def test_a_plan_that_somebody_gets_back_is_deleted_with_a_successor(paid: Paid) -> None:
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()
    create(paid.client, "silver", caches=20)

    assert paid.client.ask("DELETE", "/plans/gold").json()["err"] == "plan_in_use"
    assert paid.client.ask("DELETE", "/plans/gold?successor=silver").status_code == 204
    paid.hear("invoice.paid")

    assert paid.plan == "silver"


def test_a_plan_is_not_changed_so_that_overrides_that_come_back_make_no_sense(paid: Paid) -> None:
    change = {"limits": {"caches": 50, "throttle_bytes_per_second": 1_000}}
    assert paid.client.ask("PUT", "/plans/gold", change).status_code == 200
    assign(paid.client, 2, "gold", transfer_used_up="throttle")
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()

    answer = paid.client.ask("PUT", "/plans/gold", {"limits": {"caches": 50}})

    assert answer.status_code == 400
    assert "as it is for the account 'neighbour'" in answer.text


def test_the_plan_of_who_has_not_paid_is_deleted_with_a_successor(paid: Paid) -> None:
    create(paid.client, "unpaid", caches=5)
    paid.seller.rule = Rule("unpaid", 0)
    paid.hear("invoice.payment_failed")
    assert paid.plan == "unpaid"

    assert paid.client.ask("DELETE", "/plans/unpaid?successor=free").status_code == 204
    paid.hear("invoice.paid")

    assert paid.plan == "gold"


def test_an_account_that_was_deleted_is_reviewed_without_harm(paid: Paid) -> None:
    paid.hear("invoice.payment_failed")
    assert paid.client.ask("DELETE", "/accounts/2").status_code == 204
    paid.clock.now = AT + 7 * DAY

    paid.seller.look()

    assert paid.client.ask("GET", "/accounts/2").status_code == 404


def test_a_clock_that_was_wrong_gives_the_plan_back(paid: Paid) -> None:
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 40 * DAY
    paid.seller.look()
    assert paid.plan == "free"

    paid.clock.now = AT + DAY
    paid.seller.look()

    assert paid.plan == "gold"


def test_a_plan_that_does_not_exist_stops_nothing_else(
    paid: Paid, caplog: pytest.LogCaptureFixture
) -> None:
    paid.seller.rule = Rule("no-such", 0)
    paid.hear("invoice.payment_failed")
    paid.hear("checkout.session.completed", set_up("seti_1"))

    assert paid.plan == "gold"
    assert paid.stripe.methods == {"cus_2": "pm_1"}
    assert caplog.text.count("There is no plan 'no-such'") == 1


def test_a_customer_that_is_deleted_at_stripe_pays_no_more(paid: Paid) -> None:
    paid.hear("checkout.session.completed", set_up("seti_1"))
    paid.hear("invoice.payment_failed")
    paid.clock.now = AT + 7 * DAY
    paid.seller.look()

    paid.hear("customer.deleted", {"id": "cus_2", "object": "customer"})

    assert paid.state == {"provider": "stripe", "has_payment_method": False, "waiting_events": 0}
    assert paid.plan == "gold"


def test_messages_about_others_are_taken_and_change_nothing(paid: Paid) -> None:
    strangers: dict[str, dict[str, Any]] = {
        "invoice.paid": {"id": "in_9", "object": "invoice", "customer": "cus_9"},
        "invoice.finalized": {"id": "in_1", "object": "invoice", "customer": "cus_2"},
        "charge.succeeded": {"id": "ch_1", "object": "charge"},
        "checkout.session.completed": {**set_up("seti_1"), "mode": "payment"},
    }

    known = {kind: paid.hear(kind, about)["is_known"] for kind, about in strangers.items()}

    assert known == dict.fromkeys(strangers, False) | {"invoice.paid": True}
    assert paid.stripe.asked == []
    assert [each["action"] for each in audited(paid.payer, "payment")] == ["payment.link"]


def test_only_messages_of_stripe_are_believed(paid: Paid) -> None:
    about = {"id": "in_1", "object": "invoice", "customer": "cus_2"}
    body = message("invoice.payment_failed", about, AT)
    now = int(time.time())
    wrong: dict[str, tuple[bytes, str]] = {
        "no signature": (body, ""),
        "nonsense": (body, "nonsense"),
        "letters beyond ASCII": (body, f"t={now},v1=\xe9"),
        "another secret": (body, signed(body, secret="whsec_other")),  # noqa: S106
        "another body": (body.replace(b"in_1", b"in_2"), signed(body)),
        "too old": (body, signed(body, now - OLDEST_SECONDS - 5)),
        "an old scheme": (body, signed(body).replace("v1=", "v0=")),
        "no UTF-8": (b"\xff", signed(b"{}")),
        "no event": (b"[]", signed(b"[]")),
        "an event without a customer": (
            lacking := message("invoice.paid", {}, AT),
            signed(lacking),
        ),
        "nothing": (b"", signed(b"")),
    }

    answers = {
        name: paid.nobody.ask("POST", "/payments/events", sent, stripe_signature=signature)
        for name, (sent, signature) in wrong.items()
    }

    assert {name: each.status_code for name, each in answers.items()} == dict.fromkeys(wrong, 400)
    assert [each.text for each in answers.values() if SECRET in each.text] == []
    assert "failed_since" not in paid.state


def test_a_message_of_five_minutes_ago_is_new_enough(paid: Paid) -> None:
    about = {"id": "in_1", "object": "invoice", "customer": "cus_2"}
    body = message("invoice.payment_failed", about, AT)
    signature = signed(body, int(time.time()) - OLDEST_SECONDS + 30)

    answer = paid.nobody.ask("POST", "/payments/events", body, stripe_signature=signature)

    assert answer.status_code == 200
    assert paid.state["failed_since"] == AT
