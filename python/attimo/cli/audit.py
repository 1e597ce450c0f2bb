"""attimo audit: who did what."""

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from attimo.cli import account_option, durations, role_options
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Integer, option, span
from attimo.cli.shapes import Answer, Column, Listing
from attimo.cli.target import asks_server
from attimo.errors import AttimoError

POLL_SECONDS = 1
MOST_AT_ONCE = 10_000


@command(
    shape=Listing(
        Column("account", none="", wide=True),
        Column("account_id", "number", none="", wide=True),
        Column("at", "moment", "When"),
        Column("actor", title="Who"),
        Column("peer", title="From"),
        Column("action"),
        Column("subject"),
        Column("subject_name", none=""),
        Column("actor_name", title="Name of who", none=""),
        Column("details", "data", wide=True),
    ),
    examples=["attimo audit --action cache --since 7d", "attimo audit -n 5 --json"],
)
@option("--action", help="Filter by action (cache.create) or by kind (cache).")
@span("--since", "Show entries of this last span only (30m, 7d).")
@option(
    "--limit",
    "-n",
    type=Integer(min=1),
    default=50,
    show_default=True,
    help="Show at most this many entries, newest first.",
)
@account_option.several("Show the entries of this account.")
@option("--follow", "-f", is_flag=True, help="Then wait for new entries until Ctrl-C.")
@option("--next", "token", help="Continue a list that was cut: `next` of its JSON.")
@asks_server
def audit(
    client: HttpClient,
    action: str | None,
    since: int | None,
    limit: int,
    accounts: tuple[str, ...],
    follow: bool,
    token: str | None,
) -> Answer | Iterator[dict[str, Any]]:
    """Show who did what to keys, roles, caches, members and accounts, newest first.

    With --follow, the oldest of the entries comes first, each on a line of its own, and new ones as
    they are made.
    """
    chosen = account_option.chosen(client, accounts)
    entries, next = client.audit(action, durations.moment_before(since), limit, token, chosen)
    names = _names(client)
    if follow:
        followed = _followed(client, action, chosen, entries)
        return (_named(each, names) for each in followed)
    # The oldest first: what has been deleted since was named when it was made.
    named = [_named(each, names) for each in reversed(entries)]
    return Answer(named[::-1], next=next)


def _names(client: HttpClient) -> dict[str, str]:
    """The names of keys and roles by their ids, as far as the caller may list them."""
    found: dict[str, str] = {}
    with contextlib.suppress(AttimoError):
        found |= role_options.names(client)
        found |= {key["key_id"]: key.get("description", "") for key in client.api_keys()}
    return found


def _named(entry: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """An entry with names beside its ids; what it creates is known to later ones, too."""
    if entry["action"] in ("key.create", "role.create"):
        made = entry["details"]
        names.setdefault(entry["subject"], str(made.get("name") or made.get("description") or ""))
    actor = entry["actor"].removeprefix("key ")
    return entry | {"subject_name": names.get(entry["subject"]), "actor_name": names.get(actor)}


def _followed(
    client: HttpClient, action: str | None, accounts: str | None, entries: list[dict[str, Any]]
) -> Iterator[dict[str, Any]]:
    """The entries, the oldest first, and then those that come."""
    last = entries[0]["at"] if entries else int(time.time())
    seen: list[dict[str, Any]] = []
    while True:
        yield from reversed(entries)
        # Several can be of one second, of which not all were there.
        seen = [each for each in seen + entries if each["at"] >= last]
        time.sleep(POLL_SECONDS)
        found, _ = client.audit(action, last, MOST_AT_ONCE, accounts=accounts)
        entries = [each for each in found if each not in seen]
        last = max([last, *(each["at"] for each in entries)])
