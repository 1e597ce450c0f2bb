"""attimo member: the people of an account."""

from typing import Annotated

import typer

from attimo.cli.client import Client
from attimo.cli.output import Json, moment, print_json, print_table
from attimo.cli.role import find
from attimo.cli.target import asks_server
from attimo.errors import NotFound

app = typer.Typer(help="Members: the people of an account.", no_args_is_help=True)

Who = Annotated[str, typer.Argument(help="The e-mail address.")]
Role = Annotated[str, typer.Option(help="A role's name or id.")]


@app.command("list")
@asks_server
def list_members(client: Client, as_json: Json = False) -> None:
    """List the members, and who is invited."""
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
def invite(client: Client, email: Who, role: Role = "viewer") -> None:
    """Invite somebody by e-mail, for a week."""
    client.invite(email, find(client, role)["role_id"])


@app.command("role")
@asks_server
def change_role(
    client: Client, email: Who, role: Annotated[str, typer.Argument(help="A role's name or id.")]
) -> None:
    """Give a member another role, at once."""
    client.change_member(_member(client, email), find(client, role)["role_id"])


@app.command()
@asks_server
def remove(client: Client, email: Who) -> None:
    """Take a member out of the account, or an invitation back."""
    for invitation in client.invitations():
        if invitation["email"] == email.strip().lower():
            client.take_back_invitation(invitation["invitation_id"])
            return
    client.remove_member(_member(client, email))


def _member(client: Client, email: str) -> int:
    for member in client.members():
        if member["email"] == email.strip().lower():
            return int(member["user_id"])
    raise NotFound(f"the account has no member {email}")
