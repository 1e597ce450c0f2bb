"""A deleted account is charged for what it has used, and for no further billing period."""

import pytest

from attimo.control import accounts, directory, payers
from attimo.payments import Happened, Kind
from attimo.serve.payments import END_AGAIN_SECONDS, REFUSED_SECONDS
from fakes import Client, Listener
from planning import assign, create
from shop import DAY, Shop

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


def hear(shop: Shop, kind: Kind, subject: str) -> None:
    with shop.control.begin() as tx:
        payers.hear(tx, Happened(kind, shop.clock.now, CUSTOMER, subject))


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
    shop.stripe.failures = [200, 403]
    shop.look()
    assert (shop.stripe.ending, shop.sold) == ([], {since: 700})

    shop.look()
    assert shop.stripe.ending == []
    shop.look(REFUSED_SECONDS)
    assert shop.stripe.ending == ["sub_1", "sub_3"]


def test_a_subscription_that_stripe_refuses_to_end_keeps_no_other_one_waiting(
    shop: Shop, owner: Client, theirs: int
) -> None:
    shop.pays(2)
    delete(owner)
    shop.stripe.managed = {"sub_1"}
    shop.look()
    assert shop.stripe.ending == ["sub_3"]
    assert shop.told[-1] == 1

    shop.stripe.managed = set()
    shop.look(REFUSED_SECONDS)
    assert shop.stripe.ending == ["sub_3", "sub_1"]


def test_all_subscriptions_end_however_many_there_are(
    shop: Shop, owner: Client, theirs: int
) -> None:
    shop.pays(2)
    delete(owner)
    shop.stripe.subscriptions = [{"customer": CUSTOMER} for _ in range(201)]

    shop.look()

    assert shop.stripe.ending == [f"sub_{number}" for number in range(1, 202)]


def test_while_stripe_fails_for_a_deleted_account_the_usage_of_others_is_sold(
    shop: Shop, owner: Client, theirs: int
) -> None:
    since = shop.pays(1, 2)
    shop.use(700)
    delete(owner)
    shop.hours(2)
    shop.stripe.stuck = {CUSTOMER}

    shop.look()

    assert shop.sold == {since: 700}


def test_while_stripe_fails_for_a_deleted_account_the_next_one_ends(
    shop: Shop, owner: Client, theirs: int
) -> None:
    with shop.control.begin() as tx:
        third = accounts.create(tx, "third").id
    shop.pays(2, third)
    shop.stripe.subscriptions.append({"customer": f"cus_{third}"})
    delete(owner)
    assert owner.ask("DELETE", f"/accounts/{third}").status_code == 204
    shop.stripe.stuck = {CUSTOMER}
    pause = shop.look()

    assert shop.look(pause) < pause
    assert shop.stripe.ending == ["sub_4"]

    shop.stripe.stuck = set()
    shop.look(END_AGAIN_SECONDS)
    assert shop.stripe.ending == ["sub_4", "sub_1", "sub_3"]


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
    hear(shop, "set-up", "seti_late")

    shop.look()

    assert not [path for _, path, _ in shop.stripe.asked if path.endswith("seti_late")]


def test_what_somebody_else_subscribes_for_a_payment_method_after_the_deletion_ends_too(
    shop: Shop, owner: Client, theirs: int
) -> None:
    """Without prices, that is not the server: its page at Stripe works for a day."""
    shop.pays(2)
    delete(owner)
    shop.look()
    shop.stripe.subscriptions.append({"customer": CUSTOMER})
    hear(shop, "set-up", "seti_late")

    shop.look()

    assert shop.stripe.ending == ["sub_1", "sub_3", "sub_4"]


def test_a_payment_method_that_comes_while_subscriptions_end_is_not_overlooked(
    shop: Shop, owner: Client, theirs: int
) -> None:
    shop.pays(2)
    delete(owner)
    with shop.control.read() as tx:
        (found,) = payers.to_end(tx)
    hear(shop, "set-up", "seti_late")
    with shop.control.begin() as tx:
        payers.ended(tx, *found)

    with shop.control.read() as tx:
        assert [account for account, *_ in payers.to_end(tx)] == [2]


def fails_to_pay(shop: Shop, owner: Client) -> None:
    """Account 2 has the plan `gold`, and a payment that fails."""
    create(owner, "gold", caches=50)
    assign(owner, 2, "gold")
    shop.pays(2)
    hear(shop, "failed", "in_1")


def revision(shop: Shop) -> int:
    with shop.control.read() as tx:
        return directory.revision(tx)


def audited(owner: Client) -> list[str]:
    found = owner.ask("GET", "/audit?accounts=2").json()["entries"]
    return [each["action"] for each in found]


def test_its_plan_stays_when_a_payment_has_failed(shop: Shop, owner: Client) -> None:
    fails_to_pay(shop, owner)
    delete(owner)
    shop.look()
    before = revision(shop), audited(owner)

    shop.clock.now += 7 * DAY
    shop.look()

    assert (revision(shop), audited(owner)) == before


@pytest.mark.parametrize(("kind", "subject"), [("settled", "in_1"), ("gone", "")])
def test_it_gets_no_plan_back(shop: Shop, owner: Client, kind: Kind, subject: str) -> None:
    fails_to_pay(shop, owner)
    shop.clock.now += 7 * DAY
    shop.look()
    assert "payment.review" in audited(owner)
    delete(owner)
    before = revision(shop)

    hear(shop, kind, subject)
    shop.look()

    assert revision(shop) == before
    assert "payment.give-back" not in audited(owner)


def test_it_is_not_counted_among_those_that_fail_to_pay(shop: Shop, owner: Client) -> None:
    fails_to_pay(shop, owner)
    shop.look()
    assert shop.told[2] == 1

    delete(owner)
    shop.look()

    assert shop.told[2] == 0


def test_a_plan_that_only_it_would_get_back_is_not_in_use(shop: Shop, owner: Client) -> None:
    fails_to_pay(shop, owner)
    shop.clock.now += 7 * DAY
    shop.look()
    delete(owner)

    assert owner.ask("DELETE", "/plans/gold").status_code == 204
