"""Rate cards as TOML files: those that come with Attimo, and an operator's own.

Every field is checked, and a card is used as a whole or not at all. docs/reference/rate-cards.md
explains the fields.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from attimo.billing import toml_table
from attimo.billing.card import Card, Measure, Price, Tier
from attimo.billing.meters import UNITS, Kind, Meter, Span, Unit
from attimo.billing.money import MODES, SYMBOLS, Rounding
from attimo.billing.toml_table import Table
from attimo.errors import Misconfigured, NoSuchRateCard

SHIPPED = Path(__file__).parent / "cards"
DEFAULT = "momento-2022-09"
"""The default rate card."""

CARD = ("name", "currency", "date", "source", "note", "rounding", "digits", "prices")
PRICE = ("line", "meter", "unit", "per", "free", "price", "tiers")
OF_STORED = ("measure", "minimum_bytes", "copies")
TIER = ("from", "to", "price")

MOST_MONEY, MONEY_DECIMALS = 10**6, 12
MOST_UNITS, UNIT_DECIMALS = 10**15, 6
MOST_PER, MOST_COPIES, MOST_DIGITS = 10**12, 100, 6
MOST_CARDS, MOST_PRICES = 100, 50
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_FIRST_DAY = date(2000, 1, 1)


@dataclass(frozen=True, slots=True)
class Cards:
    """The rate cards of a server.

    Attributes:
        by_name: The cards by name, the shipped ones first.
        default: The name of the card for bills that ask for no other.
    """

    by_name: Mapping[str, Card]
    default: str

    def named(self, name: str | None) -> Card:
        """Return a card; None is the default.

        Raises:
            NoSuchRateCard: No card has that name.
        """
        wanted = self.default if name is None else name
        if wanted not in self.by_name:
            raise NoSuchRateCard(wanted, ", ".join(self.by_name))
        return self.by_name[wanted]


def load(own: Path | None = None, default: str = DEFAULT) -> Cards:
    """Read the shipped cards, and those of an operator.

    Args:
        own: A directory; its files `*.toml` are cards.
        default: The name of the default card.

    Raises:
        WrongCard: A card is invalid, or two cards have the same name.
        Misconfigured: The directory cannot be read, or has too many cards; no card has the name of
            the default.
    """
    found: dict[str, Card] = {}
    for file in (*_files(SHIPPED), *(_files(own) if own else ())):
        table = toml_table.read(file, str(file))
        card = read(table)
        if card.name in found:
            raise table.refusal("name", f"is {card.name!r}, which another card has already")
        found[card.name] = card
    if default not in found:
        known = ", ".join(found)
        raise Misconfigured(
            f"rate_card is {default!r}, but there is no such card; there are {known}"
        )
    return Cards(found, default)


def parse(content: bytes, name: str) -> Card:
    """Read a card from the content of a file; `name` is for messages.

    Raises:
        WrongCard: The card is invalid.
    """
    return read(toml_table.parse(content, name))


def read(table: Table) -> Card:
    """Read a card.

    Raises:
        WrongCard: The card is invalid.
    """
    table.allow(CARD)
    name = table.text("name", 63)
    if not _NAME.fullmatch(name):
        raise table.refusal("name", "must be of a-z, 0-9, '.', '_' and '-'")
    published = table.day("date")
    if published < _FIRST_DAY:
        raise table.refusal("date", f"is {published}, but must be from {_FIRST_DAY} on")
    return Card(
        name,
        table.choice("currency", SYMBOLS),
        published,
        table.text("source", 500),
        Rounding(table.choice("rounding", MODES), table.integer("digits", 0, MOST_DIGITS)),
        _prices(table),
        table.text("note", 500, default=""),
    )


def _files(directory: Path) -> list[Path]:
    try:
        found = sorted(each for each in directory.iterdir() if each.suffix == ".toml")
    except OSError as error:
        raise Misconfigured(
            f"the rate cards in {directory} cannot be read: {error.strerror}"
        ) from error
    if len(found) > MOST_CARDS:
        raise Misconfigured(f"{directory} has more than {MOST_CARDS} rate cards")
    return found


def _prices(table: Table) -> list[Price]:
    found: list[Price] = []
    for each in table.tables("prices"):
        price = _price(each)
        taken = {line for other in found for line in other.lines}
        if not taken.isdisjoint(price.lines):
            raise each.refusal("line", f"is {price.line!r}, which another price has already")
        found.append(price)
    if len(found) > MOST_PRICES:
        raise table.refusal("prices", f"must have at most {MOST_PRICES} entries")
    return found


def _price(table: Table) -> Price:
    meter = Meter(table.choice("meter", tuple(Meter)))
    table.allow((*PRICE, *OF_STORED) if meter.kind is Kind.STORED else PRICE)
    fitting = [name for name, unit in UNITS.items() if meter in unit.meters]
    unit = UNITS[table.choice("unit", fitting)]
    return Price(
        table.text("line", 60),
        meter,
        unit,
        _tiers(table),
        table.integer("per", 1, MOST_PER, default=1),
        table.number("free", MOST_UNITS, UNIT_DECIMALS, default=Decimal(0)),
        _measure(table, unit),
        _minimum(table, unit),
        table.integer("copies", 1, MOST_COPIES, default=1),
    )


def _measure(table: Table, unit: Unit) -> Measure | None:
    if unit.span is Span.MONTH:
        return Measure(table.choice("measure", tuple(Measure)))
    if "measure" in table.content:
        raise table.refusal("measure", f"is for units such as GB-month, not for {unit.name}")
    return None


def _minimum(table: Table, unit: Unit) -> int:
    if "minimum_bytes" in table.content and unit.span is not Span.HOUR:
        raise table.refusal("minimum_bytes", f"is for units such as GB-hour, not for {unit.name}")
    return table.integer("minimum_bytes", 0, MOST_UNITS, default=0)


def _tiers(table: Table) -> list[Tier]:
    """The tiers, or the one price as a tier without end."""
    if "tiers" not in table.content:
        return [Tier(Decimal(0), None, table.number("price", MOST_MONEY, MONEY_DECIMALS))]
    if "price" in table.content:
        reason = "is given with `tiers`: use either `price` or `tiers`, not both"
        raise table.refusal("price", reason)
    tables = list(table.tables("tiers"))
    found = [_tier(each) for each in tables]
    _check_first_and_last(tables, found)
    for (one, other), each in zip(pairwise(found), tables[1:], strict=True):
        if one.end is None or other.start != one.end:
            word = "overlaps" if one.end is None or other.start < one.end else "leaves a gap after"
            end = "has no end" if one.end is None else f"ends at {one.end}"
            raise each.refusal("from", f"is {other.start}: it {word} the tier before, which {end}")
    return found


def _check_first_and_last(tables: list[Table], tiers: list[Tier]) -> None:
    if tiers[0].start != 0:
        raise tables[0].refusal("from", f"is {tiers[0].start}: the first tier must begin at 0")
    if tiers[-1].end is not None:
        raise tables[-1].refusal("to", "must be left out: the last tier has no end")


def _tier(table: Table) -> Tier:
    table.allow(TIER)
    start = table.number("from", MOST_UNITS, UNIT_DECIMALS)
    end = table.number("to", MOST_UNITS, UNIT_DECIMALS) if "to" in table.content else None
    if end is not None and end <= start:
        raise table.refusal("to", f"is {end}, but must be more than {start}, where the tier begins")
    return Tier(start, end, table.number("price", MOST_MONEY, MONEY_DECIMALS))
