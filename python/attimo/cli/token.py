"""attimo token: disposable tokens."""

from pathlib import Path
from typing import Any

from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import option, ttl
from attimo.cli.role_options import permissions_of, rules
from attimo.cli.shapes import Column, Shape, View
from attimo.cli.target import asks_server

group = Group("token", help="Disposable tokens: for data only, valid for at most 25 hours.")


class _Token(Shape):
    """The token alone."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        print(answer["token" if answer["raw"] else "disposable_token"])


@command(
    group,
    shape=_Token(
        Column("token"),
        Column("disposable_token"),
        Column("endpoint"),
        Column("expires_at", "moment"),
    ),
    examples=[
        "attimo token create --allow read:default-cache/public/* --ttl 5m",
        "attimo token create --allow read,write:default-cache --raw",
    ],
)
@rules
@ttl("Expire after this long (30m, 12h).", default="1h", show_default=True)
@option("--token-id", default="", help="Name of the token's holder, at most 64 characters.")
@option("--raw", is_flag=True, help="Print the bare token, for an Authorization header.")
@asks_server
def create(
    client: HttpClient,
    allowed: tuple[str, ...],
    permissions: Path | None,
    ttl: int,
    token_id: str,
    raw: bool,
) -> dict[str, Any]:
    """Create a disposable token and print it. The server does not store it.

    The output is for Momento's clients (`fromDisposableToken`) and contains the endpoint.
    """
    asked = {
        "permissions": permissions_of(allowed, permissions),
        "valid_for_seconds": ttl,
        "token_id": token_id,
    }
    made = client.create_token(asked)
    return made | {"expires_at": made["valid_until"], "raw": raw}
