"""attimo backup and attimo restore: a whole data directory, as it was at one moment."""

from pathlib import Path
from typing import Any

import click

from attimo.cli import homes
from attimo.cli.command import command
from attimo.cli.options import argument, option
from attimo.cli.shapes import Column, Done
from attimo.cli.target import data_dir_option

KEPT = """\
{to} holds the server as it was backed up, with its keys and certificates. Before you start it:
* Keys revoked since the backup are valid again: find them with `attimo key list` and revoke them.
* Members, roles, invitations and passwords are as they were, too. All users must sign in again.
* If the original server still runs, each accepts the other's keys: restore without --keep-keys."""

RENEWED = """\
{to} holds accounts, members, roles, caches and the ledger. Keys, tokens, sessions and invitations
of the backup are not valid there; the first start creates new certificates and a new owner's key.
To replace the original server, with its keys and certificates, restore with --keep-keys."""

A_PATH = click.Path(path_type=Path)


@command(
    shape=Done(
        lambda told: f"{told['directory']} holds {', '.join(told['files'])}",
        Column("directory"),
        Column("files", "data"),
    ),
    examples=["attimo backup sunday", "attimo backup monday --json"],
)
@argument("to", "A new or empty directory.", type=A_PATH)
@data_dir_option
def backup(to: Path, data_dir: Path | None) -> dict[str, Any]:
    """Back up the server on this machine, running or not. Items are in memory and not included.

    The backup contains the server's keys: protect it like the data directory.
    """
    from attimo.serve import backup as work

    files = work.back_up(homes.directory(data_dir), to.absolute())
    return {"directory": str(to), "files": list(files)}


@command(
    shape=Done(
        lambda told: (KEPT if told["keys_kept"] else RENEWED).format(to=told["directory"]),
        Column("directory"),
        Column("keys_kept", "flag"),
    ),
    examples=[
        "attimo restore monday --data-dir restored",
        "attimo restore monday --data-dir replacement --keep-keys",
    ],
)
@argument("source", "The directory of a backup.", type=A_PATH, metavar="BACKUP")
@option(
    "--keep-keys",
    is_flag=True,
    help="Keep API keys, signing keys and certificates, to replace the original server. By default "
    "they are left out.",
)
@data_dir_option
def restore(source: Path, keep_keys: bool, data_dir: Path | None) -> dict[str, Any]:
    """Create a data directory from a backup after checking it; start it with `attimo serve`.

    Without --keep-keys it becomes a separate server, which accepts no key of the original.
    """
    from attimo.serve import backup as work

    home = homes.directory(data_dir)
    work.restore(source.absolute(), home, keep_keys)
    return {"directory": str(home.path), "keys_kept": keep_keys}
