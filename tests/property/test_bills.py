"""Bills add up, never cost less for more, and do not depend on how usage was read."""

from collections.abc import Mapping
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.billing import card_file, months, usage
from attimo.billing.bill import Bill, Line, bill
from attimo.billing.card import Card, Measure, Price, Tier
from attimo.billing.meters import UNITS, Kind, Meter, Span
from attimo.billing.money import MODES, Rounding
from attimo.billing.months import Month
from attimo.billing.usage import Usage, Where
from attimo.control import bills, caches
from attimo.control import usage as ledger
from fakes import NOON, Batch, Clock, Listener, Used, new_control, swift_directory

FEBRUARY = Month(2026, 2)
SHIPPED = list(card_file.load().by_name.values())

names = st.sampled_from(["a", "b", None])
keys = st.sampled_from(["k", "l", None])
hours = st.integers(0, 3).map(lambda at: FEBRUARY.start + 3600 * at)
counts = st.one_of(st.integers(0, 2_000), st.integers(0, 2**63))
flows = st.dictionaries(st.builds(Where, names, keys), counts, max_size=6)
stored = st.dictionaries(st.builds(Where, names, st.none(), hours), counts, max_size=6)
readings = st.fixed_dictionaries(
    {meter: stored if meter.kind is Kind.STORED else flows for meter in Meter}
)
usages = st.builds(Usage, readings, st.dictionaries(names, st.integers(0, 700), max_size=3))
moments = st.integers(FEBRUARY.start, FEBRUARY.end + 1)

money = st.decimals(0, 1_000_000, places=6)
bounds = st.lists(st.integers(1, 10**12), max_size=3, unique=True).map(sorted)


@st.composite
def prices(draw: st.DrawFn, number: int) -> Price:
    meter = draw(st.sampled_from(list(Meter)))
    unit = draw(st.sampled_from([each for each in UNITS.values() if meter in each.meters]))
    edges: list[Decimal | None] = [Decimal(0), *map(Decimal, draw(bounds)), None]
    return Price(
        f"line {number}",
        meter,
        unit,
        [Tier(start or Decimal(0), end, draw(money)) for start, end in pairwise(edges)],
        draw(st.integers(1, 10**6)),
        Decimal(draw(st.integers(0, 1_000))),
        draw(st.sampled_from(Measure)) if unit.span is Span.MONTH else None,
        draw(st.sampled_from([0, 10**8])) if unit.span is Span.HOUR else 0,
        draw(st.integers(1, 3)),
    )


@st.composite
def made_up(draw: st.DrawFn) -> Card:
    rounding = Rounding(draw(st.sampled_from(list(MODES))), draw(st.integers(0, 6)))
    found = [draw(prices(number)) for number in range(draw(st.integers(1, 3)))]
    source = SHIPPED[0]
    return Card("made-up", "USD", source.date, source.source, rounding, found)


cards = st.one_of(st.sampled_from(SHIPPED), made_up())


def billed(card: Card, used: Usage, now: int = FEBRUARY.end) -> Bill:
    return bill(card, used, FEBRUARY, FEBRUARY.start, now)


def total(found: Bill) -> Fraction:
    assert found.total is not None  # all is metered
    return Fraction(found.total)


def added(amounts: Mapping[str | None, Decimal]) -> Fraction:
    return sum((Fraction(amount) for amount in amounts.values()), Fraction(0))


def amount(line: Line) -> Fraction:
    assert line.amount is not None
    return Fraction(line.amount)


@settings(deadline=None)
@given(cards, usages, moments)
def test_lines_and_shares_add_up_to_the_total(card: Card, used: Usage, now: int) -> None:
    found = billed(card, used, now)

    assert sum(map(amount, found.lines)) == total(found)
    assert all(added(line.by_cache) == added(line.by_key) == amount(line) for line in found.lines)
    assert added(found.by_cache) == added(found.by_key) == total(found)
    shares = [share for line in found.lines for share in line.by_cache.values()]
    assert all(share >= 0 for share in shares)
    assert found.forecast is None or Fraction(found.forecast) >= total(found)
    amounts = [*shares, *(each for each in (found.total, found.forecast) if each is not None)]
    exponents = {each.as_tuple().exponent for each in amounts}
    assert exponents == {-card.rounding.digits}


@settings(deadline=None)
@given(cards, usages, usages)
def test_more_usage_never_costs_less(card: Card, used: Usage, more: Usage) -> None:
    assert total(billed(card, used + more)) >= total(billed(card, used))


@settings(deadline=None)
@given(cards, usages, st.data())
def test_splitting_a_month_in_readings_changes_nothing(
    card: Card, used: Usage, data: st.DataObject
) -> None:
    first, second = {}, {}
    for meter, amounts in used.amounts.items():
        parts = {where: data.draw(st.integers(0, amount)) for where, amount in amounts.items()}
        first[meter] = parts
        second[meter] = {where: amount - parts[where] for where, amount in amounts.items()}

    whole = Usage(first, used.empty_hours) + Usage(second)
    assert billed(card, whole) == billed(card, used)


@settings(deadline=None, max_examples=50)
@given(cards, st.lists(usages, min_size=1, max_size=4), st.data())
def test_the_order_of_readings_changes_nothing(
    card: Card, parts: list[Usage], data: st.DataObject
) -> None:
    mixed = data.draw(st.permutations(parts))

    one, other = billed(card, usage.total(parts)), billed(card, usage.total(mixed))

    assert one == other
    assert list(one.by_cache) == list(other.by_cache)


@settings(deadline=None)
@given(cards, usages)
def test_a_share_is_at_most_a_unit_from_its_exact_part(card: Card, used: Usage) -> None:
    """Nobody pays for others: a share is the exact part, rounded down or up."""
    smallest = Fraction(1, 10**card.rounding.digits)
    for price in card.prices:
        if price.unit.span is not None:
            continue
        amounts = used.amounts[price.meter]
        line = next(each for each in billed(card, used).lines if each.name == price.line)
        for cache, share in line.by_cache.items():
            part = sum(count for where, count in amounts.items() if where.cache == cache)
            whole = sum(amounts.values())
            exact = amount(line) * Fraction(part, whole) if whole else Fraction(0)
            assert abs(Fraction(share) - exact) < smallest


batches = st.lists(
    st.lists(
        st.builds(
            Used,
            st.sampled_from([1, 2, 3]),  # the third is another account's
            st.sampled_from(["k", "l"]),
            bytes_in=counts.map(lambda count: count % 2**40),
            kib_out=st.integers(0, 2**30),
        ),
        max_size=4,
    ),
    min_size=1,
    max_size=5,
)


def bills_after(recorded: list[Batch]) -> list[Bill]:
    """The bills of an account with two caches, by every card, after these batches."""
    with swift_directory() as directory:
        control = new_control(directory, Listener(), Clock())
        with control.begin() as tx:
            for account_id, name in ((1, "a"), (1, "b"), (2, "c")):
                caches.create(tx, account_id, name)
        for batch in recorded:
            with control.begin() as tx:
                ledger.record(tx, batch)
        with control.read() as tx:
            found = bills.compare(tx, 1, str(months.at(NOON)), card_file.load())
        control.database.close()
    return list(found.bills)


@settings(deadline=None, max_examples=20)
@given(batches, st.data())
def test_the_order_of_batches_and_their_repetition_change_nothing(
    used: list[list[Used]], data: st.DataObject
) -> None:
    counted = [Batch("node-1", number, each) for number, each in enumerate(used)]
    said = data.draw(st.permutations(counted * 2))

    assert bills_after(said) == bills_after(counted)
