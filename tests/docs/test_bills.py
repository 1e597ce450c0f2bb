"""The page about plans and bills shows what bills are: its table, its rate card, its refusal."""

import re
from fractions import Fraction

import pytest

from attimo.billing import card_file
from attimo.billing.bill import bill
from attimo.billing.meters import Meter
from attimo.billing.months import DAY, Month
from attimo.billing.usage import Usage, Where
from attimo.errors import WrongCard
from docs.typed import DOCS

TEXT = (DOCS / "how-to" / "plans-and-bills.md").read_text()
(CARD,) = re.findall(r"^```toml\n(.*?)^```$", TEXT, re.S | re.M)


def test_the_table_of_the_page_is_the_bill_that_it_tells_of() -> None:
    month = Month(2026, 12)
    used = Usage({Meter.TRANSFERRED_BYTES: {Where("shop", "key"): 60 * 2**30}})
    card = card_file.load().named(None)

    found = bill(card, used, month, since=0, now=month.start + 12 * DAY)

    (row,) = re.findall(r"^Transfer in and out +(.*)$", TEXT, re.M)
    assert row.split() == ["60", "GiB", "50", str(found.total), str(found.forecast)]


def test_the_card_of_the_page_can_be_used_and_costs_what_the_page_says() -> None:
    transfer, requests = card_file.parse(CARD.encode(), "ours.toml").prices

    costs = {gb: transfer.cost(Fraction(gb)) for gb in (10, 11, 1010, 1011)}

    assert costs == {10: 0, 11: Fraction("0.09"), 1010: 90, 1011: Fraction("90.05")}
    assert requests.cost(Fraction(1_000_000)) == Fraction("0.40")


def test_the_refusal_of_the_page_is_what_the_server_says() -> None:
    wrong = CARD.replace("price = 0.09", "price = -0.09")

    with pytest.raises(WrongCard) as refused:
        card_file.parse(wrong.encode(), "/etc/attimo/cards/ours.toml")

    assert f"attimo: {refused.value}" in TEXT
