"""attimo key: API keys."""

import re
import time
from typing import Annotated

import typer

from attimo.cli.client import Client
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.target import asks_server

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

app = typer.Typer(help="API keys: each may do everything in its account.", no_args_is_help=True)


@app.command()
@asks_server
def create(
    client: Client,
    description: Annotated[str, typer.Option("--description", "-d", help="What it is for.")] = "",
    expires_in: Annotated[
        str | None, typer.Option(help="How long it is valid, such as 12h or 30d; else for ever.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Make an API key and print it. It is shown only now."""
    made = client.create_key(description, _expiry(expires_in))
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
    rows = [
        (
            key["key_id"],
            key["description"],
            moment(key["issued_at_epoch_seconds"]),
            moment(key.get("expires_at_epoch_seconds"), "never"),
        )
        for key in keys
    ]
    print_table(["Id", "Description", "Issued", "Expires"], rows)


@app.command()
@asks_server
def revoke(client: Client, key_id: Annotated[str, typer.Argument(help="The key's id.")]) -> None:
    """Make an API key useless, at once and for good."""
    client.revoke_key(key_id)


def _expiry(expires_in: str | None) -> int | str:
    if expires_in is None:
        return "never"
    match = re.fullmatch(r"(\d+)([smhd])", expires_in)
    if match is None:
        raise typer.BadParameter(
            "say a number and s, m, h or d, such as 12h", param_hint="expires-in"
        )
    return int(time.time()) + int(match[1]) * _SECONDS[match[2]]
