"""attimo member: the people of an account."""

from typing import Annotated, Any

import typer

from attimo.cli.http_client import HttpClient
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.role import find
from attimo.cli.target import asks_server
from attimo.errors import NotFound

app = typer.Typer(help="Members: the people of an account.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="The e-mail address.")]
Role = Annotated[str, typer.Option(help="The role's name or id.")]
KeepKeys = Annotated[
    bool, typer.Option("--keep-keys", help="Keep the API keys that the member created.")
]


@app.command("list")
@asks_server
def list_members(client: HttpClient, as_json: Json = False) -> None:
    """List the members and the open invitations."""
    members, invitations = client.members(), client.invitations()
    if as_json:
        print_json({"members": members, "invitations": invitations})
        return
    names = {role["role_id"]: role["role_name"] for role in client.roles()}
    rows = [
        (each["email"], names.get(each["role_id"], each["role_id"]), moment(each["joined_at"]))
        for each in members
    ]
    rows += [
        (each["email"], names.get(each["role_id"], each["role_id"]), "invited")
        for each in invitations
    ]
    print_table(["E-mail", "Role", "Since"], rows)


@app.command()
@asks_server
def invite(client: HttpClient, email: Who, role: Role = "viewer") -> None:
    """Invite a person by e-mail. The invitation expires after a week."""
    client.invite(email, find(client, role)["role_id"])


@app.command("role")
@asks_server
def change_role(
    client: HttpClient,
    email: Who,
    role: Annotated[str, typer.Argument(help="The role's name or id.")],
    keep_keys: KeepKeys = False,
) -> None:
    """Change a member's role immediately.

    Whatever the member created and could not create with the new role is revoked and printed: API
    keys with their tokens, URL signing keys, open invitations.
    """
    role_id = find(client, role)["role_id"]
    _tell(client.change_member(_member(client, email), role_id, keep_keys)["ended"])


@app.command()
@asks_server
def remove(client: HttpClient, email: Who, keep_keys: KeepKeys = False) -> None:
    """Remove a member from the account, or revoke an invitation.

    Whatever the member created is revoked and printed: API keys with their tokens, URL signing
    keys, open invitations.
    """
    for invitation in client.invitations():
        if invitation["email"] == email.strip().lower():
            client.take_back_invitation(invitation["invitation_id"])
            return
    user_id = _member(client, email)
    made = client.member(user_id)["made"]
    client.remove_member(user_id, keep_keys)
    kept: dict[str, Any] = {"api_keys": [], "url_keys": []} if keep_keys else {}
    _tell(made | kept)


def _member(client: HttpClient, email: str) -> int:
    for member in client.members():
        if member["email"] == email.strip().lower():
            return int(member["user_id"])
    raise NotFound(f"The account has no member {email}")


def _tell(ended: dict[str, Any]) -> None:
    for key in ended["api_keys"]:
        print(f"revoked the API key {key['key_id']} ({key['description'] or 'no description'})")
    for kid in ended["url_keys"]:
        print(f"revoked the URL signing key {kid}")
    for invitation in ended["invitations"]:
        print(f"revoked the invitation of {invitation['email']}")
