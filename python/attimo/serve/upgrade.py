"""Backs up what an earlier version left, before this version changes its database.

An older version does not open the database any more then, so this backup is the way back to it. It
is in the data directory, the one place that a server can write to wherever it runs: it is no
protection against the loss of that directory.
"""

import logging
import time
from pathlib import Path

from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.serve import backup, backups
from attimo.store.sqlite import outdated_step

KEPT = 3
"""How many of these backups are kept, the newest."""

MIB = 1024 * 1024

log = logging.getLogger(__name__)


def back_up_first(home: DataDirectory) -> None:
    """Back up a data directory whose database is older than this version, unless it is already.

    Raises:
        Misconfigured: It is, and cannot be backed up: it must not be opened.
        StoreUnavailable: The database cannot be read.
    """
    step = outdated_step(home.database)
    if step is None:
        return
    try:
        if _is_backed_up(home):
            return
        to = _back_up(home)
    except (Misconfigured, OSError) as error:
        needed = home.database.stat().st_size // MIB + 1
        raise Misconfigured(
            f"{home.database} is of an earlier version (schema {step}) and was not changed, since "
            f"it could not be backed up: {error}. If the disk is full, make room for {needed:,} MiB"
            " on it, or move the data directory to a larger one; then start again"
        ) from error
    log.info("the database is of an earlier version (schema %s): backed up to %s", step, to)
    try:
        backups.keep_newest(home.upgrades, KEPT)
    except OSError as error:
        log.warning("old backups cannot be deleted: %s", error)


def _is_backed_up(home: DataDirectory) -> bool:
    """Whether the newest backup is later than the last change: a start that fails repeats none."""
    now = time.time()
    newest = max((at for at in backups.there(home.upgrades) if at <= now), default=0)
    files = [each.stat() for each in (home.database, home.database_log) if each.exists()]
    return newest > max(each.st_mtime for each in files if each.st_size)


def _back_up(home: DataDirectory) -> Path:
    now = time.time()
    to = home.upgrades / backups.name_at(now)
    # Nobody else writes there: the caller has the lock of the data directory.
    backups.remove_unfinished(home.upgrades, before=now)
    backup.copy(home, to)
    return to
