"""A deleted account is charged for what it has used, and for no further billing period."""

import pytest

from attimo.control import payers
from attimo.payments import Happened
from attimo.serve.payments import REFUSED_SECONDS
from fakes import Client, Listener
from shop import Shop

CUSTOMER = "cus_2"


@pytest.fixture
def theirs(shop: Shop, neighbour: Client, node: Listener) -> int:
    """A cache of account 2, which pays, with two subscriptions beside somebody else's."""
    neighbour.ask("PUT", "/caches/theirs")
    shop.stripe.subscriptions = [{"customer": each} for each in (CUSTOMER, "cus_1", CUSTOMER)]
    (cache,) = [each.id for each in node.caches.values() if each.name == "theirs"]
    return cache


def delete(owner: Client) -> None:
    assert owner.ask("DELETE", "/accounts/2").status_code == 204


def test_its_subscriptions_end_with_their_period_and_what_it_used_is_sold(
    shop: Shop, owner: Client, theirs: int
) -> None:
    since = shop.pays(2)
    shop.use(700, cache=theirs)
    delete(owner)
    shop.use(40, cache=theirs)  # what the node had not told yet
    shop.look()
    assert shop.stripe.ending == ["sub_1", "sub_3"]

    shop.hours(2)
    shop.look()
    shop.use(5, at=since + 1, cache=theirs)
    shop.look()
    assert shop.stripe.sold(CUSTOMER) == {since: 745}

    shop.restart()
    shop.look()
    assert shop.stripe.ending == ["sub_1", "sub_3"]
    path = "/audit?accounts=2&action=payment.end"
    (entry,) = owner.ask("GET", path).json()["entries"]
    assert (entry["actor"], entry["subject"]) == ("system", CUSTOMER)


@pytest.mark.parametrize("failure", [0, 429, 500])
def test_what_fails_is_tried_again_and_ends_each_subscription_once(
    shop: Shop, owner: Client, theirs: int, failure: int
) -> None:
    """With 0, Stripe has done it, and nobody has heard of it."""
    shop.pays(2)
    delete(owner)
    shop.stripe.failures = [200, failure, failure]
    shop.look()
    shop.restart()

    for _ in range(3):
        shop.look()

    assert sorted(shop.stripe.ending) == ["sub_1", "sub_3"]


def test_what_is_refused_is_asked_again_in_an_hour_and_keeps_nobody_waiting(
    shop: Shop, owner: Client, theirs: int
) -> None:
    since = shop.pays(1, 2)
    shop.use(700)
    delete(owner)
    shop.hours(2)
    shop.stripe.failures = [403]
    shop.look()
    assert (shop.stripe.ending, shop.sold) == ([], {since: 700})

    shop.look()
    assert shop.stripe.ending == []
    shop.look(REFUSED_SECONDS)
    assert shop.stripe.ending == ["sub_1", "sub_3"]


def test_a_customer_that_stripe_does_not_have_needs_no_end(
    shop: Shop, owner: Client, theirs: int
) -> None:
    shop.pays(2)
    delete(owner)
    shop.stripe.missing = {CUSTOMER}
    shop.look()
    asked = len(shop.stripe.asked)

    shop.look()

    assert (shop.stripe.ending, len(shop.stripe.asked)) == ([], asked)


def test_a_payment_method_that_comes_after_the_deletion_subscribes_nobody(
    shop: Shop, owner: Client, theirs: int
) -> None:
    shop.pays(2)
    delete(owner)
    with shop.control.begin() as tx:
        payers.hear(tx, Happened("set-up", shop.clock.now, CUSTOMER, "seti_late"))

    shop.look()

    assert not [path for _, path, _ in shop.stripe.asked if path.endswith("seti_late")]
