"""Backs a server up on a schedule, and deletes the oldest backups.

Each is a directory in `--backup-to` that `attimo restore` accepts, named after its time in UTC. It
is there completely or not at all. The names say when the next one is due, so that a restart neither
repeats nor delays one.

A thread of low priority does it. It reads one snapshot of the database, and delays no request and
no change.
"""

import logging
import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from attimo.data_directory import DataDirectory
from attimo.errors import AttimoError
from attimo.serve import backup
from attimo.settings import Settings

FORM = "attimo-%Y%m%dT%H%M%SZ"
UNFINISHED = re.compile(r"\.attimo-\d{8}T\d{6}Z\.\w+", re.ASCII)

LONGEST_SLEEP = 60.0
"""In seconds: so that a changed clock is noticed."""

AGAIN_SECONDS = 600.0
"""How long after a failure it is tried again, at most."""

LEFT_SECONDS = 86_400.0
"""When an unfinished backup belongs to no running server."""

NICE = 19

log = logging.getLogger(__name__)

Note = Callable[[int, int, bool], None]


@dataclass(slots=True)
class Backups:
    """The scheduled backups of a server.

    Attributes:
        home: What is backed up.
        to: The directory of the backups.
        every_seconds: Their interval.
        keep: How many there are at most.
        note: Receives the interval, the time of the newest, and whether one has failed.
        clock: The time, in seconds since 1970.
    """

    home: DataDirectory
    to: Path
    every_seconds: float
    keep: int
    note: Note
    clock: Callable[[], float] = time.time
    _ending: threading.Event = field(default_factory=threading.Event, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Start, at once with one that is due."""
        self._thread = threading.Thread(target=self._run, name="backups", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop; a backup that is being written is given up, and nothing is left of it."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join()

    def look(self) -> float:
        """Back up if it is due; return how many seconds to wait."""
        now, newest = self.clock(), 0
        try:
            newest = max((at for at in there(self.to) if at <= now), default=0)
            self.note(int(self.every_seconds), newest, False)
            due = newest + self.every_seconds
            if due > now:
                return min(due - now, LONGEST_SLEEP)
            self._back_up(now)
        except Exception as error:  # data is served all the same
            if not self._ending.is_set():
                trace = None if isinstance(error, AttimoError | OSError) else error
                log.error("the scheduled backup failed: %s", error, exc_info=trace)
                self.note(int(self.every_seconds), newest, True)
            return min(self.every_seconds, AGAIN_SECONDS)
        return 0

    def _back_up(self, now: float) -> None:
        remove_unfinished(self.to, now - LEFT_SECONDS)
        to = self.to / name_at(now)
        backup.back_up(self.home, to, self._ending.is_set)
        log.info("backed up to %s", to)
        self.note(int(self.every_seconds), int(now), False)
        keep_newest(self.to, self.keep)

    def _run(self) -> None:
        with suppress(OSError):  # it keeps the usual priority then
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._ending.wait(self.look()):
            pass


def name_at(moment: float) -> str:
    """The name of a backup that is made at this moment, in seconds since 1970."""
    return datetime.fromtimestamp(moment, UTC).strftime(FORM)


def there(folder: Path) -> dict[int, Path]:
    """The backups in a directory, by their time."""
    found: dict[int, Path] = {}
    with suppress(FileNotFoundError):
        for each in folder.iterdir():
            with suppress(ValueError):  # another name
                moment = datetime.strptime(each.name, FORM).replace(tzinfo=UTC)
                found[int(moment.timestamp())] = each
    return found


def keep_newest(folder: Path, most: int) -> None:
    """Delete the oldest backups in a directory, until there are at most so many."""
    found = there(folder)
    for at in sorted(found)[:-most]:
        shutil.rmtree(found[at])


def remove_unfinished(folder: Path, before: float) -> None:
    """Delete what servers that were killed before a moment left in a directory."""
    with suppress(FileNotFoundError):
        for each in folder.iterdir():
            if UNFINISHED.fullmatch(each.name) and each.stat().st_mtime < before:
                shutil.rmtree(each)


def of_settings(settings: Settings, home: DataDirectory, note: Note) -> Backups | None:
    """Return the scheduled backups of these settings; None if there are none."""
    if settings.backup_to is None:
        return None
    return Backups(home, settings.backup_to, settings.backup_every, settings.backup_keep, note)
