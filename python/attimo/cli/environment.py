"""attimo env: point the official SDKs at a server."""

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from attimo.cli import homes, keys, profiles
from attimo.cli.command import command
from attimo.cli.options import option
from attimo.cli.shapes import Column, Shape, View
from attimo.cli.target import data_dir_option, profile_option
from attimo.data_directory import Credentials
from attimo.errors import Misconfigured, Unreachable

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
@profile_option
@data_dir_option
def env(v1: bool, profile: str | None, data_dir: Path | None) -> dict[str, str]:
    """Print `export` lines for the server running on this machine, or that of a profile.

    They contain the owner's key, or the profile's, whatever ATTIMO_TOKEN is set to.
    """
    from attimo.serve import banner

    if profile is not None and data_dir is not None:
        raise Misconfigured("Pass only one of --profile and --data-dir")
    if data_dir is None and profile is None:
        profile = keys.variable("ATTIMO_PROFILE")
    credentials = _local(data_dir) if profile is None else _elsewhere(profile)
    return banner.variables(credentials, v1)


def _local(data_dir: Path | None) -> Credentials:
    home = homes.directory(data_dir)
    credentials = home.credentials()
    if credentials is None or home.running() is None:
        raise Unreachable(
            f"No server is running on {home.path}. Start one with `attimo serve`, "
            "or pass --profile for another"
        )
    return credentials


def _elsewhere(name: str) -> Credentials:
    """The credentials of a profile; its address is taken for the public name of the server."""
    found = profiles.get(name)
    keys.place(found.url)  # whoever edits the file by hand may have damaged it
    api_key = keys.checked(found.api_key, f"the key of the profile {name!r}")
    parts = urlsplit(found.url)
    https = found.url if parts.scheme == "https" else None
    http = None if https else found.url
    endpoint = parts.netloc.removesuffix(":443")
    return Credentials(endpoint, api_key, http, https, found.ca, 0, found.cache or "")
