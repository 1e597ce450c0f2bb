"""Being paid: off by default; with Stripe, a payment method on a page of Stripe."""

import builtins
import json
from pathlib import Path
from typing import Any

import pytest

from attimo.api import create_app
from attimo.api.payments import Paying
from attimo.control import Control
from attimo.control.payers import Rule
from attimo.errors import AttimoError, InvalidSetting, Misconfigured
from attimo.payments.stripe import Stripe
from attimo.serve import payments
from attimo.settings import load
from fakes import Client
from planning import audited
from stripe_server import KEY, SECRET, StripeServer

PATHS = (
    ("GET", "/payments"),
    ("POST", "/payments/setup"),
    ("POST", "/payments/events"),
    ("GET", "/payments/done"),
    ("GET", "/payments/cancelled"),
)


@pytest.fixture
def stripe(serving: StripeServer) -> StripeServer:
    """A Stripe that knows nobody."""
    vars(serving).update(vars(StripeServer(serving.url)))
    return serving


@pytest.fixture
def payer(control: Control, stripe: StripeServer) -> Client:
    provider = Stripe(KEY, SECRET, stripe.url)
    paying = Paying(provider, Rule("free", 7 * 86_400), "USD", "cache.example.com")
    return Client(create_app(control, "cache.example.com", paying=paying), account_id=2)


def test_without_payments_every_path_says_so(owner: Client) -> None:
    answers = {path: owner.ask(*path) for path in PATHS}

    assert {path: each.status_code for path, each in answers.items()} == dict.fromkeys(PATHS, 404)
    assert {each.json()["err"] for each in answers.values()} == {"payments_off"}


def test_only_bills_and_budgets_speak_of_cards_and_these_are_rate_cards(owner: Client) -> None:
    """No path takes a payment card, and none that leads to an account asks for one."""
    document = owner.ask("GET", "/openapi.json").json()

    def mentions(part: dict[str, Any]) -> set[str]:
        return {name for name, each in part.items() if "card" in json.dumps(each).lower()}

    paths = mentions(document["paths"])
    assert {path.split("/")[1] for path in paths} == {"bills", "budget"}
    schemas = mentions(document["components"]["schemas"])
    of_prices = ("Bill", "Budget", "RateCard", "SetBudget")
    assert [name for name in schemas if not name.startswith(of_prices)] == []
    assert {"/signup", "/payments", "/accounts"} <= document["paths"].keys() - paths


def test_a_member_gets_a_page_of_stripe_that_leads_back_to_the_endpoint(
    payer: Client, stripe: StripeServer
) -> None:
    answer = payer.ask("POST", "/payments/setup", host="evil.example.com")

    assert answer.status_code == 201
    assert answer.json()["url"] == "https://checkout.stripe.com/c/cus_1"
    (_, _, customer), (_, path, form) = stripe.asked
    assert customer == {"name": "neighbour", "metadata[attimo_account]": "2"}
    assert (path, form) == (
        "/v1/checkout/sessions",
        {
            "mode": "setup",
            "currency": "usd",
            "customer": "cus_1",
            "success_url": "https://cache.example.com/payments/done",
            "cancel_url": "https://cache.example.com/payments/cancelled",
        },
    )
    assert stripe.keys == {f"Bearer {KEY}"}
    assert [each["subject"] for each in audited(payer, "payment.link")] == ["cus_1"]


