"""A bill as a page that prints well. It has all that it needs in itself, so it can be saved."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from decimal import Decimal
from html import escape

from starlette.responses import HTMLResponse

from attimo.api.page import HEADERS, page
from attimo.api.usage import LateUsage
from attimo.billing import money
from attimo.billing.bill import Bill, Line
from attimo.billing.card import Card

_STYLE = """\
body { font: 11pt/1.5 system-ui, sans-serif; color: #111; margin: 2rem auto; max-width: 46rem;
  padding: 0 1rem }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem }
caption { text-align: left; font-weight: 600; padding: .3rem 0 }
th, td { text-align: left; vertical-align: top; padding: .3rem .5rem;
  border-bottom: 1px solid #ccc }
:is(th, td):first-child { padding-left: 0; min-width: 6em; overflow-wrap: anywhere }
:is(th, td):last-child { padding-right: 0 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
tfoot td { font-weight: 600; border-bottom: 2px solid #111 }
footer { font-size: 9pt; color: #444 }
@media print {
  @page { margin: 2cm }
  body { margin: 0; padding: 0; max-width: none; font-size: 10pt }
  thead { display: table-header-group }
  tr { break-inside: avoid }
}
"""
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_OTHERS = HEADERS["content-security-policy"]
_POLICY = _OTHERS.replace("style-src 'self'", f"style-src 'sha256-{_HASH}'")
"""It allows this style, which is in the page itself, and no other."""

Share = tuple[str | None, str, Decimal]
"""A cache or key, a line of the bill, and the amount."""
Row = Sequence[str]
"""The cells of a row of a table, as text."""


def bill_page(
    account: str,
    found: Bill,
    by: str | None,
    shares: Sequence[Share],
    late: Sequence[LateUsage],
) -> HTMLResponse:
    """Return the page of a bill; `by` says what the shares are of, or that there are none."""
    title = escape(f"{account}, {found.month}")
    body = "".join(_body(account, found, by, shares, late))
    made = page(title, f"<main>\n{body}</main>\n", f"<style>{_STYLE}</style>\n")
    made.headers["content-security-policy"] = _POLICY
    return made


def _body(
    account: str,
    found: Bill,
    by: str | None,
    shares: Sequence[Share],
    late: Sequence[LateUsage],
) -> Iterator[str]:
    so_far = " so far, as an estimate" if found.is_open else ""
    yield f"<h1>{escape(account)}</h1>\n"
    yield f"<p>Usage of {found.month} (UTC){so_far}, in {found.card.currency}.</p>\n"
    yield from _table(
        "Bill",
        _columns(found, "", "Quantity", "Unit", "Free", "Amount", "Forecast"),
        [_line(line, found) for line in found.lines],
        _columns(found, "Total", "", "", "", *_sums(found.total, found.forecast, found)),
        first_number=1,
    )
    if by is not None:
        rows = [
            (group or "-", line, money_text(amount, found.card)) for group, line, amount in shares
        ]
        heading = (by.capitalize(), "Line", "Amount")
        yield from _table(f"Shares by {by}", heading, rows, first_number=2)
    yield f"<footer>\n<p>{escape(' '.join(_about(found, late)))}</p>\n</footer>\n"


def _line(line: Line, found: Bill) -> Row:
    quantity = "-" if line.quantity is None else money.format_plain(line.quantity)
    free, sums = money.format_plain(line.free), _sums(line.amount, line.forecast, found)
    return _columns(found, line.name, quantity, line.unit, free, *sums)


def _columns(found: Bill, *cells: str) -> Row:
    """The cells of a row; a month that is over has no forecast."""
    return cells if found.is_open else cells[:-1]


def _sums(amount: Decimal | None, forecast: Decimal | None, found: Bill) -> tuple[str, str]:
    return (
        "not metered" if amount is None else money_text(amount, found.card),
        "-" if forecast is None else money_text(forecast, found.card),
    )


def money_text(amount: Decimal, card: Card) -> str:
    """A sum with the symbol of its currency; one of letters has a space behind it."""
    symbol = card.symbol
    gap = "\u00a0" if symbol[-1].isalpha() else ""
    return f"{symbol}{gap}{amount:f}"


def _about(found: Bill, late: Sequence[LateUsage]) -> Iterator[str]:
    card = found.card
    for each in late:
        counts = each.model_dump()
        moved = counts["bytes_in"] + counts["bytes_out"]
        yield (
            f"This includes usage of {each.month} that arrived when that month was closed: "
            f"{counts['requests']:,} requests, {moved:,} bytes."
        )
    if found.not_metered:
        yield f"Not metered, so not in the total: {', '.join(found.not_metered)}."
    yield f"Prices: {card.name}, of {card.date}; {card.source}."
    if card.note:
        yield card.note
    yield f"Each line is rounded once, {card.rounding.mode}; the total is the sum of the lines."


def _table(
    title: str, heading: Row, rows: Sequence[Row], total: Row = (), *, first_number: int
) -> Iterator[str]:
    """A table; numbers stand to the right, from one column on, but for units."""
    classes = [
        ' class="number"' if at >= first_number and name != "Unit" else ""
        for at, name in enumerate(heading)
    ]
    yield f"<table>\n<caption>{escape(title)}</caption>\n"
    yield f"<thead>{_row(heading, classes, 'th')}</thead>\n<tbody>\n"
    yield from (f"{_row(row, classes)}\n" for row in rows)
    yield "</tbody>\n"
    if total:
        yield f"<tfoot>{_row(total, classes)}</tfoot>\n"
    yield "</table>\n"


def _row(cells: Row, classes: Sequence[str], tag: str = "td") -> str:
    made = (
        f"<{tag}{of_class}>{escape(cell)}</{tag}>"
        for cell, of_class in zip(cells, classes, strict=True)
    )
    return f"<tr>{''.join(made)}</tr>"
