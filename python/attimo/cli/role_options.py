"""What commands about permissions share: options for rules, and roles by their names."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from attimo.cli import allow, complete
from attimo.cli.http_client import HttpClient
from attimo.cli.inputs import InputFile
from attimo.cli.options import argument, option
from attimo.errors import NoSuchRole

which = argument("role", "The role's name or id.", shell_complete=complete.roles)

_ALLOW = option("--allow", "allowed", multiple=True, help=allow.HELP)
_PERMISSIONS = option(
    "--permissions",
    type=InputFile(),
    help="JSON file with rules.",
)


def rules(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options --allow and --permissions, of which one is needed."""
    return _ALLOW(_PERMISSIONS(function))


def permissions_of(allowed: tuple[str, ...], file: Path | None) -> dict[str, Any]:
    """The permission set that these options give.

    Raises:
        click.UsageError: None or both are given, or one is wrong.
    """
    if (file is None) == (not allowed):
        raise click.UsageError("pass exactly one of --allow and --permissions")
    return allow.of_file(file) if file else allow.rules(list(allowed))


def find(client: HttpClient, name: str) -> dict[str, Any]:
    """The role of that id, or of that name.

    Raises:
        NoSuchRole: There is neither.
    """
    roles = list(client.roles())
    for field in ("role_id", "role_name"):
        for role in roles:
            if role[field] == name:
                return role
    raise NoSuchRole(name)


def names(client: HttpClient) -> dict[str, str]:
    """The names of all roles, by their ids."""
    return {role["role_id"]: role["role_name"] for role in client.roles()}
