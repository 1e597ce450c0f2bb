"""Back up a data directory while its server runs, and restore one.

A backup is a directory of mode 700 with files of mode 600: a consistent copy of the database by
SQLite's backup API, certificates, their keys, the owner's credentials, and a manifest with the
digest of each. It is written beside its destination, and renamed when complete.
"""

import hashlib
import json
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path

from pysqlite3 import dbapi2

from attimo import __version__, files
from attimo.control import Control
from attimo.data_directory import MODE, DataDirectory
from attimo.errors import Misconfigured
from attimo.store.database import open_database

FORMAT = 1
MANIFEST = "backup.json"
DATABASE = "attimo.db"
OWN_KEYS = (
    "ca.key",
    "ca.pem",
    "server.key",
    "server.pem",
    "acme.key",
    "acme.pem",
    "acme-account.key",
    "credentials.json",
)
"""The files beside the database that identify the server and its owner."""

HEADER = b"SQLite format 3\0"
"""The first bytes of every SQLite database."""

HEADER_BYTES = 100
LARGEST_PAGE = 65_536
"""In bytes; its size does not fit into the two bytes of the header, and is written as 1."""

TRIES = 5

PAGES = 256
"""How many pages of the database are copied at a time."""

CHECK_EVERY = 10_000
"""After how many of SQLite's instructions a check asks whether to go on."""


def back_up(
    home: DataDirectory, to: Path, stopped: Callable[[], bool] = lambda: False
) -> list[str]:
    """Write a backup to `to`, a new or empty directory; return the names of its files.

    Args:
        home: The data directory.
        to: The backup.
        stopped: Whether to give it up; asked for every few pages of the database.

    Raises:
        Misconfigured: There is no server to back up, the backup cannot be read or written, or it
            would be inside the data directory.
    """
    if not home.database.is_file():
        raise Misconfigured(
            f"There is no server in {home.path}: {home.database} is missing. A database on "
            "PostgreSQL is backed up with PostgreSQL's own means, such as pg_dump"
        )
    _check_apart(to, home.path)
    return copy(home, to, stopped)


def copy(home: DataDirectory, to: Path, stopped: Callable[[], bool] = lambda: False) -> list[str]:
    """Do the same, also to a place inside the data directory, where it helps against no loss of it.

    Raises:
        Misconfigured: The backup cannot be read or written.
    """
    with _whole(to) as staging, _in_words(f"{home.path} cannot be backed up to {to}"):
        _copy_database(home.database, staging / DATABASE, stopped)
        _check_database(staging / DATABASE, stopped)
        for name, content in _of_one_moment(home.path).items():
            _write(staging / name, content)
        names = sorted(each.name for each in staging.iterdir())
        manifest = {
            "format": FORMAT,
            "version": __version__,
            "made_at": int(time.time()),
            "files": {name: _digest(staging / name) for name in names},
        }
        _write(staging / MANIFEST, (json.dumps(manifest, indent=2) + "\n").encode())
    return names


def restore(source: Path, home: DataDirectory, keep_keys: bool) -> None:
    """Restore a backup to a new or empty data directory.

    Args:
        source: The backup.
        home: The data directory.
        keep_keys: Whether keys, tokens and certificates stay as in the backup, because it is the
            same server. Otherwise they are dropped, and the first start creates new ones. Sessions
            end in both cases.

    Raises:
        Misconfigured: The backup is incomplete, or the directory is in use or cannot be written.
        DatabaseTooNew: A newer version wrote the backup.
    """
    # Its libraries take memory that a server, which backs up on a schedule, does not need.
    from attimo.control import identity

    names = _checked(source, _free(home.path))
    _check_apart(home.path, source)
    with _whole(home.path) as staging, _in_words(f"{source} cannot be restored to {home.path}"):
        for name in names:
            if name == DATABASE:
                shutil.copyfile(source / name, staging / name)
                (staging / name).chmod(files.OWNER_ONLY)
            elif keep_keys:
                _write(staging / name, _content(source / name))
        _check_database(staging / DATABASE)
        database = open_database(staging / DATABASE)
        try:
            with Control(database, lambda _: None).begin() as tx:
                (identity.sign_everybody_out if keep_keys else identity.renew)(tx)
        finally:
            database.close()
        if not keep_keys:
            _drop_free_pages(staging / DATABASE)
        _write(staging / "lock", b"")


def _check_apart(place: Path, folder: Path) -> None:
    """Refuse to write a copy into its source, by any path: both would be lost together.

    Raises:
        Misconfigured: It is inside the source.
    """
    with _in_words(f"{place} cannot be written"):
        try:
            inside = place.resolve().is_relative_to(folder.resolve())
        except RuntimeError as error:  # links that lead to each other
            raise Misconfigured(f"{place} cannot be found: its links lead to each other") from error
    if inside:
        raise Misconfigured(f"{place} is in {folder} itself: choose a directory outside of it")


