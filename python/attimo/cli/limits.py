"""attimo limits: every limit of a server."""

from typing import Any

from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_server


@asks_server
def limits(client: HttpClient, as_json: Json = False) -> None:
    """List every limit: what it bounds, what happens beyond it, which setting changes it."""
    found = client.limits()
    if as_json:
        print_json(found)
        return
    rows = [
        (
            limit["name"],
            f"{limit['value']:,} {limit['unit']}",
            limit["purpose"],
            _breach(limit["breach"]),
            limit.get("setting", ""),
        )
        for limit in found
    ]
    print_table(["Name", "Limit", "Purpose", "If exceeded", "Setting"], rows)


def _breach(breach: dict[str, Any]) -> str:
    words = [str(breach[name]) for name in ("status", "code", "err") if name in breach]
    return " ".join(words) or str(breach["effect"])
