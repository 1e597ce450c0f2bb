"""What the provider refuses, or does not hear, is told later and holds up nothing else."""

import pytest

from attimo.billing.meters import Meter
from attimo.control import payers
from attimo.control.meter_events import OLDEST_SECONDS
from attimo.payments import Happened, MeterEvent
from attimo.payments.stripe import Stripe
from attimo.serve.payments import LONGEST_PAUSE, PAUSE_SECONDS, REFUSED_SECONDS
from fakes import Client, Listener
from shop import CUSTOMER, HOUR, Shop


@pytest.mark.parametrize("failure", [0, 429, 500, 401])
def test_what_fails_is_told_again_with_the_same_identifier(shop: Shop, failure: int) -> None:
    """With 0, Stripe has counted the event, and nobody has heard of it."""
    since = shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.stripe.failures = [failure, failure]

    pauses = [shop.look(), shop.look(), shop.look()]

    assert shop.sold == {since: 700}
    assert pauses[0] >= 20
    if failure == 429:  # it said how long to wait
        assert pauses[:2] == [100, 100]
    assert pauses[2] < pauses[0]


def test_a_refused_account_keeps_no_other_waiting(
    shop: Shop, neighbour: Client, node: Listener
) -> None:
    neighbour.ask("PUT", "/caches/theirs")
    (theirs,) = [each.id for each in node.caches.values() if each.name == "theirs"]
    since = shop.pays(1, 2)
    shop.stripe.refused = {CUSTOMER}
    shop.use(700)
    shop.use(40, cache=theirs)
    shop.hours(2)

    pause = shop.look()
    asked = len(shop.stripe.asked)
    shop.look()

    assert pause == PAUSE_SECONDS
    assert shop.stripe.sold("cus_2") == {since: 40}
    assert len(shop.stripe.asked) == asked
    shop.stripe.refused = set()
    shop.look(REFUSED_SECONDS)
    assert shop.sold == {since: 700}


def test_a_meter_that_stripe_refuses_keeps_no_other_meter_waiting(shop: Shop) -> None:
    """It may be one that was named by mistake, and is not sold any more."""
    shop.meters = (Meter.REQUESTS, Meter.TRANSFERRED_BYTES)
    shop.stripe.refused_meters = {"attimo_requests"}
    shop.restart()
    since = shop.pays()
    shop.use(700)
    shop.hours(2)

    shop.look()
    asked = len(shop.stripe.asked)
    shop.look()

    assert shop.sold == {since: 700}
    assert len(shop.stripe.asked) == asked
    shop.stripe.refused_meters = set()
    shop.look(REFUSED_SECONDS)
    assert len(shop.stripe.events) == 2


def test_metrics_tell_what_waits_since_when_and_what_is_sent_and_refused(shop: Shop) -> None:
    since = shop.pays()
    assert shop.told == (0, 0, 0, 0, 0)
    shop.use(700)
    shop.hours(1)
    shop.use(40)
    shop.hours(2)
    shop.stripe.refused = {CUSTOMER}

    shop.look()
    assert shop.told == (2, since, 0, 0, 1)
    shop.stripe.refused = set()
    shop.look(REFUSED_SECONDS)
    assert shop.told == (0, 0, 0, 2, 1)
    with shop.control.begin() as tx:
        payers.hear(tx, Happened("failed", shop.clock.now, CUSTOMER, "in_1"))
        payers.hear(tx, Happened("failed", shop.clock.now, CUSTOMER, "in_2"))
        payers.hear(tx, Happened("settled", shop.clock.now, CUSTOMER, "in_2"))
    shop.look()
    assert shop.told == (0, 0, 1, 2, 1)
    with shop.control.begin() as tx:
        payers.hear(tx, Happened("settled", shop.clock.now, CUSTOMER, "in_1"))
    shop.look()
    assert shop.told == (0, 0, 0, 2, 1)


def test_what_one_customer_used_is_not_sold_to_the_next_one_of_the_account(shop: Shop) -> None:
    shop.pays()
    shop.stripe.refused = {CUSTOMER}
    shop.use(700)
    shop.hours(2)
    shop.look()
    with shop.control.begin() as tx:
        payers.hear(tx, Happened("gone", shop.clock.now, CUSTOMER))
        payers.link(tx, 1, "cus_new")
        payers.hear(tx, Happened("set-up", shop.clock.now, "cus_new", "seti_new"))
    shop.look(REFUSED_SECONDS)
    assert shop.waiting == 0
    shop.hours(1)
    shop.use(30)
    shop.hours(2)

    shop.look()

    assert sum(shop.stripe.sold("cus_new").values()) == 30


def test_pauses_stay_finite_while_stripe_is_away_for_weeks(shop: Shop) -> None:
    shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.stripe.failures = [500] * 1_100

    pauses = [shop.look() for _ in range(1_100)]

    assert max(pauses) == LONGEST_PAUSE
    shop.look()
    assert sum(shop.sold.values()) == 700


def test_what_the_provider_says_is_done_before_events_that_wait(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After days without Stripe, telling them takes hours; who has paid does not wait for that."""
    since = shop.pays()
    for _ in range(3):
        shop.use(700)
        shop.hours(1)
    shop.hours(1)
    tell = Stripe.tell

    def heard_meanwhile(stripe: Stripe, event: MeterEvent) -> None:
        tell(stripe, event)
        shop.seller.wake()

    with monkeypatch.context() as patch:
        patch.setattr(Stripe, "tell", heard_meanwhile)
        shop.look()
    assert shop.sold == {since: 700}

    shop.look()

    assert shop.sold == {since + at * HOUR: 700 for at in range(3)}


def test_only_what_can_still_be_told_waits(shop: Shop) -> None:
    shop.pays()
    shop.stripe.refused = {CUSTOMER}
    shop.use(700)
    shop.hours(2)
    shop.look()
    assert shop.waiting == 1

    shop.clock.now += OLDEST_SECONDS
    shop.look()

    assert shop.waiting == 0


def test_an_hour_that_a_wrong_clock_showed_is_told_when_it_is_there(shop: Shop) -> None:
    """The provider refuses hours to come."""
    since = shop.pays()
    shop.stripe.refused = {CUSTOMER}
    shop.hours(240)
    shop.use(700)
    shop.hours(2)
    shop.look()
    shop.stripe.refused = set()

    shop.clock.now = since + 2 * HOUR
    shop.look(REFUSED_SECONDS)
    assert shop.sold == {}

    shop.hours(240)
    shop.look(REFUSED_SECONDS)
    assert shop.sold == {since + 240 * HOUR: 700}


def test_a_permission_that_the_key_lacks_holds_up_only_what_needs_it(shop: Shop) -> None:
    since = shop.pays()
    with shop.control.begin() as tx:
        payers.hear(tx, Happened("set-up", shop.clock.now + 1, CUSTOMER, "seti_2"))
    shop.use(700)
    shop.hours(2)
    shop.stripe.failures = [403]

    shop.look()

    assert shop.sold == {since: 700}
    assert shop.stripe.methods == {CUSTOMER: "pm_1"}
    shop.look(REFUSED_SECONDS)
    assert shop.stripe.methods == {CUSTOMER: "pm_2"}
