"""attimo key: API keys."""

from typing import Annotated

import typer

from attimo.cli import spans
from attimo.cli.client import Client
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.role import find
from attimo.cli.target import asks_server

app = typer.Typer(help="API keys: each may what its role permits.", no_args_is_help=True)


@app.command()
@asks_server
def create(
    client: Client,
    description: Annotated[str, typer.Option("--description", "-d", help="What it is for.")] = "",
    role: Annotated[str, typer.Option(help="What it may: a role's name or id.")] = "owner",
    expires_in: Annotated[
        str | None, typer.Option(help="How long it is valid, such as 12h or 30d; else for ever.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key and print it. It is shown only now."""
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
    rows = [
        (
            key["key_id"],
            names.get(key["role_id"], "its own"),
            key["description"],
            moment(key["issued_at_epoch_seconds"]),
            moment(key.get("expires_at_epoch_seconds"), "never"),
            moment(key.get("last_used_at_epoch_seconds"), "never"),
        )
        for key in keys
    ]
    print_table(["Id", "Role", "Description", "Issued", "Expires", "Last used"], rows)


@app.command()
@asks_server
def revoke(client: Client, key_id: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Make an API key useless, at once and for good."""
    client.revoke_key(key_id)


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
) -> None:
    """Let a new key sign this server's tokens. For the server's operator.

    What older keys signed stays valid until they are retired, with --retire or --retire-old.
    """
    if retire is not None and retire_old:
        raise typer.BadParameter("say --retire or --retire-old, not both")
    if retire_old:
        client.retire_old_signing()
    elif retire is not None:
        client.retire_signing(retire)
    else:
        print(client.rotate_signing())
