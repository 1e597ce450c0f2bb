"""attimo cache items: what a cache holds, with the type, size and remaining life of each item."""

from functools import partial

from attimo.cli.cache_client import CacheClient
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import Integer, argument, cache_name, option
from attimo.cli.pages import gathered
from attimo.cli.shapes import Answer, Column, Listing
from attimo.cli.target import asks_server

PAGE = 10_000
"""How many items are asked for at once."""


@command(
    name="items",
    shape=Listing(
        Column("key", "bytes"),
        Column("type"),
        Column("bytes", "number", "Bytes"),
        Column("length", "number", none="-"),
        Column("ttl_seconds", "duration", "Expires in", none="never"),
    ),
    examples=[
        "attimo cache items sessions",
        "attimo cache items sessions user: --limit 1000 --json",
    ],
)
@cache_name
@argument("prefix", "What the keys start with. Default: all items.", default="")
@option(
    "--limit",
    "-n",
    type=Integer(min=1),
    default=100,
    show_default=True,
    help="Show at most this many items.",
)
@option("--next", "token", help="Continue a list that was cut: `next` of its JSON.")
@asks_server
def items(client: HttpClient, name: str, prefix: str, limit: int, token: str | None) -> Answer:
    """Show the items of a cache whose keys start with a prefix, in no particular order.

    Each with its type, its bytes (of key and content), the number of its elements, and when it
    expires. Leaderboards are listed, too.
    """
    cache = CacheClient(client, name)
    found, token = gathered(partial(cache.items, prefix), token, limit, PAGE)
    return Answer(found, next=token)
