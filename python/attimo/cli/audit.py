"""attimo audit: who did what."""

import click

from attimo.cli import account_option, durations
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import option, span
from attimo.cli.shapes import Answer, Column, Listing
from attimo.cli.target import asks_server


@command(
    shape=Listing(
        Column("account", none="", wide=True),
        Column("account_id", "number", none="", wide=True),
        Column("at", "moment", "When"),
        Column("actor", title="Who"),
        Column("peer", title="From"),
        Column("action"),
        Column("subject"),
        Column("details", "data", wide=True),
    ),
    examples=["attimo audit --action cache --since 7d", "attimo audit -n 5 --json"],
)
@option("--action", help="Filter by action (cache.create) or by kind (cache).")
@span("--since", "Show entries of this last span only (30m, 7d).")
@option(
    "--limit",
    "-n",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="Show at most this many entries, newest first.",
)
@account_option.several("Show the entries of this account.")
@option("--next", "token", help="Continue a list that was cut: `next` of its JSON.")
@asks_server
def audit(
    client: HttpClient,
    action: str | None,
    since: int | None,
    limit: int,
    accounts: tuple[str, ...],
    token: str | None,
) -> Answer:
    """Show who did what to keys, roles, caches, members and accounts, newest first."""
    chosen = account_option.chosen(client, accounts)
    entries, next = client.audit(action, durations.moment_before(since), limit, token, chosen)
    return Answer(entries, next=next)
