"""The first start: creates the database, the certificate and the owner.

A child process does so, since its libraries take 11 MB that the server does not need. What it fails
to do, the server tries again, and reports the error if it fails, too.
"""

import json
import os
from dataclasses import asdict

from attimo import outlet
from attimo.certificates import Source
from attimo.control import Control
from attimo.data_directory import DataDirectory
from attimo.serve import owner
from attimo.serve.owner import Owner
from attimo.store.database import open_database


def make(home: DataDirectory, source: Source | None) -> Owner | None:
    """Create what is missing, if there is no database; return the owner if it was created."""
    if home.database.exists():
        return None
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        outlet.forked()  # the threads that write lines are not copied
        _make_and_end(home, source, writes)
    os.close(writes)
    with open(reads, "rb") as pipe:
        made = pipe.read()
    os.waitpid(child, 0)
    return Owner(**json.loads(made)) if made else None


def _make_and_end(home: DataDirectory, source: Source | None, writes: int) -> None:
    try:
        database = open_database(home.database)
        if source:
            source.first()
        # Last, since its key is shown only once, by the server.
        made = owner.ensure(Control(database, lambda _: None), home.credentials())
        database.close()
        os.write(writes, json.dumps(asdict(made)).encode())
    finally:
        outlet.drain()
        os._exit(0)
