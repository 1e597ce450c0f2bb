"""attimo role: the permissions of keys and members."""

from pathlib import Path
from typing import Any

from attimo import grant_text
from attimo.cli import ask
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, dry_run, option, yes
from attimo.cli.role_options import find, permissions_of, rules, which
from attimo.cli.shapes import Column, Done, Listing, Plain, Shape, View, printable, quoted
from attimo.cli.target import asks_server
from attimo.errors import FailedPrecondition

group = Group("role", help="Roles: the permissions of keys and members.")

ID = Column("role_id", title="Id")
NAME = Column("role_name", title="Name")
PERMISSIONS = Column("permissions", "data", wide=True)
COLUMNS = (ID, NAME, Column("type"), Column("description", "prose", none=""), PERMISSIONS)

description = option("--description", "-d", help="Description of the role.")


class _Rules(Shape):
    """The rules of a role, as they are typed."""

    def text(self, answer: Any, view: View) -> None:
        """Print a line for each."""
        permissions = answer["permissions"]
        for rule in permissions["rules"]:
            print(printable(grant_text.shown(rule)))
        for condition in permissions.get("conditions", []):
            print("only from " + ", ".join(condition["ip_filter"]["allowed_cidr_ranges"]))


@command(
    group,
    "list",
    shape=Listing(*COLUMNS),
    examples=["attimo role list", "attimo role list --json"],
)
@asks_server
def list_roles(client: HttpClient) -> list[dict[str, Any]]:
    """List the system's roles and the account's own."""
    return list(client.roles())


@command(
    group,
    shape=_Rules(*COLUMNS),
    examples=["attimo role show viewer", "attimo role show viewer --json"],
)
@which
@asks_server
def show(client: HttpClient, role: str) -> dict[str, Any]:
    """Show the permissions of a role."""
    return find(client, role)


@command(
    group,
    shape=Plain(*COLUMNS),
    examples=[
        "attimo role create reader --allow read:shop",
        "attimo role create ci --allow caches:write,list:pr-* --allow read,write:pr-*",
    ],
)
@argument("name", "Name of the new role.")
@rules
@description
@asks_server
def create(
    client: HttpClient,
    name: str,
    allowed: tuple[str, ...],
    permissions: Path | None,
    description: str | None,
) -> dict[str, Any]:
    """Create a role from --allow or a file, and print its id."""
    return client.create_role(_wanted(name, allowed, permissions, description))


@command(
    group,
    shape=Done(
        lambda told: "\n".join(
            [
                f"Changed the role {quoted(told['role_name'])}.",
                *(f"Revoked the API key {key}." for key in told["revoked_keys"]),
            ]
        ),
        ID,
        NAME,
        Column("revoked_keys", "data"),
    ),
    examples=[
        "attimo role update reader --allow read:shop/public/*",
        "attimo role update reader --allow read:shop --name shop-reader --keep-keys",
    ],
)
@which
@rules
@description
@option("--name", help="New name of the role.")
@option("--keep-keys", is_flag=True, help="Keep the API keys created by holders of the role.")
@asks_server
def update(
    client: HttpClient,
    role: str,
    allowed: tuple[str, ...],
    permissions: Path | None,
    description: str | None,
    name: str | None,
    keep_keys: bool,
) -> dict[str, Any]:
    """Replace the permissions of a role. Everyone who has the role is affected immediately.

    API keys that holders of the role created and could no longer create with the new permissions
    are revoked and listed.
    """
    wanted = _wanted(name or role, allowed, permissions, description)
    found = find(client, role)
    wanted["role_name"] = name or found["role_name"]
    changed = client.change_role(found["role_id"], wanted, keep_keys)
    return {
        "role_id": found["role_id"],
        "role_name": wanted["role_name"],
        "revoked_keys": changed.get("ended_api_keys", []),
    }


@command(
    group,
    shape=Done(
        lambda told: f"{ask.did('Deleted', told)} the role {quoted(told['role_name'])}.",
        ID,
        NAME,
        Column("dry_run", "flag"),
    ),
    examples=["attimo role delete reader --dry-run", "attimo role delete reader --yes"],
)
@which
@yes
@dry_run
@asks_server
def delete(client: HttpClient, role: str, yes: bool, dry_run: bool) -> dict[str, Any]:
    """Delete a role that is not in use."""
    found = find(client, role)
    if not dry_run:
        ask.confirm(f"Delete the role {quoted(found['role_name'])}? This can't be undone.", yes)
        answer = client.delete_role(found["role_id"])
        if answer["status"] == "blocked":
            raise FailedPrecondition(
                f"The role is in use by {_holders(answer)}. Change their role or revoke them first"
            )
    return {"role_id": found["role_id"], "role_name": found["role_name"], "dry_run": dry_run}


def _holders(answer: dict[str, Any]) -> str:
    kinds = {"api_keys": "API key", "account_members": "member", "invitations": "invitation"}
    counts = {kind: len(answer[field]) for field, kind in kinds.items()}
    return ", ".join(ask.plural(n, kind) for kind, n in counts.items() if n)


def _wanted(
    name: str, allowed: tuple[str, ...], file: Path | None, description: str | None
) -> dict[str, Any]:
    said = {} if description is None else {"description": description}
    return {"role_name": name, "permissions": permissions_of(allowed, file)} | said
