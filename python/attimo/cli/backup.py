"""attimo backup and attimo restore: a whole data directory, as it was at one moment."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from attimo.cli.target import DataDir, local_directory

KEPT = """\
{to} holds the server as it was backed up, with its keys and certificates. Before you start it:
* Keys that were revoked since the backup are valid again: see `attimo key list`, and revoke them.
* Members, roles, invitations and passwords are as they were, too. Everybody signs in again.
* If the first server still runs, each takes the other's keys: restore without --keep-keys."""

RENEWED = """\
{to} holds accounts, members, roles, caches and the ledger. No key, token, session or invitation of
the backup is valid there; the first start makes new certificates and a new key for the owner.
To replace the server that is gone, with its keys and certificates, restore with --keep-keys."""


def backup(
    to: Annotated[Path, typer.Argument(help="A new or an empty directory.")],
    data_dir: DataDir = None,
) -> None:
    """Back up the server on this machine, whether it runs or not; items are in memory only.

    Whoever has the backup has the server's keys: keep it as safe as the data directory.
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
            help="Be the same server, in place of one that is gone: keep its API keys, signing "
            "keys and certificates. Else they are left behind.",
        ),
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Make a data directory of a backup, when it is whole; start it with `attimo serve`.

    Without --keep-keys it becomes a server of its own, which takes no key of the first.
    """
    from attimo.serve import backup as work

    home = local_directory(data_dir)
    work.restore(source.absolute(), home, keep_keys)
    print((KEPT if keep_keys else RENEWED).format(to=home.path), file=sys.stderr)
