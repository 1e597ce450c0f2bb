"""attimo role: the permissions of keys and members."""

from pathlib import Path
from typing import Annotated, Any

import typer

from attimo.cli import allow
from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, print_json, print_table
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition, NoSuchRole

app = typer.Typer(help="Roles: the permissions of keys and members.", no_args_is_help=True)

Which = Annotated[str, typer.Argument(help="The role's name or id.")]
Allow = Annotated[list[str] | None, typer.Option("--allow", help=allow.HELP)]
From = Annotated[
    Path | None,
    typer.Option("--permissions", exists=True, dir_okay=False, help="JSON file with rules."),
]
Description = Annotated[
    str | None, typer.Option("--description", "-d", help="Description of the role.")
]


@app.command("list")
@asks_server
def list_roles(client: HttpClient, as_json: Json = False) -> None:
    """List the system's roles and the account's own."""
    found = list(client.roles())
    if as_json:
        print_json(found)
        return
    rows = [
        (role["role_id"], role["role_name"], role["type"], role.get("description", ""))
        for role in found
    ]
    print_table(["Id", "Name", "Type", "Description"], rows)


@app.command()
@asks_server
def show(client: HttpClient, role: Which, as_json: Json = False) -> None:
    """Show the permissions of a role."""
    found = find(client, role)
    if as_json:
        print_json(found)
        return
    permissions = found["permissions"]
    rows = [(allow.shown(rule),) for rule in permissions["rules"]]
    for condition in permissions.get("conditions", []):
        ranges = ", ".join(condition["ip_filter"]["allowed_cidr_ranges"])
        rows.append((f"only from {ranges}",))
    print_table([found["role_name"]], rows)


@app.command()
@asks_server
def create(
    client: HttpClient,
    name: Annotated[str, typer.Argument(help="Name of the new role.")],
    allowed: Allow = None,
    permissions: From = None,
    description: Description = None,
    as_json: Json = False,
) -> None:
    """Create a role from --allow or a file, and print its id."""
    made = client.create_role(_wanted(name, allowed, permissions, description))
    if as_json:
        print_json(made)
    else:
        print(made["role_id"])


@app.command()
@asks_server
def update(
    client: HttpClient,
    role: Which,
    allowed: Allow = None,
    permissions: From = None,
    description: Description = None,
    name: Annotated[str | None, typer.Option(help="New name of the role.")] = None,
    keep_keys: Annotated[
        bool, typer.Option("--keep-keys", help="Keep the API keys created by holders of the role.")
    ] = False,
) -> None:
    """Replace the permissions of a role. Everyone who has the role is affected immediately.

    API keys that holders of the role created and could no longer create with the new permissions
    are revoked and printed.
    """
    found = find(client, role)
    wanted = _wanted(name or found["role_name"], allowed, permissions, description)
    changed = client.change_role(found["role_id"], wanted, keep_keys)
    for key_id in changed.get("ended_api_keys", []):
        print(f"revoked the API key {key_id}")


@app.command()
@asks_server
def delete(client: HttpClient, role: Which) -> None:
    """Delete a role that is not in use."""
    answer = client.delete_role(find(client, role)["role_id"])
    if answer["status"] == "blocked":
        raise FailedPrecondition(
            f"The role is in use by {_holders(answer)}. Change their role or revoke them first"
        )


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


def _holders(answer: dict[str, Any]) -> str:
    kinds = {"api_keys": "API key", "account_members": "member", "invitations": "invitation"}
    counts = {kind: len(answer[field]) for field, kind in kinds.items()}
    return ", ".join(f"{n} {kind}{'s' * (n > 1)}" for kind, n in counts.items() if n)


def _wanted(
    name: str, allowed: list[str] | None, file: Path | None, description: str | None
) -> dict[str, Any]:
    if (file is None) == (not allowed):
        raise typer.BadParameter("pass exactly one of --allow and --permissions")
    permissions = allow.of_file(file) if file else allow.rules(allowed or [])
    said = {} if description is None else {"description": description}
    return {"role_name": name, "permissions": permissions} | said
