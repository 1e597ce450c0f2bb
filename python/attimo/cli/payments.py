"""attimo payments: how an account pays, on a server that takes payments."""

from typing import Any

from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.shapes import Column, Done, Record
from attimo.cli.target import asks_server

group = Group("payments", help="How your account pays, on a server that takes payments.")


@command(
    group,
    shape=Record(
        Column("provider"),
        Column("has_payment_method", "flag", "Payment method"),
        Column("sold_since", "moment", "Sold since", none="-"),
        Column("waiting_events", "number", "Waiting events"),
        Column("failed_since", "moment", "Failed since", none="-"),
        Column("plan_changes_at", "moment", "Plan changes", none="-"),
        Column("failed_plan", title="To the plan", none="-"),
    ),
    examples=["attimo payments show", "attimo payments show --json"],
)
@asks_server
def show(client: HttpClient) -> dict[str, Any]:
    """Show whether your account has a payment method, and whether a payment has failed.

    Since a failed payment, invoices are due; from `plan_changes_at` on the account has another
    plan, until it has paid.
    """
    return client.payments()


@command(
    group,
    "setup",
    shape=Done(
        "Enter a payment method on this page: {url}",
        Column("url"),
        Column("expires_at", "moment"),
    ),
    examples=["attimo payments setup", "attimo payments setup --json"],
)
@asks_server
def set_up(client: HttpClient) -> dict[str, Any]:
    """Print the address of a page on which you enter a payment method; nothing is paid there.

    The page is the payment provider's: Attimo sees nothing of what you enter. From the next hour
    on, what your account uses is sold.
    """
    return client.set_up_payments()
