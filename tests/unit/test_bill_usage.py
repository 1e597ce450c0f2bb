"""What bills read in the ledger."""

from attimo.billing import months
from attimo.billing.meters import Meter
from attimo.billing.usage import Where
from attimo.control import Control, bill_usage, caches, usage
from attimo.control.ledger_tables import HOUR
from fakes import NOON, Batch, Client, Clock, Used

MONTH = str(months.at(NOON))


def record(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        assert usage.record(tx, Batch("node-1", number, list(used))) is not None


def create(control: Control, name: str) -> int:
    with control.begin() as tx:
        return caches.create(tx, 1, name).id


def test_the_ledger_has_these_meters_and_no_others(control: Control, clock: Clock) -> None:
    cache = create(control, "a")
    counts = {"bytes_in": 3, "bytes_out": 4, "kib_in": 1, "kib_out": 1}
    counts |= {"commands": 5, "operations": 6, "ecpu_thousandths": 7_000}
    stored = {"stored_byte_minutes": 8, "stored_byte_minutes_with_overhead": 9}
    record(
        control,
        1,
        Used(cache, "k", "Get", **counts),
        Used(cache, "server", "Store", requests=0, **stored),
    )

    with control.read() as tx:
        found = bill_usage.used(tx, 1, months.at(clock.now))

    assert {meter.value: list(amounts.values()) for meter, amounts in found.amounts.items()} == {
        "transferred_bytes": [7],
        "transferred_kib": [2],
        "received_bytes": [3],
        "sent_bytes": [4],
        "requests": [1],
        "commands": [5],
        "operations": [6],
        "ecpu_thousandths": [7_000],
        "stored_byte_minutes": [8],
        "stored_byte_minutes_with_overhead": [9],
    }


def test_stored_data_is_known_by_the_hour_and_so_are_hours_without(
    control: Control, clock: Clock
) -> None:
    a, _ = create(control, "a"), create(control, "b")
    clock.now += 5 * HOUR + 60
    for number, (hours, amount) in enumerate([(0, 60), (0, 6), (1, 30)]):
        stored = {"stored_byte_minutes": amount, "stored_byte_minutes_with_overhead": 2 * amount}
        clock.now += hours * HOUR
        record(control, number, Used(a, "server", "Store", requests=0, **stored))
    with control.begin() as tx:
        caches.delete(tx, 1, "b")
    create(control, "b")
    clock.now += HOUR

    with control.read() as tx:
        found = bill_usage.used(tx, 1, months.at(clock.now))

    hour = NOON + 5 * HOUR
    assert found.amounts[Meter.STORED_BYTE_MINUTES] == {
        Where("a", None, hour): 66,
        Where("a", None, hour + HOUR): 30,
    }
    assert found.amounts[Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD] == {
        Where("a", None, hour): 132,
        Where("a", None, hour + HOUR): 60,
    }
    assert found.empty_hours == {"a": 6, "b": 8}


def test_a_month_in_which_not_everything_was_counted_yet_says_so(
    control: Control, owner: Client, clock: Clock
) -> None:
    record(control, 1, Used(create(control, "a"), commands=1))
    clock.now = months.at(NOON).next.start
    record(control, 2, Used(1, commands=1))
    with control.database.begin() as connection:
        connection.execute("UPDATE usage_kept SET all_counts_since = :since", since=NOON + 1)

    lacks = {
        month: owner.ask("GET", f"/bills/{month}?card=upstash-payg-2026-08").json()["not_metered"]
        for month in (MONTH, str(months.at(clock.now)))
    }

    assert lacks == {MONTH: ["Commands", "Stored data"], str(months.at(clock.now)): []}
