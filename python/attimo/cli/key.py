"""attimo key: API keys."""

import json
import sys
from base64 import urlsafe_b64decode
from collections.abc import Callable
from typing import Annotated

import typer

from attimo.cli import spans
from attimo.cli.client import Client
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.role import find
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition

LAST = "the last API key that can manage the account's keys"

app = typer.Typer(help="API keys: each may what its role permits.", no_args_is_help=True)


@app.command()
@asks_server
def create(
    client: Client,
    description: Annotated[
        str, typer.Option("--description", "-d", help="What it is for.")
    ] = "made by attimo key create",
    role: Annotated[str, typer.Option(help="What it may: a role's name or id.")] = "owner",
    expires_in: Annotated[
        str | None, typer.Option(help="How long it is valid, such as 12h or 30d; else for ever.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key and print it. It is shown only now.

    It may permit no more, and end no later, than the key with which it is made.
    """
    expiry = "never" if expires_in is None else spans.moment_in(expires_in)
    made = client.create_key(find(client, role)["role_id"], description, expiry)
    if as_json:
        print_json(made)
    else:
        print(made["api_key"])


@app.command("list")
@asks_server
def list_keys(client: Client, as_json: Json = False) -> None:
    """List the API keys of the account, without the keys themselves."""
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
    client: Client,
    key_id: Annotated[str, typer.Argument(help="The key's id.")],
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Also the last key that can manage keys.")
    ] = False,
    with_made: Annotated[
        bool,
        typer.Option("--with-made", help="Also the keys and invitations that were made with it."),
    ] = False,
) -> None:
    """Make an API key useless, at once and for good.

    On a terminal, the key that the command uses itself is asked about first; and the last key that
    can manage the account's keys takes --yes elsewhere. Without it nobody makes another, except a
    member who signs in, or the next start of a server for its own command line.
    """
    if not yes and sys.stdin.isatty() and _id_of(client.server.api_key) == key_id:
        typer.confirm("This is the key that this command uses itself. Revoke it?", abort=True)
    _unless_last(
        lambda force: client.revoke_key(key_id, force, with_made), yes, "this is", "Revoke it"
    )


def _unless_last(end: Callable[[bool], None], yes: bool, what: str, question: str) -> None:
    """End something; what would end the last key that can manage keys takes a `yes`.

    Raises:
        FailedPrecondition: Nobody is there who could be asked.
    """
    try:
        end(yes)
    except FailedPrecondition as error:
        if LAST not in str(error):
            raise
        if not sys.stdin.isatty():
            raise FailedPrecondition(f"{what} {LAST}; make another first, or say --yes") from error
        typer.confirm(f"{what} {LAST}. {question} all the same?", abort=True)
        end(True)


@app.command("signing")
@asks_server
def signing(client: Client, as_json: Json = False) -> None:
    """List the keys that sign and verify this server's tokens. For the server's operator."""
    keys = client.signing_keys()
    if as_json:
        print_json(keys)
        return
    rows = [
        (key["kid"], moment(key["created_at"]), "signs" if key["signs"] else "verifies")
        for key in keys
    ]
    print_table(["Id", "Made", "Use"], rows)


@app.command("rotate-signing")
@asks_server
def rotate_signing(
    client: Client,
    retire: Annotated[
        str | None, typer.Option(help="Do not rotate: end every token that this key has signed.")
    ] = None,
    retire_old: Annotated[
        bool, typer.Option("--retire-old", help="The same, of every key but the one that signs.")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Also if that ends the last key that can manage keys."),
    ] = False,
) -> None:
    """Let a new key sign this server's tokens. For the server's operator.

    What older keys signed stays valid until they are retired, with --retire or --retire-old. Where
    that would end the last key that can manage keys, you are asked first, as by `attimo key
    revoke`, unless you say --yes.
    """
    if retire is not None and retire_old:
        raise typer.BadParameter("say --retire or --retire-old, not both")
    if retire is None and not retire_old:
        print(client.rotate_signing())
        return
    _unless_last(
        lambda force: client.retire_signing(retire, force), yes, "that has signed", "Retire it"
    )


def _id_of(token: str) -> str | None:
    """The id of the key that this is the token of; None if it is none of ours."""
    try:
        said = json.loads(urlsafe_b64decode(token.split(".")[1] + "=="))
        return str(said["id"])
    except (ValueError, LookupError, TypeError):
        return None
