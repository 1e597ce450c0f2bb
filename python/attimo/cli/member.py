"""attimo member: the people of an account."""

from typing import Any

from attimo.cli import ask, complete, invitation, role_options
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, dry_run, option, yes
from attimo.cli.shapes import Column, Done, Listing, quoted
from attimo.cli.target import asks_server
from attimo.errors import NoSuchMember

group = Group("member", help="Members: the people of an account.")

EMAIL = Column("email", title="E-mail")
REVOKED = (
    Column("revoked_keys", "data"),
    Column("revoked_url_keys", "data"),
    Column("revoked_invitations", "data"),
)

who = argument("email", "The e-mail address.", shell_complete=complete.members)
keep_keys = option("--keep-keys", is_flag=True, help="Keep the API keys that the member created.")


@command(
    group,
    "list",
    shape=Listing(
        EMAIL,
        Column("role"),
        Column("status"),
        Column("since", "moment"),
        Column("expires_at", "moment", "Expires", none="", wide=True),
        Column("role_id", wide=True),
        Column("second_factor", "flag", none="", wide=True),
    ),
    examples=["attimo member list", "attimo member list --json"],
)
@asks_server
def list_members(client: HttpClient) -> list[dict[str, Any]]:
    """List the members and the open invitations."""
    names = role_options.names(client)
    members = [each | {"status": "member", "since": each["joined_at"]} for each in client.members()]
    invited = [
        each | {"status": "invited", "since": each["created_at"]} for each in client.invitations()
    ]
    return [
        {"second_factor": None} | each | {"role": names.get(each["role_id"], each["role_id"])}
        for each in members + invited
    ]


@command(
    group,
    shape=invitation.Sent("join the account", Column("role")),
    examples=[
        "attimo member invite ann@example.com",
        "attimo member invite bob@example.com --role operator",
    ],
)
@who
@option(
    "--role",
    default="viewer",
    show_default=True,
    help="The role's name or id.",
    shell_complete=complete.roles,
)
@asks_server
def invite(client: HttpClient, email: str, role: str) -> dict[str, Any]:
    """Invite a person by e-mail, and print the link. The invitation expires after a week."""
    found = role_options.find(client, role)
    return client.invite(email, found["role_id"]) | {"role": found["role_name"]}


@command(
    group,
    "role",
    shape=Done(
        lambda told: _sentences(f"{told['email']} has the role {quoted(told['role'])} now.", told),
        EMAIL,
        Column("role"),
        *REVOKED,
    ),
    examples=[
        "attimo member role ann@example.com operator",
        "attimo member role ann@example.com viewer --keep-keys",
    ],
)
@who
@role_options.which
@keep_keys
@asks_server
def change_role(client: HttpClient, email: str, role: str, keep_keys: bool) -> dict[str, Any]:
    """Change a member's role immediately.

    Whatever the member created and could not create with the new role is revoked and listed: API
    keys with their tokens, URL signing keys, open invitations.
    """
    found = role_options.find(client, role)
    member = _member(client, email)
    changed = client.change_member(member["user_id"], found["role_id"], keep_keys)
    return {"email": member["email"], "role": found["role_name"]} | _revoked(changed["ended"])


@command(
    group,
    shape=Done(
        lambda told: _sentences(f"{ask.did('Removed', told)} {told['email']}.", told),
        EMAIL,
        *REVOKED,
        Column("dry_run", "flag"),
    ),
    examples=[
        "attimo member remove ann@example.com --dry-run",
        "attimo member remove ann@example.com --keep-keys --yes",
    ],
)
@who
@keep_keys
@yes
@dry_run
@asks_server
def remove(
    client: HttpClient, email: str, keep_keys: bool, yes: bool, dry_run: bool
) -> dict[str, Any]:
    """Remove a member from the account, or revoke an invitation.

    Whatever the member created is revoked and listed: API keys with their tokens, URL signing
    keys, open invitations.
    """
    email = email.strip().lower()
    invitations = [each for each in client.invitations() if each["email"] == email]
    made = _made(client, email, keep_keys) if not invitations else _NOTHING
    told = {"email": email, "dry_run": dry_run} | _revoked(made)
    if not dry_run:
        ask.confirm(f"Remove {email} ({_counted(told)})? This can't be undone.", yes)
        if invitations:
            client.take_back_invitation(invitations[0]["invitation_id"])
        else:
            client.remove_member(_member(client, email)["user_id"], keep_keys)
    return told


_NOTHING: dict[str, Any] = {"api_keys": [], "url_keys": [], "invitations": []}


def _made(client: HttpClient, email: str, keep_keys: bool) -> dict[str, Any]:
    """What a member created, and loses."""
    made: dict[str, Any] = client.member(_member(client, email)["user_id"])["made"]
    return made | {"api_keys": [], "url_keys": []} if keep_keys else made


def _member(client: HttpClient, email: str) -> dict[str, Any]:
    for member in client.members():
        if member["email"] == email.strip().lower():
            return member
    missing = NoSuchMember(email)
    if any(each["email"] == email.strip().lower() for each in client.invitations()):
        again = "They are invited only. To change that: attimo member remove, and invite again"
        missing.add_note(again)
    raise missing


def _revoked(ended: dict[str, Any]) -> dict[str, Any]:
    return {
        "revoked_keys": ended["api_keys"],
        "revoked_url_keys": ended["url_keys"],
        "revoked_invitations": [each["email"] for each in ended["invitations"]],
    }


def _counted(told: dict[str, Any]) -> str:
    return "revokes " + ", ".join(
        [
            ask.plural(len(told["revoked_keys"]), "API key"),
            ask.plural(len(told["revoked_url_keys"]), "URL signing key"),
            ask.plural(len(told["revoked_invitations"]), "invitation"),
        ]
    )


def _sentences(first: str, told: dict[str, Any]) -> str:
    verb = ask.did("Revoked", told) if "dry_run" in told else "Revoked"
    keys = [
        f"the API key {key['key_id']} ({key['description'] or 'no description'})"
        for key in told["revoked_keys"]
    ]
    urls = [f"the URL signing key {kid}" for kid in told["revoked_url_keys"]]
    invitations = [f"the invitation of {email}" for email in told["revoked_invitations"]]
    return "\n".join([first, *(f"{verb} {each}." for each in keys + urls + invitations)])
