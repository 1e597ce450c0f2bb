"""Usage and bills: the month so far with a forecast, past months, by cache, key and rate card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from starlette.responses import Response

from attimo.api.bill_page import money_text
from attimo.billing.bill import Bill, Shares
from attimo.billing.card_file import Cards
from attimo.console import key_names, web
from attimo.console.web import Pages, Visit
from attimo.control import bills, breakdown
from attimo.control.breakdown import By

pages = Pages()


@dataclass(frozen=True, slots=True)
class Share:
    """The part of a sum that a cache, a key or a rate card has; `ratio` is of the greatest."""

    name: str
    amount: str
    ratio: float


@pages.get("/usage")
def show(visit: Visit) -> Response:
    """The bill of a month by a rate card, beside the others, and what was used."""
    cards: Cards = visit.request.app.state.cards
    asked = visit.request.query_params
    listed = visit.perform(bills.list_all)
    month = asked.get("month") or str(listed[0].month)
    card = cards.named(asked.get("card") or None).name
    found = visit.perform(bills.compare, month, cards)
    (bill,) = (each for each in found.bills if each.card.name == card)
    used = visit.perform(breakdown.of_account, [By.CACHE], bill.month.start, bill.month.end)
    by_use = sorted(used.rows, key=lambda row: row.counts.requests, reverse=True)
    return visit.page(
        "usage.html",
        months=[(str(each.month), str(each.month)) for each in listed],
        cards=[(name, name) for name in cards.by_name],
        month=month,
        bill=bill,
        total=_text(bill.total, bill),
        forecast=_text(bill.forecast, bill),
        lines=[(line, _text(line.amount, bill), _text(line.forecast, bill)) for line in bill.lines],
        by_cache=_shares(bill.by_cache, bill, {}),
        by_key=_shares(bill.by_key, bill, key_names.descriptions(visit)),
        compared=_compared(found.bills),
        used=by_use[: web.MOST_ROWS],
        unlisted=len(by_use[web.MOST_ROWS :]),
        totals=used.totals,
        late=found.late,
        cache=By.CACHE,
    )


def _text(amount: Decimal | None, bill: Bill) -> str | None:
    return None if amount is None else money_text(amount, bill.card)


def _shares(shares: Shares, bill: Bill, names: Mapping[str, str]) -> list[Share]:
    """The shares that cost something, the greatest first, up to 100 of them."""
    most = max((*shares.values(), Decimal(0)))
    paid = [(group, amount) for group, amount in shares.items() if amount]
    return [
        Share(
            names.get(group or "", group or "none of them"),
            money_text(amount, bill.card),
            float(amount / most),
        )
        for group, amount in sorted(paid, key=lambda pair: pair[1], reverse=True)[: web.MOST_ROWS]
    ]


def _compared(found: Sequence[Bill]) -> list[Share]:
    """The total of each card; those of one currency are measured by their greatest."""
    known = [(each, each.total) for each in found if each.total is not None]
    most: dict[str, Decimal] = {}
    for each, total in known:
        most[each.card.currency] = max(total, most.get(each.card.currency, Decimal(0)))
    return [
        Share(
            each.card.name,
            money_text(total, each.card),
            float(total / most[each.card.currency]) if most[each.card.currency] else 0.0,
        )
        for each, total in known
    ]
