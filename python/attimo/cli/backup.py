"""attimo backup and attimo restore: a whole data directory, as it was at one moment."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from attimo.cli.target import DataDir, local_directory

KEPT = """\
{to} holds the server as it was backed up, with its keys and certificates. Before you start it:
* Keys revoked since the backup are valid again: find them with `attimo key list` and revoke them.
* Members, roles, invitations and passwords are as they were, too. All users must sign in again.
* If the original server still runs, each accepts the other's keys: restore without --keep-keys."""

RENEWED = """\
{to} holds accounts, members, roles, caches and the ledger. Keys, tokens, sessions and invitations
of the backup are not valid there; the first start creates new certificates and a new owner's key.
To replace the original server, with its keys and certificates, restore with --keep-keys."""


def backup(
    to: Annotated[Path, typer.Argument(help="A new or empty directory.")],
    data_dir: DataDir = None,
) -> None:
    """Back up the server on this machine, running or not. Items are in memory and not included.

    The backup contains the server's keys: protect it like the data directory.
    """
    from attimo.serve import backup as work

    names = work.back_up(local_directory(data_dir), to.absolute())
    print(f"{to} holds {', '.join(names)}", file=sys.stderr)


def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="The directory of a backup.")],
    keep_keys: Annotated[
        bool,
        typer.Option(
            "--keep-keys",
            help="Keep API keys, signing keys and certificates, to replace the original server. "
            "By default they are left out.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Create a data directory from a backup after checking it; start it with `attimo serve`.

    Without --keep-keys it becomes a separate server, which accepts no key of the original.
    """
    from attimo.serve import backup as work

    home = local_directory(data_dir)
    work.restore(source.absolute(), home, keep_keys)
    print((KEPT if keep_keys else RENEWED).format(to=home.path), file=sys.stderr)