def _checked(source: Path, free: int) -> list[str]:
    """Return the files of a backup, after checking their digests.

    Args:
        source: The backup.
        free: How many bytes there is room for.

    Raises:
        Misconfigured: One is damaged; the message names it.
    """
    with _in_words(f"{source} cannot be read as a backup"):
        try:
            manifest = json.loads(files.read_bytes(source / MANIFEST))
            version, listed = manifest["format"], dict(manifest["files"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise Misconfigured(f"{source / MANIFEST} is damaged: this is not a backup") from error
        if version != FORMAT:
            raise Misconfigured(
                f"{source} has format {version!r}, and this version reads {FORMAT}: "
                f"restore it with Attimo {manifest.get('version')}"
            )
        if DATABASE not in listed or not listed.keys() <= {DATABASE, *OWN_KEYS}:
            raise Misconfigured(f"{source / MANIFEST} lists files that a backup does not have")
        _check_length(source / DATABASE, free)
        for name, digest in listed.items():
            found = _digest(source / name) if name == DATABASE else _of(_content(source / name))
            if found != digest:
                raise Misconfigured(f"{source / name} is damaged: its digest is another one")
    return sorted(listed)


def _check_length(database: Path, free: int) -> None:
    """Refuse what is no whole database before it is read to its end, which it may not have.

    Raises:
        Misconfigured: It is another kind of file, is not as long as it says itself, or does not
            fit onto the disk.
    """
    found = database.stat()
    if stat.S_ISREG(found.st_mode) and (told := _told_length(database)):
        if found.st_size != told:
            raise Misconfigured(
                f"{database} is damaged: it has {found.st_size:,} bytes, and by its header {told:,}"
            )
        if told > free:
            raise Misconfigured(
                f"{database} has {told:,} bytes, and only {free:,} are free where it is restored"
            )
        return
    raise Misconfigured(f"{database} is damaged: it is not a SQLite database")


def _told_length(database: Path) -> int:
    """The length of a database by its header; 0 if it has none. A copy by SQLite tells it."""
    with database.open("rb") as file:
        header = file.read(HEADER_BYTES)
    if len(header) < HEADER_BYTES or not header.startswith(HEADER):
        return 0
    page, pages = int.from_bytes(header[16:18]), int.from_bytes(header[28:32])
    return (LARGEST_PAGE if page == 1 else page) * pages


def _copy_database(source: Path, to: Path, stopped: Callable[[], bool]) -> None:
    def go_on(*_: int) -> None:
        if stopped():
            raise Misconfigured("the backup was given up")

    _write(to, b"")
    with closing(dbapi2.connect(str(source))) as live, closing(dbapi2.connect(str(to))) as copy:
        # One snapshot: otherwise each change in between would begin the copy anew.
        live.execute("BEGIN")
        live.execute("SELECT count(*) FROM sqlite_master").fetchone()
        live.backup(copy, pages=PAGES, progress=go_on)
        # One file, without a write-ahead log.
        copy.execute("PRAGMA journal_mode = DELETE")


def _check_database(path: Path, stopped: Callable[[], bool] = lambda: False) -> None:
    with closing(dbapi2.connect(str(path))) as database:
        database.set_progress_handler(stopped, CHECK_EVERY)
        found = database.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise Misconfigured(f"{path.name} is damaged: {found}")


def _drop_free_pages(path: Path) -> None:
    """Rewrite the database: SQLite leaves deleted rows in free pages."""
    with closing(dbapi2.connect(str(path))) as database:
        database.execute("VACUUM")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _of_one_moment(folder: Path) -> Mapping[str, bytes]:
    """Read the files beside the database, again if a certificate is renewed meanwhile."""
    found = _read(folder)
    for _ in range(TRIES):
        again = _read(folder)
        if again == found:
            return found
        found = again
    raise Misconfigured(f"the files of {folder} keep changing; try again")


def _read(folder: Path) -> dict[str, bytes]:
    return {name: _content(folder / name) for name in OWN_KEYS if (folder / name).is_file()}


def _content(file: Path) -> bytes:
    """Return the content of one of `OWN_KEYS`.

    Raises:
        OSError: It cannot be read.
        Misconfigured: It is longer than any of them, or no regular file.
    """
    try:
        return files.read_bytes(file)
    except ValueError as error:
        raise Misconfigured(f"{file} cannot be read: {error}") from error


@contextmanager
def _whole(place: Path) -> Iterator[Path]:
    """A directory of mode 700 that is renamed to its destination at the end, or removed on error.

    Raises:
        Misconfigured: The destination exists, or cannot be written.
    """
    with _in_words(f"{place} cannot be written"):
        if place.exists() and (not place.is_dir() or any(place.iterdir())):
            raise Misconfigured(f"{place} is not empty: choose a new directory")
        place.parent.mkdir(mode=MODE, parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
        try:
            staging.chmod(MODE)
            yield staging
            _sync(staging)
            staging.rename(place)
            _sync(place.parent)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, files.OWNER_ONLY)
    with open(handle, "wb") as file:
        os.fchmod(handle, files.OWNER_ONLY)  # the umask may have taken more away
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free(place: Path) -> int:
    """How many bytes are free on the disk of a directory that is still to be made."""
    with _in_words(f"{place} cannot be written"):
        there = next(each for each in (place, *place.absolute().parents) if each.exists())
        return shutil.disk_usage(there).free


def _of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    """Turn errors of disk and database into a message that begins with `what`.

    Raises:
        Misconfigured: The disk or the database failed.
    """
    try:
        yield
    except OSError as error:
        raise Misconfigured(f"{what}: {error.strerror or error}") from error
    except dbapi2.DatabaseError as error:
        raise Misconfigured(f"{what}: {error}") from error
