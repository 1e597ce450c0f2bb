"""Usage is told to the provider hour by hour: once, whole, and never lost."""

import random
from collections.abc import Callable

import pytest

from attimo.billing.meters import Meter
from attimo.control import meter_events, usage
from attimo.control.meter_events import LATE_SECONDS, OLDEST_SECONDS
from attimo.errors import StoreUnavailable
from attimo.payments import MOST_VALUE
from attimo.serve.payments import COMPARE_ALL_SECONDS, COMPARE_SECONDS
from fakes import Batch, Client, Used
from planning import audited
from shop import CUSTOMER, DAY, HOUR, Shop


def test_an_hour_is_sold_when_it_is_over(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(1)
    shop.look()
    assert shop.sold == {}

    shop.clock.now += LATE_SECONDS
    shop.look()

    assert shop.sold == {since: 700}
    (event,) = shop.stripe.events.values()
    assert event == {
        "event_name": "attimo_transferred_bytes",
        "payload[stripe_customer_id]": CUSTOMER,
        "payload[value]": "700",
        "identifier": f"cus_1/transferred_bytes/{since}/0",
        "timestamp": str(since),
    }


def test_what_was_used_before_there_was_a_payment_method_is_not_sold(shop: Shop) -> None:
    shop.use(5)
    since = shop.pays()
    shop.use(6)
    shop.hours(2)

    shop.look()

    assert shop.sold == {since: 6}


def test_what_comes_late_is_sold_as_a_further_event(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.look()

    shop.use(30, at=since + 60)
    shop.look()
    shop.look()

    assert shop.sold == {since: 730}
    assert sorted(shop.stripe.events) == [
        f"cus_1/transferred_bytes/{since}/0",
        f"cus_1/transferred_bytes/{since}/1",
    ]


def test_usage_of_days_ago_that_comes_late_is_found_once_a_day(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    for _ in range(3):
        shop.hours(24 * 3)
        shop.look()
    shop.use(30, at=since)

    shop.look()
    assert shop.sold == {since: 700}
    shop.look(COMPARE_ALL_SECONDS)

    assert shop.sold == {since: 730}


def test_who_is_killed_between_sending_and_recording_sells_nothing_twice(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(2)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(meter_events, "delivered", killed)
        with pytest.raises(KeyboardInterrupt):
            shop.look()
    assert shop.sold == {since: 700}
    shop.use(30, at=since)  # the value of what was sent does not change by it
    shop.restart()
    shop.look()

    assert shop.sold == {since: 730}
    with shop.control.read() as tx:
        assert meter_events.to_deliver(tx) == []


def test_the_database_can_fail_after_an_event_was_sent(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.control.need_space = full_after(1)

    with pytest.raises(StoreUnavailable):
        shop.look()
    shop.control.need_space = lambda: None
    shop.look()

    assert shop.sold == {since: 700}


def full_after(writes: int) -> Callable[[], None]:
    left = [writes]

    def need() -> None:
        left[0] -= 1
        if left[0] < 0:
            raise StoreUnavailable("The disk is full")

    return need


def test_usage_that_is_too_old_is_reported_and_not_dropped(
    shop: Shop, owner: Client, caplog: pytest.LogCaptureFixture
) -> None:
    since = shop.pays()
    shop.use(700)
    shop.use(9)
    shop.clock.now += OLDEST_SECONDS + HOUR

    shop.look()
    shop.look()

    assert shop.sold == {}
    (entry,) = audited(owner, "payment.report")
    assert entry["subject"] == "transferred_bytes"
    assert entry["details"] == {"from": since, "until": since + HOUR, "value": 709}
    assert caplog.text.count("too old to be sold") == 1
    shop.clock.now = since + 2 * HOUR  # the clock was wrong
    shop.look()
    assert shop.sold == {since: 709}


def test_a_value_has_at_most_fifteen_digits(shop: Shop) -> None:
    since = shop.pays()
    shop.use(MOST_VALUE)
    shop.use(MOST_VALUE)
    shop.use(5)
    shop.hours(2)

    shop.look()

    assert shop.sold == {since: 2 * MOST_VALUE + 5}
    assert len(shop.stripe.events) == 3


def test_stored_data_is_sold_by_the_hour_too(shop: Shop) -> None:
    shop.meters = (Meter.REQUESTS, Meter.STORED_BYTE_MINUTES)
    shop.restart()
    since = shop.pays()
    for hour in range(30):
        shop.number += 1
        used = Used(shop.cache, "server", "Store", requests=0, stored_byte_minutes=60 + hour)
        with shop.control.begin() as tx:
            usage.record(tx, Batch("node", shop.number, [used]))
        shop.hours(1)
    shop.hours(1)

    shop.look()

    assert shop.sold == {since + hour * HOUR: 60 + hour for hour in range(30)}


def test_whatever_fails_the_sum_is_what_was_used(shop: Shop) -> None:
    """Late usage, failures and restarts, in an order by chance."""
    chance = random.Random(7)  # noqa: S311 (no secret)
    since = shop.pays()
    used: dict[int, int] = {}
    for _ in range(120):
        amount, now = chance.randint(1, 10**9), shop.clock.now
        hour = max(since, now - now % HOUR - HOUR * chance.choice([0, 0, 0, 1, 5]))
        shop.use(amount, at=min(hour, now))
        used[hour] = used.get(hour, 0) + amount
        shop.stripe.failures = [chance.choice([200, 200, 0, 429, 500])]
        shop.clock.now += chance.choice([60, 600, HOUR])
        shop.look(chance.choice([1.0, COMPARE_SECONDS]))
        if chance.random() < 0.1:
            shop.restart()
    shop.stripe.failures = []
    shop.hours(2)

    shop.look()

    assert shop.sold == used


def test_events_are_forgotten_when_their_hours_are(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.look()
    with shop.control.begin() as tx:
        tx.db.execute("UPDATE usage_kept SET hours_since = :now", now=since + DAY)
        tx.accounted += 1

    shop.hours(24)
    shop.look(COMPARE_ALL_SECONDS)

    with shop.control.read() as tx:
        assert tx.db.scalar("SELECT count(*) FROM meter_events") == 0
    shop.look(COMPARE_ALL_SECONDS)
    assert len(shop.stripe.events) == 1


def test_a_meter_that_is_added_is_sold_from_the_next_hour_on(shop: Shop) -> None:
    since = shop.pays()
    shop.use(700)
    shop.hours(2)
    shop.look()

    shop.sells(Meter.TRANSFERRED_BYTES, Meter.RECEIVED_BYTES)
    shop.use(30)
    shop.hours(1)
    shop.use(9)
    shop.hours(2)
    shop.look()

    assert shop.sold_of(Meter.TRANSFERRED_BYTES) == {
        since: 700,
        since + 2 * HOUR: 30,
        since + 3 * HOUR: 9,
    }
    assert shop.sold_of(Meter.RECEIVED_BYTES) == {since + 3 * HOUR: 9}


def test_a_meter_that_was_not_sold_for_a_while_is_not_sold_for_that_time(shop: Shop) -> None:
    since = shop.pays()
    shop.sells(Meter.REQUESTS)
    shop.use(700)
    shop.hours(2)
    shop.look()

    shop.sells(Meter.TRANSFERRED_BYTES)
    shop.hours(1)
    shop.use(30)
    shop.hours(2)
    shop.look()

    assert shop.sold_of(Meter.TRANSFERRED_BYTES) == {since + 3 * HOUR: 30}


def test_a_clock_that_was_ahead_when_a_meter_was_added_delays_its_sale_by_a_day(
    shop: Shop,
) -> None:
    since = shop.pays()
    shop.clock.now = since + 400 * DAY
    shop.sells(Meter.RECEIVED_BYTES)

    shop.clock.now = since
    shop.look(COMPARE_ALL_SECONDS)
    shop.hours(1)
    shop.use(30)
    shop.hours(2)
    shop.look()

    assert shop.sold_of(Meter.RECEIVED_BYTES) == {since + HOUR: 30}
