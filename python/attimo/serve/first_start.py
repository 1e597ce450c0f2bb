"""The first start: creates the database, the certificate and the owner.

A child process does so, since its libraries take 11 MB that the server does not need. What it fails
to do, the server tries again, and reports the error if it fails, too.
"""

import json
import os
from dataclasses import asdict
from pathlib import Path

from attimo import outlet
from attimo.certificates import Source
from attimo.control import Control
from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.serve import owner
from attimo.serve.owner import Owner
from attimo.store.database import Place, is_new, open_database


def make(home: DataDirectory, place: Place, source: Source | None) -> Owner | None:
    """Create what is missing, if nothing was here; return the owner if it was created.

    On PostgreSQL, that is known by the credentials, which every start keeps.
    """
    if place.exists() if isinstance(place, Path) else home.credentials() is not None:
        return None
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        outlet.forked()  # the threads that write lines are not copied
        _make_and_end(home, place, source, writes)
    os.close(writes)
    with open(reads, "rb") as pipe:
        made = pipe.read()
    os.waitpid(child, 0)
    return Owner(**json.loads(made)) if made else None


def check_moved(home: DataDirectory, place: Place) -> None:
    """Refuse to begin anew on PostgreSQL beside a file that has all accounts.

    Raises:
        Misconfigured: The file was not copied.
        StoreUnavailable: The server of PostgreSQL cannot be used.
    """
    if isinstance(place, Path) or not home.database.exists() or not is_new(place):
        return
    raise Misconfigured(
        f"{place} is empty, and {home.database} has the accounts of this server: copy it first "
        f"(attimo database copy --from sqlite:{home.database}), or move it away to start anew"
    )


def _make_and_end(home: DataDirectory, place: Place, source: Source | None, writes: int) -> None:
    try:
        database = open_database(place)
        if source:
            source.first()
        # Last, since its key is shown only once, by the server.
        made = owner.ensure(Control(database, lambda _: None), home.credentials())
        database.close()
        os.write(writes, json.dumps(asdict(made)).encode())
    finally:
        outlet.drain()
        os._exit(0)
