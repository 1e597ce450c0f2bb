"""A closed month never changes: what comes late goes into the open one, with a note."""

import pytest

import ledger_sums
from attimo.billing import months
from attimo.billing.months import DAY
from attimo.control import Control, bill_usage, caches, closing, usage
from attimo.control.ledger_tables import HOUR
from attimo.control.totals import Totals
from attimo.control.usage import Late
from fakes import Batch, Client, Clock, Used
from ledger_sums import Of

JANUARY, FEBRUARY, MARCH = (months.read(f"2028-0{number}") for number in (1, 2, 3))
"""February has a leap day."""


@pytest.fixture
def clock() -> Clock:
    return Clock(JANUARY.start)


@pytest.fixture
def cache(control: Control) -> int:
    with control.begin() as tx:
        return caches.create(tx, 1, "a").id


def record(control: Control, node: str, *used: Used, taken_at: int | None = None) -> None:
    with control.begin() as tx:
        assert usage.record(tx, Batch(node, 1, list(used)), taken_at) is not None


def close(control: Control) -> int:
    with control.begin() as tx:
        closing.close(tx)
        return closing.open_since(tx)


def close_all(control: Control, clock: Clock, month: months.Month) -> None:
    """Go to the day after a month, and close it."""
    clock.now = month.end
    close(control)
    clock.now += DAY
    assert close(control) == month.end


def requests(control: Control, month: months.Month) -> int:
    with control.read() as tx:
        return ledger_sums.total(tx, Of(since=month.start, until=month.end)).requests


def late(control: Control, month: months.Month, account_id: int = 1) -> list[Late]:
    with control.read() as tx:
        of = "account_id = :account_id"
        return usage.late(tx, month.start, month.end, of, account_id=account_id)


def test_a_month_is_closed_a_day_after_it_was_first_seen_to_be_over(
    control: Control, clock: Clock
) -> None:
    close_all(control, clock, JANUARY)
    clock.now = FEBRUARY.end - 1
    assert close(control) == FEBRUARY.start
    clock.now = FEBRUARY.end + 5 * HOUR
    assert close(control) == FEBRUARY.start
    clock.now += DAY - 1
    assert close(control) == FEBRUARY.start
    clock.now += 1
    assert close(control) == MARCH.start


def test_usage_that_is_late_counts_when_it_was_used_while_that_month_is_not_closed(
    control: Control, clock: Clock, cache: int
) -> None:
    clock.now = JANUARY.end + 20 * HOUR

    record(control, "node-1", Used(cache, requests=7), taken_at=JANUARY.end - 1)

    assert (requests(control, JANUARY), requests(control, FEBRUARY)) == (7, 0)
    assert late(control, FEBRUARY) == []


def test_usage_of_a_closed_month_goes_into_the_open_one_with_a_note(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, "node-1", Used(cache, requests=1))
    close_all(control, clock, JANUARY)

    record(control, "node-2", Used(cache, requests=7, bytes_in=5), taken_at=JANUARY.end - 1)
    record(control, "node-3", Used(cache, requests=2), taken_at=JANUARY.start + DAY)
    record(control, "node-4", Used(cache, requests=4))

    assert (requests(control, JANUARY), requests(control, FEBRUARY)) == (1, 13)
    assert late(control, FEBRUARY) == [Late(JANUARY.start, Totals(requests=9, bytes_in=5))]
    assert late(control, JANUARY) == late(control, FEBRUARY, account_id=2) == []


def test_a_clock_that_is_set_back_into_a_closed_month_does_not_change_it(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, "node-1", Used(cache, requests=1))
    close_all(control, clock, JANUARY)
    clock.now = JANUARY.start + 9 * DAY

    record(control, "node-2", Used(cache, requests=7))

    assert (requests(control, JANUARY), requests(control, FEBRUARY)) == (1, 7)
    assert late(control, FEBRUARY) == [Late(JANUARY.start, Totals(requests=7))]
    assert close(control) == FEBRUARY.start


def test_a_clock_that_jumps_a_month_forward_and_back_closes_nothing_and_bills_once(
    control: Control, clock: Clock, cache: int
) -> None:
    clock.now = JANUARY.start + 9 * DAY
    for number, jump in enumerate((0, 31 * DAY, -31 * DAY, 31 * DAY, -31 * DAY)):
        clock.now += jump
        close(control)
        clock.now += DAY // 2
        close(control)
        record(control, f"node-{number}", Used(cache, requests=10**number))

    assert close(control) <= JANUARY.start
    assert (requests(control, JANUARY), requests(control, FEBRUARY)) == (10101, 1010)
    assert late(control, JANUARY) == late(control, FEBRUARY) == []


def test_a_batch_from_the_future_counts_now(control: Control, clock: Clock, cache: int) -> None:
    record(control, "node-1", Used(cache, requests=7), taken_at=MARCH.start)

    assert (requests(control, JANUARY), requests(control, MARCH)) == (7, 0)


def test_several_months_without_a_server_are_closed_at_once(
    control: Control, clock: Clock, cache: int
) -> None:
    close_all(control, clock, JANUARY)
    clock.now = months.read("2028-12").start + 9 * DAY
    assert close(control) == FEBRUARY.start
    clock.now += DAY
    assert close(control) == months.read("2028-12").start

    record(control, "node-1", Used(cache), taken_at=FEBRUARY.end - 1)

    assert late(control, months.read("2028-12")) == [Late(FEBRUARY.start, Totals(requests=1))]


def test_nothing_is_written_while_nothing_is_due(control: Control, clock: Clock) -> None:
    close_all(control, clock, JANUARY)

    with control.read() as tx:
        assert not closing.is_due(tx)


def test_usage_and_bills_tell_what_was_late(
    control: Control, owner: Client, clock: Clock, cache: int
) -> None:
    record(control, "node-1", Used(cache, requests=1, bytes_in=10))
    before = owner.ask("GET", "/bills/2028-01").json()
    assert not before["is_closed"]
    close_all(control, clock, JANUARY)
    record(control, "node-2", Used(cache, requests=7, bytes_in=5), taken_at=JANUARY.end - 1)

    (note,) = owner.ask("GET", "/bills/2028-02").json()["late"]
    assert (note["month"], note["requests"], note["bytes_in"]) == ("2028-01", 7, 5)
    (same,) = owner.ask("GET", f"/usage?since={FEBRUARY.start}").json()["late"]
    assert same == note
    page = owner.ask("GET", "/bills/2028-02?format=html").text
    assert "usage of 2028-01 that arrived when that month was closed: 7 requests, 5 bytes." in page
    closed = owner.ask("GET", "/bills/2028-01").json()
    assert closed["is_closed"]
    assert "late" not in closed
    assert [line["quantity"] for line in closed["lines"]] == [
        line["quantity"] for line in before["lines"]
    ]
    (newest, oldest) = owner.ask("GET", "/bills").json()["bills"]
    assert (newest["is_closed"], oldest["is_closed"]) == (False, True)


def test_a_bill_of_a_deleted_account_tells_it_too(
    control: Control, clock: Clock, cache: int
) -> None:
    record(control, "node-1", Used(cache))
    close_all(control, clock, JANUARY)
    with control.begin() as tx:
        caches.delete(tx, 1, "a")

    record(control, "node-2", Used(cache, requests=3), taken_at=JANUARY.start)

    with control.read() as tx:
        found = bill_usage.used(tx, 1, FEBRUARY)
    assert {where.cache for by in found.amounts.values() for where in by} == {"a"}
    assert late(control, FEBRUARY)[0].counts.requests == 3
