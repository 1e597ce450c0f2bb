"""attimo key signing and rotate-signing: the keys that sign a server's tokens."""

import sys
from collections.abc import Callable
from typing import Any

import click

from attimo.cli import ask
from attimo.cli.command import command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import option, yes
from attimo.cli.shapes import Column, Listing, Shape, View
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition

LAST = "the last API key that can manage the account's keys"

ID = Column("kid", title="Id")


@command(
    shape=Listing(ID, Column("created_at", "moment", "Created"), Column("use")),
    examples=["attimo key signing", "attimo key signing --json"],
)
@asks_server
def signing(client: HttpClient) -> list[dict[str, Any]]:
    """List the keys that sign and verify this server's tokens. For the operator only."""
    return [key | {"use": "signs" if key["signs"] else "verifies"} for key in client.signing_keys()]


class _Rotated(Shape):
    """The id of a new key, or a sentence about retired ones."""

    def text(self, answer: Any, view: View) -> None:
        """Print it."""
        if answer["kid"] is not None:
            print(answer["kid"])
        else:
            which = answer["retired"] or "all keys but the current one"
            print(f"Retired {which}. Tokens signed by it are invalid now.", file=sys.stderr)


@command(
    name="rotate-signing",
    shape=_Rotated(Column("kid", none=""), Column("retired", none="")),
    examples=["attimo key rotate-signing", "attimo key rotate-signing --retire-old --yes"],
)
@option("--retire", help="Don't rotate: retire this key and invalidate its tokens.")
@option(
    "--retire-old",
    is_flag=True,
    help="Don't rotate: retire all signing keys except the current one. This invalidates every "
    "token they signed.",
)
@yes
@asks_server
def rotate_signing(
    client: HttpClient, retire: str | None, retire_old: bool, yes: bool
) -> dict[str, Any]:
    """Create a new key to sign this server's tokens. For the operator only.

    Tokens signed by older keys stay valid until those are retired, with --retire or --retire-old.
    As with `attimo key revoke`, revoking the last key that can manage keys needs a confirmation or
    --yes.
    """
    if retire is not None and retire_old:
        raise click.UsageError("pass --retire or --retire-old, not both")
    if retire is None and not retire_old:
        return {"kid": client.rotate_signing(), "retired": None}
    which = f"the signing key {retire}" if retire else "all signing keys but the current one"
    ask.confirm(f"Retire {which}, and with it every token signed by it?", yes)
    unless_last(
        lambda force: client.retire_signing(retire, force), yes, "This key signed", "Retire it"
    )
    return {"kid": None, "retired": retire or ""}


def unless_last(end: Callable[[bool], None], yes: bool, what: str, question: str) -> None:
    """Revoke something; revoking the last key that can manage keys needs a `yes`.

    Raises:
        FailedPrecondition: There is no terminal to ask on.
    """
    try:
        end(yes)
    except FailedPrecondition as error:
        if LAST not in str(error):
            raise
        if not sys.stdin.isatty():
            raise FailedPrecondition(
                f"{what} {LAST}. Create another first, or pass --yes"
            ) from error
        ask.confirm(f"{what} {LAST}. {question} anyway?", yes)
        end(True)
