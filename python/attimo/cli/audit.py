"""attimo audit: who did what."""

from itertools import islice
from typing import Annotated

import typer

from attimo.cli import spans
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.target import asks_server


@asks_server
def audit(
    client: HttpClient,
    action: Annotated[
        str | None, typer.Option(help="Filter by action (cache.create) or by kind (cache).")
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Show entries of this last span only (30m, 7d).")
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", "-n", min=1, help="Show at most this many entries.")
    ] = 50,
    as_json: Json = False,
) -> None:
    """Show who did what to keys, roles, caches and members, newest first."""
    after = None if since is None else spans.moment_before(since, "--since")
    entries = list(islice(client.audit(action, after), limit))
    if as_json:
        print_json(entries)
        return
    rows = [
        (moment(each["at"]), each["actor"], each["peer"], each["action"], each["subject"])
        for each in entries
    ]
    print_table(["When", "Who", "From", "Action", "Subject"], rows)
