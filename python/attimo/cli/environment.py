"""attimo env: point the official SDKs at the running server."""

from typing import Annotated

import typer

from attimo.cli.output import Json, print_json
from attimo.cli.target import DataDir, local_directory
from attimo.errors import Misconfigured
from attimo.serve import banner

V1 = Annotated[
    bool,
    typer.Option(
        "--v1",
        help="Set MOMENTO_API_KEY to a v1 token, for programs that accept no other.",
    ),
]


def env(data_dir: DataDir = None, v1: V1 = False, as_json: Json = False) -> None:
    """Print `export` lines for the server running on this machine: eval "$(attimo env)".

    They contain the owner's key, whatever ATTIMO_TOKEN is set to.
    """
    home = local_directory(data_dir)
    credentials = home.credentials()
    if credentials is None or home.running() is None:
        raise Misconfigured(f"No server is running on {home.path}. Start one with `attimo serve`")
    if as_json:
        print_json(dict(banner.variables(credentials, v1)))
    else:
        print("\n".join(banner.exports(credentials, v1)))
