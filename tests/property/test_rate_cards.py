"""Any file is a rate card or is refused with a sentence; a card costs more for more."""

import re
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from attimo.billing import card_file
from attimo.billing.card import Card
from attimo.errors import WrongCard

FILES = [file.read_text() for file in sorted(card_file.SHIPPED.glob("*.toml"))]
TIERS = """
[[prices.tiers]]
from = 0
to = 10
price = 2
[[prices.tiers]]
from = 10
price = 1
"""
FILES.append(re.sub(r"price = .*\n$", TIERS, FILES[0]))
ODD = [
    *["", "-1", "1e400", "-1e400", "1e-400", "nan", "inf", "-inf", "+0.0", "-0.0", "0x7f", "1_0"],
    *["true", "[]", "{}", "[[]]", "{a = 1}", "'x'", '""', "'''\n'''", '"\\u0000"', '"\\ud800"'],
    *["2026-02-29", "2026-11-30", "2026-11-30T00:00:00Z", "07:32:00", "9" * 5_000, "[" * 2_000],
    *["0.00000000000000000001", "1e999999999999999999", "99999999999999999999", "# 1", "1\n= 2"],
]


def judged(content: bytes) -> Card | None:
    """The card, or None if it was refused as it should be."""
    try:
        return card_file.parse(content, "ours.toml")
    except WrongCard as error:
        refused = str(error)
    said = re.match(r"ours\.toml(?:, line (\d+))?: \S", refused)
    assert said is not None
    assert 1 <= int(said[1] or 1) <= content.count(b"\n") + 1
    assert refused.isprintable()
    assert len(refused) < 700
    return None


@settings(deadline=None)
@given(st.binary())
def test_any_bytes_are_refused(content: bytes) -> None:
    assert judged(content) is None


@settings(deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_a_card_with_an_odd_value_is_one_or_is_refused(file: str, data: st.DataObject) -> None:
    lines = file.split("\n")
    fields = [at for at, line in enumerate(lines) if "=" in line and not line.startswith("#")]
    at = data.draw(st.sampled_from(fields))
    value = data.draw(st.one_of(st.sampled_from(ODD), st.text(max_size=20)))
    lines[at] = f"{lines[at].partition('=')[0]}= {value}"

    card = judged("\n".join(lines).encode(errors="surrogatepass"))

    for price in card.prices if card else ():
        costs = [price.cost(Fraction(10) ** power) for power in range(-3, 30, 3)]
        assert costs == sorted(costs)
        assert costs[0] >= 0


@settings(deadline=None)
@given(st.sampled_from(FILES), st.data())
def test_a_card_with_a_line_less_more_or_twice_is_one_or_is_refused(
    file: str, data: st.DataObject
) -> None:
    lines = file.split("\n")
    at, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    change = data.draw(st.sampled_from(["remove", "repeat", "move"]))
    line = lines[at] if change == "repeat" else lines.pop(at)
    if change != "remove":
        lines.insert(other, line)

    judged("\n".join(lines).encode())
