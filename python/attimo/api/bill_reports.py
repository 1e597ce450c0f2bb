"""What a bill says, as the fields of `bill_models` and as CSV."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from io import StringIO
from typing import Any, Literal

from attimo.api.bill_models import BillLine, RateCard
from attimo.api.bill_page import Share
from attimo.api.usage import as_text, late_usage
from attimo.billing import money
from attimo.billing.bill import Bill, Line, Shares
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.control.bills import AccountBills

By = Literal["cache", "key"]
"""What can have shares in a bill."""

_LINE = list(BillLine.model_fields)


def of_card(card: Card, cards: Cards) -> RateCard:
    """Return a rate card of the server."""
    return RateCard(
        name=card.name,
        currency=card.currency,
        symbol=card.symbol,
        date=card.date.isoformat(),
        source=card.source,
        note=card.note,
        is_default=card.name == cards.default,
    )


def of_bill(found: AccountBills, bill: Bill, cards: Cards) -> dict[str, Any]:
    """Return one of an account's bills, without shares."""
    late = {"late": late_usage(found.late)} if found.late else {}
    return late | {
        "account_id": found.account_id,
        "account": found.account,
        "month": str(bill.month),
        "is_open": bill.is_open,
        "is_closed": found.is_closed,
        "card": of_card(bill.card, cards),
        "lines": [_line(line) for line in bill.lines],
        "total": _text(bill.total),
        "forecast": _text(bill.forecast),
        "not_metered": bill.not_metered,
    }


def shares_of(bill: Bill, by: By | None) -> Iterator[Share]:
    """The share of each cache or key in each line, by names; what has none comes last."""
    if by is None:
        return
    lines: list[tuple[str, Shares]] = [
        (line.name, line.by_cache if by == "cache" else line.by_key) for line in bill.lines
    ]
    groups = {group for _, shares in lines for group in shares}
    for group in sorted(groups, key=lambda group: (group is None, group or "")):
        for name, shares in lines:
            if group in shares:
                yield group, name, shares[group]


def of_shares(by: By, shares: Sequence[Share]) -> list[dict[str, str | None]]:
    """Return shares, each with the cache or key that has it."""
    return [{by: group, "line": line, "amount": _text(amount)} for group, line, amount in shares]


def as_csv(bill: Bill, by: By | None, shares: Sequence[Share]) -> str:
    """Return the lines of a bill or, with `by`, its shares."""
    rows = of_shares(by, shares) if by else [_line(line) for line in bill.lines]
    names = [by, "line", "amount"] if by else _LINE
    return _csv([*names, "currency"], ({**row, "currency": bill.card.currency} for row in rows))


def compared_as_csv(bills: Sequence[Bill]) -> str:
    """Return the lines of the same usage by each rate card."""
    rows = (
        {"card": bill.card.name, **_line(line), "currency": bill.card.currency}
        for bill in bills
        for line in bill.lines
    )
    return _csv(["card", *_LINE, "currency"], rows)


def _line(line: Line) -> dict[str, str | None]:
    return {
        "line": line.name,
        "unit": line.unit,
        "quantity": None if line.quantity is None else money.format_plain(line.quantity),
        "free": money.format_plain(line.free),
        "amount": _text(line.amount),
        "forecast": _text(line.forecast),
    }


def _csv(names: Sequence[str], rows: Iterable[Mapping[str, str | None]]) -> str:
    text = StringIO(newline="")
    writer = csv.DictWriter(text, names)
    writer.writeheader()
    writer.writerows({name: as_text(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def _text(amount: Decimal | None) -> str | None:
    """A sum of money, with all its decimals."""
    return None if amount is None else f"{amount:f}"
