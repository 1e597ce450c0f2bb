"""Bills over HTTP [ours]: by one rate card, or by all of them side by side."""

import csv
from collections.abc import Iterator, Sequence
from decimal import Decimal
from io import StringIO
from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from attimo.api.accounts import AccountId
from attimo.api.bill_page import Share, bill_page
from attimo.api.caller import Authenticated
from attimo.api.parameters import Given
from attimo.api.routing import JSON, Router
from attimo.api.schemas import Model
from attimo.api.usage import CSV, LateUsage, as_text, late_usage
from attimo.billing import money
from attimo.billing.bill import Bill, Line, Shares
from attimo.billing.card import Card
from attimo.billing.card_file import Cards
from attimo.control import bills
from attimo.control.bills import AccountBills
from attimo.errors import InvalidArgument

router = Router("/bills", "bills")

HTML = "text/html"
MOST_SHARES = 20_000
"""The most shares in one response, which is built in memory."""

By = Literal["cache", "key"]
_SUM = "An exact decimal number, in the card's currency."
Amount = Annotated[str, Field(description=_SUM)]
AmountOrNull = Annotated[str | None, Field(description=f"{_SUM} Can be null.")]
Quantity = Annotated[str, Field(description="A decimal number, in `unit`.")]
QuantityOrNull = Annotated[
    str | None, Field(description="A decimal number, in `unit`. Can be null.")
]
MonthPart = Annotated[
    str,
    Field(
        description="A calendar month in UTC, such as 2026-11.",
        json_schema_extra={"pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
    ),
]
Other = Annotated[
    AccountId | None,
    Field(
        description="This account instead of the caller's, by ID. For this, the caller needs "
        "`server_management` with `read`."
    ),
]


class BilledMonth(Model):
    """A month that has a bill. While `is_open`, it lasts until `until` so far.

    When it `is_closed`, a day after its end, its usage changes no more.
    """

    month: str
    is_open: bool
    is_closed: bool
    until: Annotated[int, Field(description="Seconds since 1970.")]


class RateCard(Model):
    """A rate card; a total is the sum of its lines, each rounded once."""

    name: str
    currency: Annotated[str, Field(description="The ISO code.")]
    symbol: str
    date: Annotated[str, Field(description="When these prices were published.")]
    source: Annotated[str, Field(description="Where they were.")]
    note: str
    is_default: bool


class BillList(Model):
    """The months with a bill, the newest first, and the cards to choose from."""

    bills: list[BilledMonth]
    cards: list[RateCard]


class BillLine(Model):
    """A line of a bill. `quantity` and `amount` are null for what this server does not meter.

    `free` of the quantity costs nothing. A minimum is a line of its own.
    """

    line: str
    unit: str
    quantity: QuantityOrNull
    free: Quantity
    amount: AmountOrNull
    forecast: AmountOrNull


class BillShare(Model):
    """The share of a cache or key in a line; `cache` and `key` are null for what has none."""

    cache: str | None = None
    key: str | None = None
    line: str
    amount: Amount


class BillReport(Model):
    """The bill of an account; of an open month, what it is so far.

    `forecast` is for the end of the month, if usage goes on as it did; null in the first day.
    `not_metered` has the lines that the card sells and this server does not meter: with any,
    `total` is less than what is due; it is null if nothing is metered. `shares` comes with `by`;
    they add up to the lines. When the month `is_closed`, its usage changes no more; `late` has what
    it contains of earlier months, which were closed when that arrived; absent if there is none.
    """

    account_id: int
    account: Annotated[str, Field(description="The name of the account.")]
    month: str
    is_open: bool
    is_closed: bool
    card: RateCard
    lines: list[BillLine]
    total: AmountOrNull
    forecast: AmountOrNull
    not_metered: list[str]
    shares: list[BillShare] = Field(default_factory=list)
    late: list[LateUsage] = Field(default_factory=list)


class BillComparison(Model):
    """The bills for the same usage by every card."""

    month: str
    is_open: bool
    bills: list[BillReport]


async def _cards(request: Request) -> Cards:
    found: Cards = request.app.state.cards
    return found


OfServer = Annotated[Cards, Given(_cards)]


@router.get(operation_id="listBills", refuses=(404,))
def list_all(caller: Authenticated, cards: OfServer, account: Other = None) -> BillList:
    """List the months that have a bill, and the rate cards of the server."""
    if account is None:
        found = caller.perform(bills.list_all)
    else:
        found = caller.perform(bills.list_of, account)
    return BillList(
        bills=[
            BilledMonth(
                month=str(each.month),
                is_open=each.is_open,
                is_closed=each.is_closed,
                until=each.until,
            )
            for each in found
        ],
        cards=[_card(each, cards) for each in cards.by_name.values()],
    )


@router.get(
    "/{month}",
    operation_id="getBill",
    done="The bill; CSV has a header line and no total, HTML prints well.",
    media_types=(JSON, CSV, HTML),
    refuses=(404,),
)
def show(
    caller: Authenticated,
    cards: OfServer,
    month: MonthPart,
    card: Annotated[str | None, Field(description="A rate card; `GET /bills` lists them.")] = None,
    by: Annotated[By | None, Field(description="Add the shares of caches or keys.")] = None,
    account: Other = None,
    format: Annotated[
        Literal["json", "csv", "html"],
        Field(description="CSV has the lines or, with `by`, the shares; HTML is a page to print."),
    ] = "json",
) -> BillReport | Response:
    """Show the bill of a month; of the current one, what it is so far, and a forecast."""
    if account is None:
        found = caller.perform(bills.read, month, cards, card)
    else:
        found = caller.perform(bills.read_of, account, month, cards, card)
    (bill,) = found.bills
    shares = list(_shares(bill, by))
    if len(shares) > MOST_SHARES:
        raise InvalidArgument(f"by: there are more than {MOST_SHARES} shares; leave it out")
    match format:
        case "csv":
            headers = {"content-disposition": f'attachment; filename="bill-{bill.month}.csv"'}
            return Response(_csv(bill, by, shares), headers=headers, media_type=CSV)
        case "html":
            return bill_page(found.account, bill, by, shares, late_usage(found.late))
        case "json":
            report = _report(found, bill, cards)
            return _json(report | ({"shares": _shown(by, shares)} if by else {}), BillReport)


@router.get("/{month}/compare", operation_id="compareBills", refuses=(404,))
def compare(
    caller: Authenticated, cards: OfServer, month: MonthPart, account: Other = None
) -> BillComparison | Response:
    """Show what the same usage costs by every rate card of the server."""
    if account is None:
        found = caller.perform(bills.compare, month, cards)
    else:
        found = caller.perform(bills.compare_of, account, month, cards)
    first = found.bills[0]
    reports = [_report(found, each, cards) for each in found.bills]
    compared = {"month": str(first.month), "is_open": first.is_open, "bills": reports}
    return _json(compared, BillComparison)


def _json(report: dict[str, Any], model: type[Model]) -> Response:
    # Fields that are null are there: they say that something is not known.
    text = model.model_validate(report).model_dump_json(exclude_unset=True)
    return Response(text, media_type=JSON)


def _card(card: Card, cards: Cards) -> RateCard:
    return RateCard(
        name=card.name,
        currency=card.currency,
        symbol=card.symbol,
        date=card.date.isoformat(),
        source=card.source,
        note=card.note,
        is_default=card.name == cards.default,
    )


def _report(found: AccountBills, bill: Bill, cards: Cards) -> dict[str, Any]:
    late = {"late": late_usage(found.late)} if found.late else {}
    return late | {
        "account_id": found.account_id,
        "account": found.account,
        "month": str(bill.month),
        "is_open": bill.is_open,
        "is_closed": found.is_closed,
        "card": _card(bill.card, cards),
        "lines": [_line(line) for line in bill.lines],
        "total": _text(bill.total),
        "forecast": _text(bill.forecast),
        "not_metered": bill.not_metered,
    }


def _line(line: Line) -> dict[str, str | None]:
    return {
        "line": line.name,
        "unit": line.unit,
        "quantity": None if line.quantity is None else money.short(line.quantity),
        "free": money.short(line.free),
        "amount": _text(line.amount),
        "forecast": _text(line.forecast),
    }


def _shares(bill: Bill, by: By | None) -> Iterator[Share]:
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


def _shown(by: By | None, shares: Sequence[Share]) -> list[dict[str, str | None]]:
    return [
        {by or "": group, "line": line, "amount": _text(amount)} for group, line, amount in shares
    ]


def _csv(bill: Bill, by: By | None, shares: Sequence[Share]) -> str:
    text = StringIO(newline="")
    rows = _shown(by, shares) if by else [_line(line) for line in bill.lines]
    names = [by, "line", "amount"] if by else list(BillLine.model_fields)
    writer = csv.DictWriter(text, [*names, "currency"])
    writer.writeheader()
    for row in rows:
        cells = {name: as_text(cell) for name, cell in row.items()}
        writer.writerow(cells | {"currency": bill.card.currency})
    return text.getvalue()


def _text(amount: Decimal | None) -> str | None:
    """A sum of money, with all its decimals."""
    return None if amount is None else f"{amount:f}"
