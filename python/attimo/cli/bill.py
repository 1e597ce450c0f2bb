"""attimo bill: what the usage of a month costs, by a rate card or by all of them."""

import sys
from collections.abc import Sequence
from typing import Any

import click

from attimo.cli import account_option, ask, complete, tables
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, option
from attimo.cli.shapes import Column, Report, View, closed, object_schema, record
from attimo.cli.target import asks_server
from attimo.cli.usage import LATE, key_names, late, late_json
from attimo.errors import NotFound

LINES = (
    Column("line"),
    Column("quantity", "decimal", none="-"),
    Column("unit"),
    Column("free", "decimal"),
    Column("amount", "decimal", none="not metered"),
    Column("forecast", "decimal", none="-"),
)
SHARES = {
    "cache": (Column("cache", none="-"), Column("line"), Column("amount", "decimal")),
    "key": (
        Column("key", none="-"),
        Column("key_name", "prose", "Key name", none=""),
        Column("line"),
        Column("amount", "decimal"),
    ),
}
CARDS = (
    Column("card"),
    Column("total", "decimal", none="not metered"),
    Column("forecast", "decimal", none="-"),
    Column("currency"),
    Column("not_metered", "data", "Not metered"),
)


class _Bill(Report):
    """Lines, shares or cards, and what the bill says about them."""

    def text(self, answer: Any, view: View) -> None:
        """Print a table; on a terminal, with the total and what must be known of it."""
        columns: Sequence[Column] = answer["columns"]
        rows = answer["items"]
        if columns == CARDS:
            rows = [each | {"not_metered": ", ".join(each["not_metered"])} for each in rows]
            columns = [*CARDS[:-1], Column("not_metered", "text", "Not metered")]
        if not sys.stdout.isatty():
            for line in late(answer):
                click.echo(line, err=True)
            tables.show(columns, rows, exact=True)
            return
        tables.show(columns, rows, view.wide, total=_total(columns, answer))
        print(f"\n{_about(answer)}")

    def json(self, answer: Any) -> Any:
        """The rows in `items`, and the rest of the bill."""
        return {
            "month": answer["month"],
            "is_open": answer["is_open"],
            "is_closed": answer["is_closed"],
            "card": answer["card"],
            "currency": answer["currency"],
            "items": [record(answer["columns"], each) for each in answer["items"]],
            "total": answer["total"],
            "forecast": answer["forecast"],
            "not_metered": answer["not_metered"],
            "late": late_json(answer),
            "next": None,
        }

    def schema(self) -> dict[str, Any]:
        """The JSON schema; with --compare, the cards are the items and have the totals."""
        text = {"type": ["string", "null"]}
        kinds = [object_schema(columns) for columns in (LINES, *SHARES.values(), CARDS)]
        return closed(
            {
                "month": {"type": "string"},
                "is_open": {"type": "boolean"},
                "is_closed": {"type": "boolean"},
                "card": text,
                "currency": text,
                "items": {"type": "array", "items": {"anyOf": kinds}},
                "total": text,
                "forecast": text,
                "not_metered": {"type": "array", "items": {"type": "string"}},
                "late": LATE,
                "next": {"type": "null"},
            }
        )


@command(
    shape=_Bill(),
    examples=["attimo bill --by cache", "attimo bill --compare"],
)
@argument(
    "month",
    "A calendar month in UTC, such as 2026-11. Default: the current one.",
    required=False,
    shell_complete=complete.months,
)
@option(
    "--card",
    help="Use the prices of this rate card; --compare lists them.",
    shell_complete=complete.rate_cards,
)
@option("--by", "-b", type=click.Choice(list(SHARES)), help="Show the share of each in the bill.")
@option("--compare", is_flag=True, help="Show what the same usage costs by every rate card.")
@account_option.one("Show the bill of this account.")
@option("--csv", "as_csv", is_flag=True, help="Print CSV, for spreadsheets.")
@asks_server
def bill(
    client: HttpClient,
    month: str | None,
    card: str | None,
    by: str | None,
    compare: bool,
    account: str | None,
    as_csv: bool,
) -> dict[str, Any]:
    """Show what the usage of a month costs, by a rate card or by all.

    The current month is an estimate, with a forecast for its end from the second day on. A line for
    what this server does not meter has no amount, and is missing in the total.
    """
    if compare and (card or by):
        raise click.UsageError("pass --compare without --card and --by")
    of = None if account is None else account_option.id_of(client, account)
    month = _current(client, of) if month is None else month
    asked = {"card": card, "by": by, "account": of}
    if as_csv:
        return {"csv": client.bill_csv(month, asked, compare)}
    if compare:
        return _compared(client.compared_bills(month, {"account": of}))
    found = client.bill(month, asked)
    rows = found["shares"] if by else found["lines"]
    if by == "key":
        rows = _with_names(client, rows, of)
    return found | {
        "csv": None,
        "columns": SHARES[by] if by else LINES,
        "items": rows,
        "card": found["card"]["name"],
        "currency": found["card"]["currency"],
        "date": found["card"]["date"],
    }


def _current(client: HttpClient, account: int | None) -> str:
    """The newest month with a bill, by the server's clock.

    Raises:
        NotFound: There is none, since the account was created while the clock was ahead.
    """
    for each in client.bills(account)["bills"]:
        return str(each["month"])
    raise NotFound("The account has no bill yet: it was created later than now")


def _compared(found: dict[str, Any]) -> dict[str, Any]:
    """A comparison; what it has of each card is in the items."""
    items = [
        each | {"card": each["card"]["name"], "currency": each["card"]["currency"]}
        for each in found["bills"]
    ]
    nothing: dict[str, Any] = dict.fromkeys(("csv", "card", "currency", "total", "forecast"))
    first = found["bills"][0]
    usage = {"is_closed": first["is_closed"], "late": first.get("late", [])}
    return found | nothing | usage | {"columns": CARDS, "items": items, "not_metered": []}


def _with_names(
    client: HttpClient, shares: list[dict[str, Any]], account: int | None
) -> list[dict[str, Any]]:
    keys = {each["key"] for each in shares} - ask.OWNERLESS
    accounts = None if account is None else str(account)
    names = key_names(client, keys, accounts) if keys else {}
    return [each | {"key_name": names.get(each["key"])} for each in shares]


def _total(columns: Sequence[Column], answer: Any) -> dict[str, str] | None:
    if answer["card"] is None:
        return None
    forecast = answer["forecast"] or "-"
    total = answer["total"] or "not metered"
    return {columns[0].name: "Total", "amount": total, "forecast": forecast}


def _about(answer: Any) -> str:
    """What stands below a table."""
    said = [f"{answer['month']}{' so far' if answer['is_open'] else ''}"]
    if answer["card"] is None:
        return f"{said[0]}, by every rate card. A total lacks what is not metered."
    said.append(f"in {answer['currency']}, by the rate card {answer['card']} of {answer['date']}.")
    lacking = ", ".join(answer["not_metered"])
    more = f" Not metered, so not in the total: {lacking}." if lacking else ""
    return ", ".join(said) + more + "".join(f"\n{line}" for line in late(answer))
