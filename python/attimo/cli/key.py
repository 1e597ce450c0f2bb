"""attimo key: API keys."""

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Annotated

import typer

from attimo.cli import spans
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.role import find
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition

LAST = "the last API key that can manage the account's keys"

app = typer.Typer(help="API keys; each has the permissions of its role.", no_args_is_help=True)


@app.command()
@asks_server
def create(
    client: HttpClient,
    description: Annotated[
        str, typer.Option("--description", "-d", help="Description of the key.")
    ] = "made by attimo key create",
    role: Annotated[
        str, typer.Option(help="Role for the key (name or id); owner allows everything.")
    ] = "owner",
    expires_in: Annotated[
        str | None, typer.Option(help="Expire after this long (12h, 30d). Default: never.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Create an API key and print it. You won't be able to see it again.

    It can't have more permissions than the key that creates it, nor expire later.
    """
    expiry = "never" if expires_in is None else spans.moment_in(expires_in)
    made = client.create_key(find(client, role)["role_id"], description, expiry)
    if as_json:
        print_json(made)
    else:
        print(made["api_key"])


@app.command("list")
@asks_server
def list_keys(client: HttpClient, as_json: Json = False) -> None:
    """List the API keys of the account, without their secrets."""
    keys = list(client.keys())
    if as_json:
        print_json(keys)
        return
    names = {role["role_id"]: role["role_name"] for role in client.roles()}
    names |= {key["key_id"]: "its own" for key in keys}
    rows = [
        (
            key["key_id"],
            names.get(key["role_id"], "deleted"),
            key.get("description", ""),
            key.get("made_by", key.get("made_by_key_id", "")),
            moment(key["issued_at_epoch_seconds"]),
            moment(key.get("expires_at_epoch_seconds"), "never"),
            moment(key.get("last_used_at_epoch_seconds"), "never"),
        )
        for key in keys
    ]
    print_table(["Id", "Role", "Description", "Made by", "Issued", "Expires", "Last used"], rows)


@app.command()
@asks_server
def revoke(
    client: HttpClient,
    key_id: Annotated[str, typer.Argument(help="The key's id.")],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Revoke even the last key that can manage keys.")
    ] = False,
    with_made: Annotated[
        bool,
        typer.Option("--with-made", help="Also revoke the keys and invitations created with it."),
    ] = False,
) -> None:
    """Revoke an API key immediately. This can't be undone.

    On a terminal, the command asks before it revokes the key that it uses itself. The last key that
    can manage the account's keys needs a confirmation, or --yes where there is no terminal: after
    it, only a member who signs in, or a restart of the server, can create another.
    """
    if not yes and sys.stdin.isatty() and _id_of(client.server.api_key) == key_id:
        typer.confirm("This command uses this key itself. Revoke it?", abort=True)
    _unless_last(
        lambda force: client.revoke_key(key_id, force, with_made), yes, "This is", "Revoke it"
    )


def _unless_last(end: Callable[[bool], None], yes: bool, what: str, question: str) -> None:
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
        typer.confirm(f"{what} {LAST}. {question} anyway?", abort=True)
        end(True)


@app.command("signing")
@asks_server
def signing(client: HttpClient, as_json: Json = False) -> None:
    """List the keys that sign and verify this server's tokens. For the operator only."""
    keys = client.signing_keys()
    if as_json:
        print_json(keys)
        return
    rows = [
        (key["kid"], moment(key["created_at"]), "signs" if key["signs"] else "verifies")
        for key in keys
    ]
    print_table(["Id", "Created", "Use"], rows)


@app.command("rotate-signing")
@asks_server
def rotate_signing(
    client: HttpClient,
    retire: Annotated[
        str | None, typer.Option(help="Don't rotate: retire this key and invalidate its tokens.")
    ] = None,
    retire_old: Annotated[
        bool,
        typer.Option("--retire-old", help="Don't rotate: retire all keys but the current one."),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Even if this revokes the last key that can manage keys."),
    ] = False,
) -> None:
    """Create a new key to sign this server's tokens. For the operator only.

    Tokens signed by older keys stay valid until those are retired, with --retire or --retire-old.
    As with `attimo key revoke`, revoking the last key that can manage keys needs a confirmation or
    --yes.
    """
    if retire is not None and retire_old:
        raise typer.BadParameter("pass --retire or --retire-old, not both")
    if retire is None and not retire_old:
        print(client.rotate_signing())
        return
    _unless_last(
        lambda force: client.retire_signing(retire, force), yes, "This key signed", "Retire it"
    )


def _id_of(token: str) -> str | None:
    """The id of the key with this token; None if it is not a token of Attimo."""
    try:
        said = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(said["id"])
    except (ValueError, LookupError, TypeError):
        return None
