"""Rate cards: what is read, and what is refused with file, line and field."""

from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from attimo.billing import card_file
from attimo.billing.card import Card
from attimo.errors import Misconfigured, WrongCard

CARD = """\
name = "ours"
currency = "EUR"
date = 2026-11-30
source = "our price list"
rounding = "half-up"
digits = 2

[[prices]]
line = "Transfer"
meter = "transferred_bytes"
unit = "GB"
free = 10
[[prices.tiers]]
from = 0
to = 100
price = 0.10
[[prices.tiers]]
from = 100
price = 0.05

[[prices]]
line = "Stored data"
meter = "stored_byte_minutes"
unit = "GB-hour"
minimum_bytes = 1_000
copies = 2
price = 0.000_000_000_001
"""


def parse(text: str) -> Card:
    return card_file.parse(text.encode(), "ours.toml")


def refusal(content: bytes) -> str:
    with pytest.raises(WrongCard) as raised:
        card_file.parse(content, "ours.toml")
    return str(raised.value)


def changed(line: str, *by: str) -> tuple[int, bytes]:
    """The card with other lines in place of one, and the number of the first."""
    lines = CARD.split("\n")
    at = lines.index(line)
    return at + 1, "\n".join([*lines[:at], *by, *lines[at + 1 :]]).encode()


def test_the_shipped_cards_have_a_date_a_source_and_a_symbol() -> None:
    cards = card_file.load()

    assert cards.named(None) == cards.named(card_file.DEFAULT)
    assert len(cards.by_name) == 5
    assert all(card.source and card.symbol == "$" for card in cards.by_name.values())


def test_a_card_has_what_its_file_says() -> None:
    card = parse(CARD)

    assert (card.name, card.symbol, str(card.date)) == ("ours", "€", "2026-11-30")
    transfer, stored = card.prices
    assert [(tier.start, tier.end, tier.price) for tier in transfer.tiers] == [
        (Decimal(0), Decimal(100), Decimal("0.10")),
        (Decimal(100), None, Decimal("0.05")),
    ]
    assert (stored.minimum_bytes, stored.copies) == (1000, 2)
    assert stored.tiers[0].price == Decimal("1e-12")


def test_tiers_count_from_where_the_allowance_ends() -> None:
    (transfer, _) = parse(CARD).prices
    costs = {0: "0", 10: "0", 11: "0.1", 110: "10", 111: "10.05"}

    assert {gb: transfer.cost(Fraction(gb)) for gb in costs} == {
        gb: Fraction(cost) for gb, cost in costs.items()
    }


