"""attimo key: API keys. `key_signing` has the keys that sign them."""

import sys
import time
from typing import Any

from attimo.cli import ask, complete, durations, key_signing, keys, role_options, times
from attimo.cli.command import Group, command
from attimo.cli.http_client import HttpClient
from attimo.cli.options import argument, dry_run, option, ttl, yes
from attimo.cli.shapes import Column, Done, Listing, Plain
from attimo.cli.target import asks_server
from attimo.cli.whoami import seconds
from attimo.errors import NoSuchKey, PermissionDenied

group = Group(
    "key",
    help="API keys; each has the permissions of its role. Those of items: attimo cache keys",
)

ID = Column("key_id", title="Id")
COLUMNS = (
    ID,
    Column("role", none="deleted"),
    Column("description", "prose", none=""),
    Column("made_by", title="Made by", none=""),
    Column("issued_at", "moment", "Issued"),
    Column("expires_at", "moment", "Expires", none="never"),
    Column("last_used_at", "moment", "Last used", none="never"),
    Column("role_id", wide=True),
)

OWN_RULES = "its own"
"""The role of a key that has permissions of its own."""


@command(
    group,
    shape=Plain(Column("api_key"), *COLUMNS),
    examples=[
        "attimo key create -d shop --role viewer --ttl 30d",
        "attimo key create --json",
    ],
)
@option(
    "--description",
    "-d",
    default="made by attimo key create",
    show_default=True,
    help="Description of the key.",
)
@option(
    "--role",
    default="owner",
    show_default=True,
    help="Role for the key (name or id); owner allows everything.",
    shell_complete=complete.roles,
)
@ttl("Expire after this long (12h, 30d). Default: when your own key does, if ever.")
@asks_server
def create(client: HttpClient, description: str, role: str, ttl: int | None) -> dict[str, Any]:
    """Create an API key and print it. You won't be able to see it again.

    It can't have more permissions than the key that creates it, nor expire later.
    """
    found = role_options.find(client, role)
    own_end = _own_end(client) if ttl is None else None
    expiry = durations.moment_in(ttl) if ttl is not None else own_end or "never"
    try:
        made = client.create_key(found["role_id"], description, expiry)
    except PermissionDenied as error:
        error.add_note(_shorter(client, ttl))
        raise
    if own_end is not None:
        end = times.day(own_end)
        print(f"The new key expires with your key, on {end}.", file=sys.stderr)
    names = {found["role_id"]: found["role_name"]}
    return {"api_key": made["api_key"]} | _fields(made["key_info"], names)


def _own_end(client: HttpClient) -> int | None:
    """When the key that asks expires, in seconds since 1970; None for never."""
    end = seconds(client.whoami().get("expires_at"))
    return None if end is None else int(end)


def _shorter(client: HttpClient, ttl: int | None) -> str:
    """What to do if the key that asks expires before the one that it is to create."""
    end = _own_end(client)
    left = 0 if end is None else end - time.time()
    if left < 1 or (ttl is not None and ttl < left):
        return ""
    return (
        f"Yours expires in {durations.typed(left)}: pass --ttl {durations.typed(left)} or less, or "
        "get a key that lives longer: attimo login --ttl 365d"
    )


@command(
    group,
    "list",
    shape=Listing(*COLUMNS),
    examples=["attimo key list", "attimo key list --wide"],
)
@asks_server
def list_keys(client: HttpClient) -> list[dict[str, Any]]:
    """List the API keys of the account, without their secrets."""
    found = list(client.api_keys())
    names = role_options.names(client)
    return [_fields(key, names) for key in found]


@command(
    group,
    shape=Done(
        lambda told: f"{ask.did('Revoked', told)} the API key {told['key_id']}.",
        ID,
        Column("description", none=""),
        Column("dry_run", "flag"),
    ),
    examples=["attimo key revoke KEY_ID --dry-run", "attimo key revoke KEY_ID --yes"],
)
@argument("key_id", "The key's id.", shell_complete=complete.keys)
@option("--with-made", is_flag=True, help="Also revoke the keys and invitations created with it.")
@yes
@dry_run
@asks_server
def revoke(
    client: HttpClient, key_id: str, with_made: bool, yes: bool, dry_run: bool
) -> dict[str, Any]:
    """Revoke an API key immediately. This can't be undone.

    The last key that can manage the account's keys needs a confirmation, or --yes where there is no
    terminal: after it, only a member who signs in, or a restart of the server, can create another.
    """
    told = {"key_id": key_id, "dry_run": dry_run}
    if dry_run or (not yes and sys.stdin.isatty()):
        told["description"] = _described(client, key_id)
    if dry_run:
        return told
    ask.confirm(_question(client, told), yes)
    key_signing.unless_last(
        lambda force: client.revoke_key(key_id, force, with_made), yes, "This is", "Revoke it"
    )
    return told


def _question(client: HttpClient, told: dict[str, Any]) -> str:
    key_id, description = told["key_id"], told.get("description")
    own = " This command uses it itself." if _id_of(client.server.api_key) == key_id else ""
    words = f" ({description})" if description else ""
    return f"Revoke the API key {key_id}{words}?{own} This can't be undone."


def _described(client: HttpClient, key_id: str) -> str:
    """The description of a key.

    Raises:
        NoSuchKey: The account has no such key.
    """
    for key in client.api_keys():
        if key["key_id"] == key_id:
            return str(key.get("description", ""))
    raise NoSuchKey(key_id)


def _fields(key: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """A key as it is shown."""
    return {
        "key_id": key["key_id"],
        "role": OWN_RULES if key["role_id"] == key["key_id"] else names.get(key["role_id"]),
        "role_id": key["role_id"],
        "description": key.get("description"),
        "made_by": key.get("made_by", key.get("made_by_key_id")),
        "issued_at": key["issued_at_epoch_seconds"],
        "expires_at": key.get("expires_at_epoch_seconds"),
        "last_used_at": key.get("last_used_at_epoch_seconds"),
    }


def _id_of(token: str) -> str | None:
    """The id of the key with this token; None if it is not a token of Attimo."""
    return keys.claims(token).get("id")


group.add_command(key_signing.signing)
group.add_command(key_signing.rotate_signing)
