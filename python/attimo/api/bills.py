"""Bills over HTTP (not in Momento's API): by one rate card, or by all of them side by side."""

from typing import Annotated, Any, Literal

from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from attimo.api import bill_reports
from attimo.api.accounts import AccountId
from attimo.api.bill_models import BillComparison, BilledMonth, BillList, BillReport
from attimo.api.bill_page import bill_page
from attimo.api.bill_reports import By
from attimo.api.caller import Authenticated
from attimo.api.parameters import Given
from attimo.api.routing import JSON, Router
from attimo.api.schemas import Model
from attimo.api.usage import CSV, late_usage
from attimo.billing.card_file import Cards
from attimo.control import bills
from attimo.errors import InvalidArgument

router = Router("/bills", "bills")

HTML = "text/html"
MOST_SHARES = 20_000
"""The most shares in one response, which is built in memory."""

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
        cards=[bill_reports.of_card(each, cards) for each in cards.by_name.values()],
    )


@router.get(
    "/{month}",
    operation_id="getBill",
    done="The bill. CSV has a header line and no total; HTML is a page to print.",
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
    """Show the bill of a month; for the current one, the bill so far and a forecast."""
    if account is None:
        found = caller.perform(bills.read, month, cards, card)
    else:
        found = caller.perform(bills.read_of, account, month, cards, card)
    (bill,) = found.bills
    shares = list(bill_reports.shares_of(bill, by))
    if len(shares) > MOST_SHARES:
        raise InvalidArgument(f"by: there are more than {MOST_SHARES} shares; leave it out")
    match format:
        case "csv":
            return _csv(f"bill-{bill.month}", bill_reports.as_csv(bill, by, shares))
        case "html":
            return bill_page(found.account, bill, by, shares, late_usage(found.late))
        case "json":
            report = bill_reports.of_bill(found, bill, cards)
            more = {"shares": bill_reports.of_shares(by, shares)} if by else {}
            return _json(report | more, BillReport)


@router.get(
    "/{month}/compare",
    operation_id="compareBills",
    done="The bills. CSV has a header line, the lines of each card and no totals.",
    media_types=(JSON, CSV),
    refuses=(404,),
)
def compare(
    caller: Authenticated,
    cards: OfServer,
    month: MonthPart,
    account: Other = None,
    format: Annotated[
        Literal["json", "csv"], Field(description="CSV has the lines of each card.")
    ] = "json",
) -> BillComparison | Response:
    """Show the cost of the same usage by each rate card of the server."""
    if account is None:
        found = caller.perform(bills.compare, month, cards)
    else:
        found = caller.perform(bills.compare_of, account, month, cards)
    first = found.bills[0]
    if format == "csv":
        text = bill_reports.compared_as_csv(found.bills)
        return _csv(f"bills-{first.month}", text)
    reports = [bill_reports.of_bill(found, each, cards) for each in found.bills]
    compared = {"month": str(first.month), "is_open": first.is_open, "bills": reports}
    return _json(compared, BillComparison)


def _csv(name: str, text: str) -> Response:
    headers = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return Response(text, headers=headers, media_type=CSV)


def _json(report: dict[str, Any], model: type[Model]) -> Response:
    # Keeps null fields: null means unknown.
    text = model.model_validate(report).model_dump_json(exclude_unset=True)
    return Response(text, media_type=JSON)
