"""attimo token: disposable tokens."""

from pathlib import Path
from typing import Annotated

import typer

from attimo.cli import allow, spans
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, print_json
from attimo.cli.target import asks_server

app = typer.Typer(
    help="Disposable tokens: for data only, valid for at most 25 hours.", no_args_is_help=True
)


@app.command()
@asks_server
def create(
    client: HttpClient,
    allowed: Annotated[list[str] | None, typer.Option("--allow", help=allow.HELP)] = None,
    permissions: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="JSON file with rules."),
    ] = None,
    expires_in: Annotated[str, typer.Option(help="Expire after this long (30m, 12h).")] = "1h",
    token_id: Annotated[
        str, typer.Option(help="Name of the token's holder, at most 64 characters.")
    ] = "",
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the bare token, for an Authorization header.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Create a disposable token and print it. The server does not store it.

    The output is for Momento's clients (`fromDisposableToken`) and contains the endpoint.
    """
    if (permissions is None) == (not allowed):
        raise typer.BadParameter("pass exactly one of --allow and --permissions")
    asked = {
        "permissions": allow.of_file(permissions) if permissions else allow.rules(allowed or []),
        "valid_for_seconds": spans.seconds(expires_in),
        "token_id": token_id,
    }
    made = client.create_token(asked)
    if as_json:
        print_json(made)
    else:
        print(made["token" if raw else "disposable_token"])
