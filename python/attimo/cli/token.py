"""attimo token: disposable tokens."""

from pathlib import Path
from typing import Annotated

import typer

from attimo.cli import allow, spans
from attimo.cli.client import Client
from attimo.cli.output import Json, print_json
from attimo.cli.target import asks_server

app = typer.Typer(
    help="Disposable tokens: for data only, and for 25 hours at most.", no_args_is_help=True
)


@app.command()
@asks_server
def create(
    client: Client,
    allowed: Annotated[list[str] | None, typer.Option("--allow", help=allow.HELP)] = None,
    permissions: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="A file of JSON with rules."),
    ] = None,
    expires_in: Annotated[str, typer.Option(help="How long it is valid, such as 30m.")] = "1h",
    token_id: Annotated[
        str, typer.Option(help="A name for its bearer, at most 64 characters.")
    ] = "",
    raw: Annotated[
        bool, typer.Option("--raw", help="Without the endpoint: for the header authorization.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Make a token and print it. Nobody keeps it.

    It is printed as Momento's clients take it (`fromDisposableToken`), with the endpoint inside.
    """
    if (permissions is None) == (not allowed):
        raise typer.BadParameter("say what it permits, with --allow or with --permissions")
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
