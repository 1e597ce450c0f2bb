"""What is made at the first start: the database, the certificate, the owner.

A child makes it, so that the libraries that only this takes end with it: keys and certificates take
11 MB. What it leaves undone the server tries again, and tells of the error if it fails, too.
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
    """Make what is missing, if there is no database; return the owner if that was made, too."""
    if home.database.exists():
        return None
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        outlet.forked()  # the threads that write lines stay behind
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
        # Last: its key is shown once, by the server, which nothing may keep from starting.
        made = owner.ensure(Control(database, lambda _: None), home.credentials())
        database.close()
        os.write(writes, json.dumps(asdict(made)).encode())
    finally:
        outlet.drain()
        os._exit(0)
