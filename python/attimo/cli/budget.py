"""attimo budget: what an account wants to spend in a month, and what happens on the way there."""

from typing import Any

import click

from attimo.cli import ask, complete
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Decorator, argument, option, yes
from attimo.cli.plan_options import bytes_per_second
from attimo.cli.shapes import Column, Done, Record
from attimo.cli.target import asks_server

group = Group("budget", help="A budget: what a month may cost, and what happens on the way there.")

SHARES = ("at_50", "at_80", "at_100")
EFFECTS = ("nothing", "notify", "throttle", "block")
COLUMNS = (
    Column("amount", "decimal"),
    Column("currency"),
    Column("card"),
    *(Column(name, title=f"At {name.removeprefix('at_')} %") for name in SHARES),
    Column("throttle_bytes_per_second", "number", "Throttled to", none="-"),
    Column("month"),
    Column("spent", "decimal"),
    Column("forecast", "decimal", none="-"),
    Column("not_metered", "data", "Not metered"),
)


def _effect(percent: int) -> Decorator:
    return option(
        f"--at-{percent}",
        type=click.Choice(EFFECTS),
        default="notify",
        show_default=True,
        help=f"What happens at {percent} % of the sum.",
    )


@command(
    group, shape=Record(*COLUMNS), examples=["attimo budget show", "attimo budget show --json"]
)
@asks_server
def show(client: HttpClient) -> dict[str, Any]:
    """Show the budget of your account, and what is spent of it in this month."""
    return _fields(client.budget())


@command(
    group,
    "set",
    shape=Done(
        "The budget is {amount} {currency} a month, by the rate card {card}; {spent} is spent.",
        *COLUMNS,
    ),
    examples=[
        "attimo budget set 20",
        "attimo budget set 50 --at-80 throttle --throttle-to 1MiB --at-100 block --json",
    ],
)
@argument("amount", "The sum for a calendar month (UTC), in the currency of the rate card.")
@option(
    "--card",
    help="The rate card; `attimo bill --compare` lists them.",
    shell_complete=complete.rate_cards,
)
@_effect(50)
@_effect(80)
@_effect(100)
@option("--throttle-to", metavar="SIZE", help="Bytes per second where the effect is `throttle`.")
@asks_server
def set_budget(
    client: HttpClient,
    amount: str,
    card: str | None,
    at_50: str,
    at_80: str,
    at_100: str,
    throttle_to: str | None,
) -> dict[str, Any]:
    """Set the budget of your account. It is compared with the bill once a minute.

    `notify` writes an entry into the audit log and e-mails the members who may see bills.
    `throttle` and `block` do that, too, and slow or refuse data requests until the month ends.
    """
    asked = {
        "amount": amount,
        "card": card,
        "effects": {"at_50": at_50, "at_80": at_80, "at_100": at_100},
        "throttle_bytes_per_second": bytes_per_second(throttle_to),
    }
    return _fields(client.set_budget(asked))


@command(
    group,
    shape=Done("Deleted the budget."),
    examples=[
        "attimo budget delete --yes",
        "attimo budget set 20 && attimo budget delete --yes --json",
    ],
)
@yes
@asks_server
def delete(client: HttpClient, yes: bool) -> dict[str, Any]:
    """Delete the budget of your account, and end what it has throttled or blocked."""
    ask.confirm("Delete the budget?", yes)
    client.delete_budget()
    return {}


def _fields(budget: dict[str, Any]) -> dict[str, Any]:
    if lacking := ", ".join(budget["not_metered"]):
        click.echo(f"Not metered in this month, so not counted as spent: {lacking}.", err=True)
    effects: dict[str, Any] = budget["effects"]
    return {**budget, **effects}
