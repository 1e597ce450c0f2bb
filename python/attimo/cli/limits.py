"""attimo limits: every limit of a server; those of accounts are in `plan`."""

from collections.abc import Mapping
from typing import Any

from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.shapes import Column, Listing, View, page
from attimo.cli.target import asks_server


class _Limits(Listing):
    """Limits; a table has the unit beside the value, and the breach in words."""

    def text(self, answer: Any, view: View) -> None:
        """Print a table."""
        _TABLE.text([_row(each) for each in page(answer)[0]], view)


_TABLE = Listing(
    Column("name"),
    Column("limit"),
    Column("purpose", "prose"),
    Column("breach", "prose", "If exceeded"),
    Column("setting", none=""),
)


@command(
    shape=_Limits(
        Column("name"),
        Column("value", "number"),
        Column("unit"),
        Column("purpose", "prose"),
        Column("breach", "data"),
        Column("setting", none=""),
    ),
    examples=["attimo limits", "attimo limits --json"],
)
@asks_server
def limits(client: HttpClient) -> list[dict[str, Any]]:
    """List every limit: what it bounds, what happens beyond it, which setting changes it.

    These are the server's. `attimo plan limits` shows those of your account.
    """
    return client.limits()


def _row(limit: Mapping[str, Any]) -> dict[str, Any]:
    breach = limit["breach"]
    words = [str(breach[name]) for name in ("status", "code", "err") if name in breach]
    return {
        **limit,
        "limit": f"{limit['value']:,} {limit['unit']}",
        "breach": " ".join(words) or breach["effect"],
    }
