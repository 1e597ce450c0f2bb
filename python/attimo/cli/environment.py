"""attimo env: point the official SDKs at the running server."""

from pathlib import Path
from typing import Any

from attimo.cli import homes
from attimo.cli.command import command
from attimo.cli.options import option
from attimo.cli.shapes import Column, Shape, View
from attimo.cli.target import data_dir_option
from attimo.errors import Unreachable

NAMES = (
    "MOMENTO_API_KEY",
    "ATTIMO_TOKEN",
    "MOMENTO_ENDPOINT",
    "MOMENTO_AUTH_TOKEN",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
)


class Exports(Shape):
    """Variables, as lines for a shell."""

    def text(self, answer: Any, view: View) -> None:
        """Print the lines."""
        from shlex import quote

        for name, value in answer.items():
            print(f"export {name}={quote(value)}")

    def json(self, answer: Any) -> Any:
        """Those that are set."""
        return answer

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the variables, of which some may be missing."""
        return super().schema() | {"required": list(NAMES[:2])}


@command(
    shape=Exports(*map(Column, NAMES)),
    examples=['eval "$(attimo env)"', "attimo env --json"],
)
@option(
    "--v1",
    is_flag=True,
    help="Set MOMENTO_API_KEY to a v1 token, for programs that accept no other.",
)
@data_dir_option
def env(v1: bool, data_dir: Path | None) -> dict[str, str]:
    """Print `export` lines for the server running on this machine.

    They contain the owner's key, whatever ATTIMO_TOKEN is set to.
    """
    from attimo.serve import banner

    home = homes.directory(data_dir)
    credentials = home.credentials()
    if credentials is None or home.running() is None:
        raise Unreachable(f"No server is running on {home.path}. Start one with `attimo serve`")
    return banner.variables(credentials, v1)
