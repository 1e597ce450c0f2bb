"""The reference of rate cards, from what the program reads and what it comes with."""

from collections.abc import Iterator, Mapping

from attimo.billing import card_file
from attimo.billing.card import Card
from attimo.billing.meters import UNITS, Kind, Meter, Span, Unit
from attimo.billing.money import MODES, SYMBOLS
from attimo.billing.toml_table import MOST_BYTES
from attimo.control.bill_usage import COUNTED

INTRODUCTION = """\
A rate card is a TOML file with prices for what a server meters;
[bills](../how-to/plans-and-bills.md) use it. The cards below come with Attimo. Your own are files
`*.toml` in the directory of the [setting](settings.md) `rate_cards`, each with a name of its own;
`rate_card` names the one for bills that ask for no other. The server reads them when it starts.
With a card that is wrong it does not start, and says the file, the line, the field and the
reason."""


def _words(names: Mapping[str, object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


OF_CARDS = {
    "name": "up to 63 of `a-z`, `0-9`, `.`, `_` and `-`; begins with a letter or digit",
    "currency": f"one of {_words(SYMBOLS)}",
    "date": "when these prices were published, such as `2026-08-13`",
    "source": "where they were published",
    "note": "what a reader of a bill must know; optional",
    "rounding": f"how each line is rounded, once: {_words(MODES)}",
    "digits": f"the decimals that are left, 0 to {card_file.MOST_DIGITS}",
    "prices": f"tables `[[prices]]`, one for each line, up to {card_file.MOST_PRICES}",
}
OF_PRICES = {
    "line": "the line of the bill",
    "meter": "what is counted: see [meters](#meters)",
    "unit": "in which it is sold: see [units](#units)",
    "per": "the number of units that a price is for; default: 1",
    "free": "the units of each month that cost nothing, for the whole account; default: 0",
    "price": f"0 to {card_file.MOST_MONEY:,}, with up to {card_file.MONEY_DECIMALS} decimals",
    "tiers": "instead of `price`: tables `[[prices.tiers]]`, which count from where `free` ends",
    "measure": "for units that end in `-month`: `average` over the month, or `peak`, its hour with "
    "the most stored data of all caches together",
    "minimum_bytes": "for units that end in `-hour`: what each cache is charged for at least, in "
    "each hour in which it exists; a line of its own; default: 0",
    "copies": "for stored data: how many copies are charged; default: 1",
}
OF_TIERS = {
    "from": "the first is from 0, each other from where the one before ends",
    "to": "where it ends; the last one has none",
    "price": "the price of the units in this tier",
}
_SPANS = {
    None: "what is received or sent",
    Span.HOUR: "stored data: the sum over the hours of the month",
    Span.MONTH: "stored data: the whole month, by `measure`",
}


def lines(note: str) -> Iterator[str]:
    """The page."""
    yield from ("# Rate cards", "", note, "", INTRODUCTION)
    yield f"A file has up to {MOST_BYTES:,} bytes, in UTF-8, and a directory up to"
    yield f"{card_file.MOST_CARDS} cards."
    yield from _fields("Fields of a card", OF_CARDS, card_file.CARD)
    yield from _fields("Fields of a price", OF_PRICES, (*card_file.PRICE, *card_file.OF_STORED))
    yield from _fields("Fields of a tier", OF_TIERS, card_file.TIER)
    yield from _meters()
    yield from _units()
    yield from ("", "## The cards that come with Attimo", "")
    yield from ("| card | sells | note | source |", "|---|---|---|---|")
    yield from (_card(card) for card in card_file.load().by_name.values())


def _fields(title: str, meanings: Mapping[str, str], names: tuple[str, ...]) -> Iterator[str]:
    yield from ("", f"## {title}", "", "| field | value |", "|---|---|")
    yield from (f"| `{name}` | {meanings[name]} |" for name in names)


def _meters() -> Iterator[str]:
    yield from ("", "## Meters", "")
    yield "A card can sell what is not metered. Its line then says so and has no amount, and"
    yield "the total of the bill lacks it. [Metering](metering.md) says how requests count, and"
    yield "[pay for value](../explanation/pay-for-value.md#a-bill-is-a-function) why connections"
    yield "do not."
    yield from ("", "| meter | counts | metered |", "|---|---|---|")
    for meter in Meter:
        yield f"| `{meter}` | {meter.meaning} | {'yes' if meter in COUNTED else 'no'} |"


def _units() -> Iterator[str]:
    yield from ("", "## Units", "")
    yield "`KB` is 1,000 bytes and `KiB` is 1,024, and so on. A month is a calendar month in UTC."
    yield from ("", "| unit | for |", "|---|---|")
    for span, text in _SPANS.items():
        of_bytes = [unit for unit in UNITS.values() if unit not in _of_events()]
        names = {unit.name: unit for unit in of_bytes if unit.span is span}
        yield f"| {_words(names)} | {text} |"
    for unit in _of_events():
        yield f"| `{unit.name}` | {_words(dict.fromkeys(unit.meters))} |"


def _of_events() -> list[Unit]:
    return [unit for unit in UNITS.values() if any(m.kind is Kind.EVENTS for m in unit.meters)]


def _card(card: Card) -> str:
    file = f"../../python/attimo/billing/cards/{card.name}.toml"
    sold = ", ".join(price.line.lower() for price in card.prices)
    return f"| [`{card.name}`]({file}) | {sold} | {card.note} | {card.source} |"