WRONG = {
    # a line, what stands in its place, and what the message says of that line
    'name = "ours"': {
        'name = ""': "name must be text, not ''",
        "name = 7": "name must be text, not 7",
        'name = "Our Card"': "name must be of a-z, 0-9, '.', '_' and '-'",
        'name = "a\\u001b[31m"': "name must be at most 63 characters that can be printed",
    },
    'currency = "EUR"': {
        'currency = "XXX"': "currency is 'XXX', but must be one of AUD, BRL",
        'currency = "€"': "currency is '€', but must be one of",
        "currency = 1": "currency is 1, but must be one of",
    },
    "date = 2026-11-30": {
        'date = "2026-11-30"': "date is '2026-11-30', but must be a date such as",
        "date = 2026-11-30T00:00:00Z": "date is 2026-11-30 00:00:00+00:00, but must be a date",
        "date = 2026-02-30": "is not TOML: Invalid date or datetime",
        "date = 0001-01-01": "date is 0001-01-01, but must be from 2000-01-01 on",
    },
    'rounding = "half-up"': {'rounding = "nearest"': "rounding is 'nearest', but must be one of"},
    "digits = 2": {
        "digits = -1": "digits is -1, but must be a whole number from 0 to 6",
        "digits = 2.0": "digits is 2.0, but must be a whole number",
        "digits = true": "digits is true, but must be a whole number",
    },
    'meter = "transferred_bytes"': {
        'meter = "bytes"': "prices 1, meter is 'bytes', but must be one of transferred_bytes,",
        'meter = ["requests"]': "prices 1, meter is a list, but must be one of",
    },
    'unit = "GB"': {
        'unit = "GB-hour"': "prices 1, unit is 'GB-hour', but must be one of KB, MB, GB, TB, KiB",
        'unit = "gb"': "prices 1, unit is 'gb', but must be one of",
    },
    "free = 10": {
        "free = -1": "prices 1, free is -1, but must be from 0 to",
        "free = nan": "prices 1, free is not finite, but must be",
        "free = inf": "prices 1, free is not finite, but must be",
        "free = -inf": "prices 1, free is not finite, but must be",
        "free = 1e400": "prices 1, free is 1E+400, but must be from 0 to",
        "free = 1e99999999999999999999": "prices 1, free is not finite",
        "free = true": "prices 1, free is true, but must be a number",
        'free = "10"': "prices 1, free is '10', but must be a number",
        "free = 0.1234567": "prices 1, free has more than 6 decimals",
        "free = [10]": "prices 1, free is a list, but must be a number",
        "discount = 10": "prices 1, discount is unknown; known are line, meter, unit",
        "minimum_bytes = 1": "prices 1, minimum_bytes is unknown; known are",
        "price = 1": "prices 1, price is given with `tiers`",
        "per = 0": "prices 1, per is 0, but must be a whole number from 1 to",
    },
    "price = 0.10": {
        "price = -0.1": "prices 1, tiers 1, price is -0.1, but must be from 0 to 1,000,000",
        "price = 1e7": "prices 1, tiers 1, price is 1E+7, but must be from 0 to 1,000,000",
        "price = 0.12345678901234567890": "prices 1, tiers 1, price has more than 12 decimals",
        "price = 1e-400": "prices 1, tiers 1, price has more than 12 decimals",
        "price = ": "is not TOML: Invalid value",
    },
    "to = 100": {
        "to = 0": "prices 1, tiers 1, to is 0, but must be more than 0, where the tier begins",
        "until = 100": "prices 1, tiers 1, until is unknown; known are from, to, price",
    },
    "from = 100": {
        "from = 90": "prices 1, tiers 2, from is 90: it overlaps the tier before, which ends",
        "from = 110": "prices 1, tiers 2, from is 110: it leaves a gap after the tier before",
    },
    "from = 0": {"from = 1": "prices 1, tiers 1, from is 1: the first tier must begin at 0"},
    'line = "Stored data"': {
        'line = "Transfer"': "prices 2, line is 'Transfer', which another price has already"
    },
}


def test_what_is_wrong_is_refused_with_its_line_and_field() -> None:
    wrong = {}
    for line, cases in WRONG.items():
        for by, said in cases.items():
            number, content = changed(line, by)
            message = refusal(content)
            if not message.startswith(f"ours.toml, line {number}: {said}"):
                wrong[by] = message
    assert wrong == {}


MISSING = {
    'name = "ours"': (1, "name is missing"),
    'source = "our price list"': (1, "source is missing"),
    'meter = "transferred_bytes"': (8, "prices 1, meter is missing"),
    'unit = "GB"': (8, "prices 1, unit is missing"),
    "price = 0.10": (13, "prices 1, tiers 1, price is missing"),
    "price = 0.000_000_000_001": (21, "prices 2, price is missing"),
}


def test_what_is_missing_is_refused_with_the_line_of_its_table() -> None:
    wrong = {}
    for line, (number, said) in MISSING.items():
        message = refusal(changed(line)[1])
        if message != f"ours.toml, line {number}: {said}":
            wrong[line] = message
    assert wrong == {}


def test_a_gap_is_told_where_the_next_tier_begins() -> None:
    number, content = changed("to = 100", "to = 90")
    assert refusal(content) == (
        f"ours.toml, line {number + 3}: "
        "prices 1, tiers 2, from is 100: it leaves a gap after the tier before, which ends at 90"
    )


def test_the_last_tier_has_no_end_and_no_other_lacks_one() -> None:
    number, content = changed("from = 100", "from = 100", "to = 200")
    assert refusal(content) == (
        f"ours.toml, line {number + 1}: "
        "prices 1, tiers 2, to must be left out: the last tier has no end"
    )
    _, content = changed("to = 100")
    assert "from is 100: it overlaps the tier before, which has no end" in refusal(content)