def test_stripe_is_told_nothing_about_the_machine(
    payer: Client, stripe: StripeServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The package has an ID for each machine, and keeps it in a file there."""
    monkeypatch.setattr("stripe._telemetry_id._loaded", False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))

    assert payer.ask("POST", "/payments/setup").status_code == 201

    (agent,) = stripe.agents
    assert {"telemetry_id", "platform"} & json.loads(agent).keys() == set()
    assert list(tmp_path.iterdir()) == []


def test_an_account_has_one_customer(payer: Client, stripe: StripeServer) -> None:
    for _ in range(2):
        assert payer.ask("POST", "/payments/setup").status_code == 201

    assert [path for _, path, _ in stripe.asked].count("/v1/customers") == 1


def test_who_has_a_customer_that_stripe_does_not_have_gets_another_one(
    payer: Client, stripe: StripeServer
) -> None:
    """It was deleted there and nobody heard of it, or was made with a test key."""
    assert payer.ask("POST", "/payments/setup").status_code == 201
    stripe.missing = {"cus_1"}

    answer = payer.ask("POST", "/payments/setup")

    assert (answer.status_code, answer.json().get("url")) == (
        201,
        "https://checkout.stripe.com/c/cus_2",
    )
    assert [each["subject"] for each in audited(payer, "payment.leave")] == ["cus_1"]


def test_before_that_nothing_is_sold(payer: Client) -> None:
    payer.ask("POST", "/payments/setup")

    assert payer.ask("GET", "/payments").json() == {
        "provider": "stripe",
        "has_payment_method": False,
        "waiting_events": 0,
    }


def test_only_who_may_write_the_account_enters_a_payment_method(
    payer: Client, stripe: StripeServer, owner: Client
) -> None:
    asked = {"role_id": "viewer", "description": "reads", "expiry": "never"}
    made = payer.ask("POST", "/api-keys", asked).json()
    reader = Client(payer.app, 2, made["key_info"]["key_id"])

    answers = [reader.ask("POST", "/payments/setup"), reader.ask("GET", "/payments")]

    assert [each.status_code for each in answers] == [403, 200]
    assert stripe.asked == []


@pytest.mark.parametrize("failure", [0, 429, 500, 401])
def test_while_stripe_cannot_be_used_nothing_changes(
    payer: Client, stripe: StripeServer, failure: int, caplog: pytest.LogCaptureFixture
) -> None:
    stripe.failures = [failure]

    answer = payer.ask("POST", "/payments/setup")

    assert (answer.status_code, answer.json()["err"]) == (503, "payments_unavailable")
    assert audited(payer, "payment.link") == []
    assert KEY not in caplog.text
    assert payer.ask("POST", "/payments/setup").status_code == 201


def settings(**named: str) -> Any:
    return load({}, {"HOME": "/", **{f"ATTIMO_{key.upper()}": one for key, one in named.items()}})


def test_secrets_are_read_from_files_or_variables_and_never_shown(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"\ufeff{KEY}\r\n")  # as an editor of another system writes it
    found = settings(payments="stripe", stripe_secret_key=str(file), stripe_webhook_secret=SECRET)

    made = payments.provider_of(found)
    shown = {each.name: each.value for each in found.shown()}

    assert isinstance(made, Stripe)
    assert (made.secret_key, made.webhook_secret) == (KEY, SECRET)
    assert (shown["stripe_secret_key"], shown["stripe_webhook_secret"]) == (str(file), "…")
    assert not [text for text in (repr(found), str(shown), repr(made)) if KEY in text]
    assert not [text for text in (repr(found), str(shown), repr(made)) if SECRET in text]


def test_wrong_settings_are_refused_without_a_secret_in_the_words(tmp_path: Path) -> None:
    keys = {"stripe_secret_key": KEY, "stripe_webhook_secret": SECRET}
    wrong: list[dict[str, str]] = [
        {"payments": "paypal"},
        {"payments": "stripe"},
        {"payments": "stripe", "stripe_secret_key": KEY},
        {"payments": "stripe", **keys, "stripe_secret_key": f"{KEY}!"},
        {"payments": "stripe", **keys, "stripe_secret_key": str(tmp_path / "nowhere")},
        {"payments": "stripe", **keys, "stripe_api": "http://api.example.com"},
        {"payments": "stripe", **keys, "stripe_api": f"https://{KEY}@api.example.com"},
        {"payments": "stripe", **keys, "stripe_prices": "price 1"},
        {"payments": "stripe", **keys, "payment_meters": "cards"},
        {"payment_meters": "cards"},
        {"payments": "stripe", **keys, "payment_grace": "1y"},
    ]
    words = []
    for each in wrong:
        with pytest.raises((InvalidSetting, Misconfigured)) as refused:
            payments.provider_of(settings(**each))
        words.append(str(refused.value))

    assert [each for each in words if KEY in each or SECRET in each] == []


def test_a_secret_as_a_flag_is_refused() -> None:
    flags = {"payments": "stripe", "stripe_secret_key": KEY, "stripe_webhook_secret": SECRET}

    with pytest.raises(Misconfigured, match="others on this machine can read") as refused:
        load(flags, {"HOME": "/"})

    assert KEY not in str(refused.value)


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name == "stripe":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)

    with pytest.raises(AttimoError, match=r"pip install 'attimo\[stripe\]'"):
        Stripe(KEY, SECRET, "https://api.stripe.com")
