"""attimo account: the accounts of a server, for its operator."""

import sys
from typing import Any

import click

from attimo.cli import ask, invitation
from attimo.cli.account_option import id_of, which
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, dry_run, option, yes
from attimo.cli.shapes import Column, Done, Listing, Shape, View, quoted
from attimo.cli.target import asks_server
from attimo.errors import AttimoError, InvalidArgument, PermissionDenied

group = Group("account", help="Accounts: the teams of a server. For its operator.")

ID = Column("account_id", "number", "Id")
NAME = Column("name")
STATUS = Column("status")
CONTENTS = ("caches", "api_keys", "members")
COLUMNS = (
    ID,
    NAME,
    STATUS,
    Column("caches", "number"),
    Column("api_keys", "number", "API keys"),
    Column("members", "number"),
    Column("plan"),
    Column("created_at", "moment", "Created"),
    Column("suspended_at", "moment", "Suspended", none="", wide=True),
)


class _Created(Shape):
    """The API key or the invitation's link alone, and what to do with it."""

    def text(self, answer: Any, view: View) -> None:
        """Print it; on standard error, what it is."""
        words = f"Created the account {quoted(answer['name'])} (id {answer['account_id']})."
        if answer["api_key"] is None:
            print(words, file=sys.stderr)
            invitation.show(answer["email"], "own the account", answer["link"])
        else:
            print(f"{words} Its owner's API key, shown only now:", file=sys.stderr)
            print(answer["api_key"])


@command(
    group,
    shape=_Created(
        ID,
        NAME,
        Column("cache"),
        Column("api_key", none=""),
        Column("email", none=""),
        Column("link", none=""),
    ),
    examples=[
        "attimo account create team-a --owner ann@example.com",
        "attimo account create team-b --json",
    ],
)
@argument("name", "The account's name.")
@option("--owner", metavar="EMAIL", help="Invite this person to be the owner.")
@asks_server
def create(client: HttpClient, name: str, owner: str | None) -> dict[str, Any]:
    """Create an account, and print what its owner needs.

    It has a first cache. With --owner, its owner needs the link of an invitation, which is sent by
    e-mail, too; otherwise an API key. Both are shown only now. This works whatever `attimo serve
    --signup` says.
    """
    made = client.create_account(name, owner)
    invited = made.get("invitation") or {}
    return made | {
        "api_key": made.get("api_key"),
        "email": invited.get("email"),
        "link": invited.get("link"),
    }


@command(
    group,
    shape=invitation.Sent("own the account"),
    examples=[
        "attimo account invite team-a ann@example.com",
        "attimo account invite id:2 ann@example.com --json",
    ],
)
@which
@argument("email", "The e-mail address of the owner to be.")
@asks_server
def invite(client: HttpClient, account: str, email: str) -> dict[str, Any]:
    """Invite the owner of an account that has none.

    Prints the link. It is for accounts that nobody can manage, because an invitation has expired or
    was lost, or the only keys have ended: older invitations to own it are revoked. Other accounts
    invite their people themselves.
    """
    return client.invite_owner(id_of(client, account), email)


@command(
    group,
    "reset-second-factor",
    shape=Done(
        lambda told: (
            f"{told['email']} needs no code to sign in any more."
            if told["removed"]
            else f"{told['email']} has no second factor: nothing was changed."
        ),
        Column("email"),
        Column("removed", "flag"),
    ),
    examples=[
        "attimo account reset-second-factor ann@example.com --yes",
        "attimo account reset-second-factor ann@example.com --yes --json",
    ],
)
@argument("email", "The e-mail address of the user.")
@yes
@asks_server
def reset_second_factor(client: HttpClient, email: str, yes: bool) -> dict[str, Any]:
    """Remove the second factor of a user who has lost the app and the recovery codes.

    Their password suffices from then on. Make sure first that they are who asks.
    """
    ask.confirm(f"Let {email} sign in with the password alone?", yes)
    return client.reset_second_factor(email)


@command(
    group,
    "list",
    shape=Listing(*COLUMNS),
    examples=["attimo account list", "attimo account list --json"],
    watch=True,
)
@asks_server
def list_accounts(client: HttpClient) -> list[dict[str, Any]]:
    """List the accounts of the server."""
    return [_fields(each) for each in client.accounts()]


