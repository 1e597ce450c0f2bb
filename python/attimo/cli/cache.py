"""attimo cache: caches."""

from typing import Any

import click

from attimo.cli import ask, cache_items, cache_keys, cache_stats
from attimo.cli.command import Entry, Group, Old, command
from attimo.cli.durations import Duration
from attimo.cli.http_client import HttpClient
from attimo.cli.options import cache_name, dry_run, option, ttl, yes
from attimo.cli.shapes import Column, Done, Listing, View, quoted
from attimo.cli.target import asks_server
from attimo.errors import AlreadyExists

group = Group(
    "cache",
    help="Caches: named sets of items.",
    table={
        "export": Entry(
            "attimo.cli.transfer.exporting",
            "Print the items of a cache, for `import`.",
            attribute="export_items",
        ),
        "import": Entry(
            "attimo.cli.transfer.importing",
            "Write items from a file, Valkey or Redis.",
            attribute="import_items",
        ),
    },
    old={
        "get": Old("get", Entry("attimo.cli.items", attribute="get")),
        "set": Old("set", Entry("attimo.cli.item_writes", attribute="set_items")),
        "delete-item": Old("del", Entry("attimo.cli.items", attribute="delete")),
    },
)

NAME = Column("name")

_CREATED = {(True, False): "Created", (False, False): "There is already", (False, True): "Extended"}
"""What was done, by whether the cache was created and whether it was extended."""

LONGEST_TOKEN = 25 * 3_600
"""Of a disposable token, in seconds."""

LONGEST_LIFE = 10 * 365 * 86_400
"""Of a cache, in seconds."""


class _Created(Done):
    """A sentence on standard error, and the token alone on standard output."""

    def text(self, answer: Any, view: View) -> None:
        """Print them."""
        super().text(answer, view)
        if answer["token"] is not None:
            print(answer["token"])


@command(
    group,
    shape=_Created(
        lambda told: (
            f"{_CREATED[told['created'], told['extended']]} the cache {quoted(told['name'])}."
        ),
        NAME,
        Column("created", "flag"),
        Column("extended", "flag"),
        Column("token", none="-"),
    ),
    examples=["attimo cache create sessions", "attimo cache create pr-7 --ttl 2h --token 2h"],
)
@cache_name
@ttl("Delete the cache automatically after this long (2h, 7d). Default: never.", LONGEST_LIFE)
@option("--if-not-exists", is_flag=True, help="No error if the cache exists; leave it as it is.")
@option(
    "--extend",
    is_flag=True,
    help="No error if the cache exists; let it live for at least --ttl from now.",
)
@option(
    "--token",
    "token_for",
    type=Duration(LONGEST_TOKEN, 1),
    help="Also create a token for this cache alone that expires after this long (2h); print it.",
)
@asks_server
def create(
    client: HttpClient,
    name: str,
    ttl: int | None,
    if_not_exists: bool,
    extend: bool,
    token_for: int | None,
) -> dict[str, Any]:
    """Create a cache; it is usable at once."""
    if extend and ttl is None:
        raise click.UsageError("--extend needs --ttl")
    told = {"name": name, "created": True, "extended": False}
    try:
        return told | {"token": client.create_cache(name, ttl, token_for)}
    except AlreadyExists:
        if not if_not_exists and not extend:
            raise
    token = client.token_of_cache(name, token_for) if token_for is not None else None
    if extend and ttl is not None:
        client.extend_cache(name, ttl)
    return told | {"created": False, "extended": extend, "token": token}


@command(
    group,
    "list",
    shape=Listing(
        NAME,
        Column("created_at", "moment", "Created"),
        Column("expires_at", "moment", "Expires", none="never"),
    ),
    examples=["attimo cache list", "attimo cache list --json"],
    watch=True,
)
@asks_server
def list_caches(client: HttpClient) -> list[dict[str, Any]]:
    """List the caches of the account."""
    return list(client.caches())


@command(
    group,
    shape=Done(
        lambda told: (
            f"{ask.did('Deleted', told)} the cache {quoted(told['name'])}, with all its items."
        ),
        NAME,
        Column("dry_run", "flag"),
    ),
    examples=["attimo cache delete pr-7 --dry-run", "attimo cache delete pr-7 --yes"],
)
@cache_name
@yes
@dry_run
@asks_server
def delete(client: HttpClient, name: str, yes: bool, dry_run: bool) -> dict[str, Any]:
    """Delete a cache and all its items."""
    ask.about_cache(client, name, "Delete the cache", yes, dry_run)
    if not dry_run:
        client.delete_cache(name)
    return {"name": name, "dry_run": dry_run}


@command(
    group,
    shape=Done(
        lambda told: f"{ask.did('Deleted', told)} all items of the cache {quoted(told['name'])}.",
        NAME,
        Column("dry_run", "flag"),
    ),
    examples=["attimo cache flush sessions --dry-run", "attimo cache flush sessions --yes"],
)
@cache_name
@yes
@dry_run
@asks_server
def flush(client: HttpClient, name: str, yes: bool, dry_run: bool) -> dict[str, Any]:
    """Delete all items of a cache, and keep the cache."""
    ask.about_cache(client, name, "Delete all items of the cache", yes, dry_run)
    if not dry_run:
        client.flush_cache(name)
    return {"name": name, "dry_run": dry_run}


group.add_command(cache_items.items)
group.add_command(cache_keys.keys)
group.add_command(cache_stats.stats)
