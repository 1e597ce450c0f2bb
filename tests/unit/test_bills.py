"""Bills: lines, shares, minimums, allowances, forecasts, and months."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction

import pytest

from attimo.billing import card_file, months, usage
from attimo.billing.bill import Bill, bill
from attimo.billing.meters import Meter
from attimo.billing.money import MODES, Rounding, apportion
from attimo.billing.months import DAY, Month
from attimo.billing.usage import Usage, Where
from attimo.errors import InvalidArgument

GB, GIB = 10**9, 2**30
NOVEMBER = Month(2026, 11)
START, END = NOVEMBER.start, NOVEMBER.end
CARDS = card_file.load().by_name
ELASTICACHE = "elasticache-serverless-valkey-2026-06"
Amounts = Mapping[Where, int]


def billed(card: str, used: Mapping[Meter, Amounts], now: int = END, since: int = START) -> Bill:
    return bill(CARDS[card], Usage(used), NOVEMBER, since, now)


def amounts(found: Bill) -> dict[str, str | None]:
    return {line.name: None if line.amount is None else str(line.amount) for line in found.lines}


def transferred(**gib: int) -> Mapping[Meter, Amounts]:
    """GiB by cache; each cache has a key of its name in capitals."""
    return {
        Meter.TRANSFERRED_BYTES: {
            Where(cache, cache.upper()): amount * GIB for cache, amount in gib.items()
        }
    }


def test_the_allowance_is_the_accounts_and_not_each_caches() -> None:
    found = billed("momento-2022-09", transferred(a=40, b=40))

    assert found.total == Decimal("4.50")
    assert found.by_cache == {"a": Decimal("2.25"), "b": Decimal("2.25")}
    (line,) = found.lines
    assert (line.quantity, line.free, line.unit) == (Decimal(80), Decimal(50), "GiB")


def test_shares_are_divided_by_use_and_the_first_of_equals_gets_the_last_cent() -> None:
    found = billed("momento-2022-09", transferred(a=20, b=20, c=20))

    assert found.total == Decimal("1.50")
    assert set(found.by_cache.values()) == {Decimal("0.50")}
    found = billed("momento-2022-09", transferred(a=17, b=17, c=17))
    assert found.total == Decimal("0.15")
    assert apportion(Decimal("0.10"), dict.fromkeys("abc", Fraction(1)), 2) == {
        "a": Decimal("0.04"),
        "b": Decimal("0.03"),
        "c": Decimal("0.03"),
    }


def test_what_belongs_to_no_cache_or_key_has_its_share() -> None:
    used = {
        Meter.TRANSFERRED_BYTES: {
            Where(None, "K"): 100 * GIB,
            Where("a", None): 50 * GIB,
        }
    }

    found = billed("momento-2022-09", used)

    assert found.by_cache == {None: Decimal("10.00"), "a": Decimal("5.00")}
    assert found.by_key == {"K": Decimal("10.00"), None: Decimal("5.00")}


def test_a_line_that_is_not_metered_has_no_amount_and_no_zero() -> None:
    found = billed("upstash-payg-2026-08", transferred(a=200))

    assert amounts(found) == {"Commands": None, "Stored data": None, "Bandwidth": "0.44"}
    assert (found.not_metered, str(found.total)) == (["Commands", "Stored data"], "0.44")
    assert found.lines[0].quantity is None


def test_a_bill_of_what_is_not_metered_has_no_total() -> None:
    found = billed("momento-flex-2026-08", transferred(a=200))

    assert (found.total, found.forecast, found.by_cache) == (None, None, {})
    assert found.not_metered == ["Deployed memory"]


def test_what_is_metered_and_was_not_used_costs_nothing() -> None:
    found = billed("momento-2022-09", {Meter.TRANSFERRED_BYTES: {}})

    assert (amounts(found), str(found.total)) == ({"Transfer in and out": "0.00"}, "0.00")
    assert found.by_cache == {}


def test_a_minimum_is_of_each_cache_and_each_hour_and_a_line_of_its_own() -> None:
    hours = [START + 3600 * at for at in range(720)]
    stored = {Where("big", None, hour): GB * 60 for hour in hours}
    stored |= {Where("empty", None, hour): 0 for hour in hours[:360]}
    stored |= {Where("small", None, hour): GB // 20 * 60 for hour in hours}

    found = billed(ELASTICACHE, {Meter.STORED_BYTE_MINUTES: stored, Meter.ECPU_THOUSANDTHS: {}})

    assert amounts(found) == {
        "Stored data": "63.50",  # 720 hours of 1.05 GB at 0.084
        "Stored data, minimum": "6.05",  # 360 hours of 0.1 GB and 720 of 0.05
        "Requests": "0.00",
    }
    of_minimum = found.lines[1].by_cache
    assert of_minimum == {"big": 0, "empty": Decimal("3.03"), "small": Decimal("3.02")}


def test_a_minimum_is_due_for_hours_without_stored_data() -> None:
    used = {
        Meter.STORED_BYTE_MINUTES: {Where("a", None, START): GB * 60},
        Meter.ECPU_THOUSANDTHS: {},
    }
    found = bill(CARDS[ELASTICACHE], Usage(used, {"a": 719, "b": 720}), NOVEMBER, START, END)

    assert amounts(found)["Stored data, minimum"] == "12.09"  # 1,439 hours of 0.1 GB at 0.084
    assert found.lines[1].by_cache == {"a": Decimal("6.04"), "b": Decimal("6.05")}


def test_use_and_minimum_are_rounded_together() -> None:
    """Rounded each by itself, a line of use that grows could make the sum shrink."""
    totals = set()
    for stored in range(0, 100_000_001, 12_500_000):
        used = {Where("a", None, START): stored * 60}
        found = billed(ELASTICACHE, {Meter.STORED_BYTE_MINUTES: used, Meter.ECPU_THOUSANDTHS: {}})
        totals.add(found.total)
    assert totals == {Decimal("0.01")}


def test_the_highest_hour_is_that_of_all_caches_together() -> None:
    stored = {
        Where("a", None, START): 3 * GIB * 60,
        Where("b", None, START): 1 * GIB * 60,
        Where("a", None, START + 3600): 1 * GIB * 60,
        Where("b", None, START + 3600): 2 * GIB * 60,
    }

    found = billed("momento-flex-2026-08", {Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: stored})

    assert str(found.total) == "240.00"
    assert found.by_cache == {"a": Decimal("180.00"), "b": Decimal("60.00")}
    assert found.by_key == {None: Decimal("240.00")}


def test_of_two_highest_hours_the_first_counts_in_whatever_order_they_are_read() -> None:
    hours = {Where("b", None, START + 3600): GIB * 60, Where("a", None, START): GIB * 60}

    found = billed("momento-flex-2026-08", {Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: hours})

    assert found.by_cache == {"a": Decimal("60.00")}


def test_a_forecast_goes_on_as_the_month_did() -> None:
    noon_of_the_tenth = START + 9 * DAY + DAY // 2

    found = billed("momento-2022-09", transferred(a=60), now=noon_of_the_tenth)

    assert found.is_open
    assert str(found.total) == "1.50"
    # 60 GiB in 9.5 days are 189.47 in 30.
    assert str(found.forecast) == "20.92"


def test_a_forecast_begins_with_the_account() -> None:
    found = billed("momento-2022-09", transferred(a=60), now=END - 5 * DAY, since=END - 10 * DAY)

    assert str(found.forecast) == "10.50"


def test_a_highest_hour_is_no_sum_that_grows() -> None:
    stored = {Where("a", None, START): GIB * 60}
    used = {Meter.STORED_BYTE_MINUTES_WITH_OVERHEAD: stored}

    assert str(billed("momento-flex-2026-08", used, now=START + 2 * DAY).forecast) == "60.00"


def test_the_first_day_has_no_forecast() -> None:
    assert billed("momento-2022-09", transferred(a=60), now=START + DAY - 1).forecast is None
    assert billed("momento-2022-09", transferred(a=60), now=START + DAY).forecast is not None


def test_a_closed_month_is_its_own_forecast() -> None:
    found = billed("momento-2022-09", transferred(a=60), now=END)

    assert (found.is_open, found.forecast) == (False, found.total)


def test_parts_of_a_month_add_up_and_zeros_stay() -> None:
    empty = {Meter.REQUESTS: {Where("a"): 0}}
    one, other = Usage(empty), Usage({Meter.REQUESTS: {Where("a"): 0, Where("b"): 2}})

    assert usage.total([one, other]) == Usage({Meter.REQUESTS: {Where("a"): 0, Where("b"): 2}})


def test_what_a_part_did_not_meter_the_whole_did_not() -> None:
    metered = Usage({Meter.REQUESTS: {Where("a"): 1}, Meter.COMMANDS: {Where("a"): 1}})

    assert (metered + Usage({Meter.REQUESTS: {}})).amounts.keys() == {Meter.REQUESTS}


@pytest.mark.parametrize(
    ("mode", "cents"), [("half-up", 3), ("half-even", 2), ("up", 3), ("down", 2)]
)
def test_a_card_says_how_it_rounds(mode: str, cents: int) -> None:
    assert Rounding(mode, 2)(Fraction("0.025")) == Decimal(cents) / 100
    assert set(MODES) == {"half-up", "half-even", "up", "down"}


def test_sums_are_exact_however_large() -> None:
    huge = Fraction(10**40 + 1, 100)

    assert str(Rounding("half-up", 2)(huge)) == "1" + "0" * 38 + ".01"
    assert str(Rounding("half-up", 0)(Fraction(5, 2))) == "3"


def test_months_are_calendar_months_in_utc() -> None:
    assert str(months.at(START)) == "2026-11"
    assert str(months.at(START - 1)) == "2026-10"
    assert str(months.at(END)) == "2026-12"
    assert str(Month(2026, 12).next) == "2027-01"
    assert [Month(year, 2).minutes // 1440 for year in (2024, 2025, 2026)] == [29, 28, 28]
    assert months.read("2026-11") == NOVEMBER


NO_MONTHS = """
2026-13 2026-00 2026-1 26-11 2026-11-01 2026/11 202611 now -026-11 2026-1a 12026-11
"""


@pytest.mark.parametrize(
    "text", [*NO_MONTHS.split(), "", "2026-11\n", " 2026-11", "\uff12026-11", "x" * 99]
)
def test_a_month_that_does_not_exist_is_refused_by_its_field(text: str) -> None:
    with pytest.raises(InvalidArgument, match=r"month: .* is not a month; write it as 2026-11"):
        months.read(text)