def test_what_is_measured_of_stored_data_fits_its_unit() -> None:
    stored = 'unit = "GB-hour"'
    said = {
        ('unit = "GB-month"',): "prices 2, measure is missing",
        ('unit = "GB-month"', 'measure = "median"'): "measure is 'median', but must be one of",
        ('unit = "GB-month"', 'measure = "peak"'): "minimum_bytes is for units such as GB-hour",
        (stored, 'measure = "peak"'): "measure is for units such as GB-month, not for GB-hour",
    }

    assert {by for by, words in said.items() if words not in refusal(changed(stored, *by)[1])} == (
        set()
    )


def test_a_file_that_is_no_card_is_refused() -> None:
    said = {
        b"": "ours.toml, line 1: name is missing",
        b"\n\n": "ours.toml, line 1: name is missing",
        b"name = ": "ours.toml, line 1: is not TOML: Invalid value",
        b'name = "a"\nname = "b"': "ours.toml, line 2: is not TOML: Cannot overwrite a value",
        b"name = 1\n# \xff": "ours.toml, line 2: is not UTF-8",
        b'\xef\xbb\xbfname = "a"': "ours.toml, line 1: is not TOML: Invalid statement",
        b"digits = " + b"9" * 5000: "ours.toml: has a number that is too long",
        b"a = " + b"[" * 10_000: "ours.toml: is nested too deeply",
        b"#" * 70_000: "ours.toml: is longer than 65,536 bytes or 2,000 lines",
        b"\n" * 2_001: "ours.toml: is longer than 65,536 bytes or 2,000 lines",
        b"prices = 1": "ours.toml, line 1: name is missing",
        b'"a\\nb" = 1': "ours.toml, line 1: 'a\\nb' is unknown; known are name",
    }
    wrong = {
        content[:20]: message
        for content, words in said.items()
        if not (message := refusal(content)).startswith(words)
    }
    assert wrong == {}


def test_no_line_has_the_name_of_the_minimum_of_another() -> None:
    last = """
[[prices]]
line = "Stored data, minimum"
meter = "requests"
unit = "request"
price = 1
"""
    message = refusal((CARD + last).encode())

    assert message.endswith(
        "prices 3, line is 'Stored data, minimum', which another price has already"
    )


def test_tiers_are_tables() -> None:
    head, _, tail = CARD.partition("[[prices.tiers]]")
    content = f"{head}tiers = []\n[[prices]]{tail.partition('[[prices]]')[2]}"

    assert refusal(content.encode()) == (
        "ours.toml, line 13: prices 1, tiers must be tables [[prices.tiers]]"
    )


@pytest.mark.parametrize("prices", ["prices = 1", "prices = []", "prices = [1]", "[prices]"])
def test_prices_are_tables(prices: str) -> None:
    head = CARD.partition("[[prices]]")[0]

    assert "line 7: prices must be tables" in refusal((head.rstrip() + f"\n{prices}\n").encode())


def test_a_value_of_several_lines_is_told_by_its_first() -> None:
    number, content = changed('source = "our price list"', "source = [", "'a',", "'b',", "]")

    assert refusal(content) == f"ours.toml, line {number}: source must be text, not a list"


def test_windows_line_ends_count_once() -> None:
    number, content = changed("digits = 2", "digits = 7")

    assert f"line {number}: digits is 7" in refusal(content.replace(b"\n", b"\r\n"))


def test_an_operator_has_cards_beside_the_shipped_ones(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(CARD)
    (tmp_path / "notes.txt").write_text("no card")

    assert set(card_file.load(tmp_path).by_name) - set(card_file.load().by_name) == {"ours"}


def test_a_card_of_an_operator_can_be_the_default(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(CARD)

    assert card_file.load(tmp_path, "ours").named(None).currency == "EUR"
    with pytest.raises(
        Misconfigured, match="rate_card is 'theirs', but there is no such card; there are el"
    ):
        card_file.load(tmp_path, "theirs")


def test_no_two_cards_have_one_name(tmp_path: Path) -> None:
    (tmp_path / "ours.toml").write_text(CARD.replace('"ours"', '"momento-2022-09"'))

    with pytest.raises(WrongCard, match=r"ours.toml, line 1: name is 'momento-2022-09', which an"):
        card_file.load(tmp_path)


def test_a_directory_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"the rate cards in .*/none cannot be read: No such"):
        card_file.load(tmp_path / "none")
    (tmp_path / "a.toml").mkdir()
    with pytest.raises(WrongCard, match=r"a\.toml: cannot be read: Is a directory"):
        card_file.load(tmp_path)