@command(
    group,
    shape=Done(
        lambda told: _renamed(told),
        ID,
        NAME,
        Column("old_name", none=""),
    ),
    examples=["attimo account rename team-a team-b", "attimo account rename 2 team-b --json"],
)
@which
@argument("name", "The new name.")
@asks_server
def rename(client: HttpClient, account: str, name: str) -> dict[str, Any]:
    """Rename an account. Its id, keys and caches stay as they are."""
    found = _shown(client, id_of(client, account))
    return client.rename_account(found["account_id"], name) | {"old_name": found["name"]}


@command(
    group,
    shape=Done(
        lambda told: f"Suspended the account {quoted(told['name'])}: its requests are refused.",
        ID,
        NAME,
        STATUS,
    ),
    examples=["attimo account suspend team-a", "attimo account suspend 2 --json"],
)
@which
@asks_server
def suspend(client: HttpClient, account: str) -> dict[str, Any]:
    """Refuse all requests of an account, immediately, until it is resumed.

    Nothing is deleted: `attimo account resume` brings everything back, except what has expired or
    was evicted meanwhile.
    """
    return _fields(client.suspend_account(id_of(client, account)))


@command(
    group,
    shape=Done(lambda told: f"Resumed the account {quoted(told['name'])}.", ID, NAME, STATUS),
    examples=["attimo account resume team-a", "attimo account resume 2 --json"],
)
@which
@asks_server
def resume(client: HttpClient, account: str) -> dict[str, Any]:
    """Serve a suspended account again."""
    return _fields(client.resume_account(id_of(client, account)))


@command(
    group,
    shape=Done(
        lambda told: (
            f"{ask.did('Deleted', told)} the account {_named(told)}, with {_contents(told)}."
        ),
        ID,
        Column("name", none=""),
        Column("caches", "number", none=""),
        Column("api_keys", "number", none=""),
        Column("members", "number", none=""),
        Column("dry_run", "flag"),
    ),
    examples=["attimo account delete team-a --dry-run", "attimo account delete team-a --yes"],
)
@which
@yes
@dry_run
@asks_server
def delete(client: HttpClient, account: str, yes: bool, dry_run: bool) -> dict[str, Any]:
    """Delete an account with everything in it.

    That is its caches with all items, its keys, roles, members and invitations. This can't be
    undone. On a terminal, type the account's name to confirm; elsewhere, pass --yes. What the
    account used stays in the ledger, and what was done in the audit log.
    """
    account_id = id_of(client, account)
    if not (yes or dry_run or sys.stdin.isatty()):
        raise InvalidArgument("Deleting an account can't be undone: pass --yes to confirm it")
    found = _shown(client, account_id) if yes and not dry_run else client.account(account_id)
    if not dry_run:
        _confirm(found, yes)
        client.delete_account(account_id)
    return found | {"dry_run": dry_run}


def _shown(client: HttpClient, account_id: int) -> dict[str, Any]:
    """An account, as far as the caller may see it: who may only write changes it all the same."""
    try:
        return client.account(account_id)
    except PermissionDenied:
        return {"account_id": account_id} | dict.fromkeys(("name", *CONTENTS))


def _confirm(found: dict[str, Any], yes: bool) -> None:
    """Have the name typed.

    Raises:
        AttimoError: Another one was typed.
    """
    if yes:
        return
    name = found["name"]
    question = (
        f"Delete the account {_named(found)} with {_contents(found)}? This can't be undone. Type "
        "its name to confirm"
    )
    if click.prompt(question, default="", show_default=False, err=True) != name:
        raise AttimoError("Not confirmed: nothing was changed")


def _renamed(told: dict[str, Any]) -> str:
    before = quoted(told["old_name"]) if told["old_name"] else told["account_id"]
    return f"The account {before} is now {quoted(told['name'])}."


def _named(found: dict[str, Any]) -> str:
    id = f"id {found['account_id']}"
    return id if found["name"] is None else f"{quoted(found['name'])} ({id})"


def _contents(found: dict[str, Any]) -> str:
    if found["caches"] is None:
        return "everything in it"
    counted = [
        ask.plural(found["caches"], "cache"),
        ask.plural(found["api_keys"], "API key"),
        ask.plural(found["members"], "member"),
    ]
    return f"{', '.join(counted[:2])} and {counted[2]}"


def _fields(account: dict[str, Any]) -> dict[str, Any]:
    suspended_at = account.get("suspended_at")
    status = "active" if suspended_at is None else "suspended"
    return account | {"suspended_at": suspended_at, "status": status}
