"""Copies the database of a server into another one: from a file to PostgreSQL, or back."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path

from attimo.data_directory import MODE, DataDirectory
from attimo.errors import InvalidArgument, Misconfigured
from attimo.serve import upgrade
from attimo.settings.database import address_of
from attimo.store import copying
from attimo.store.connection import Connection
from attimo.store.database import Place, open_database

FILE = "sqlite:"


def place_of(url: str) -> Place:
    """Read `sqlite:DIRECTORY/attimo.db` or `postgresql://…`.

    Raises:
        InvalidArgument: It is neither; the message names no password.
    """
    if url.startswith(FILE) and url != FILE:
        return Path(url.removeprefix(FILE)).absolute()
    try:
        return address_of(url)
    except ValueError as error:
        raise InvalidArgument(
            "A database is sqlite:DIRECTORY/attimo.db or postgresql://user@host:5432/name; of the "
            f"second, {error}"
        ) from None


def copy(
    source: Place, target: Place, begin: Callable[[int], Callable[[str, int], None]]
) -> dict[str, int]:
    """Copy all rows; return how many each table has. The source stays as it is.

    Args:
        source: What is copied. One of an earlier version is migrated first, after a backup.
        target: A database that is new or empty.
        begin: Told how many rows there are; returns what is told the table and the rows copied.

    Raises:
        Misconfigured: There is no source, a server uses one of both, or the target is not empty.
        StoreUnavailable: One of both cannot be used.
    """
    if source == target:
        raise Misconfigured("Both are the same database")
    if isinstance(source, Path) and not source.is_file():
        raise Misconfigured(f"There is no database: {source} is missing")
    with ExitStack() as stack:
        for place in (source, target):
            stack.enter_context(_unused(place))
        if isinstance(source, Path):
            upgrade.back_up_first(DataDirectory(source.parent))
        opened = [stack.enter_context(closing(open_database(each))) for each in (source, target)]
        reads: Connection = stack.enter_context(opened[0].read())
        reads.take_time()
        at = begin(copying.count(reads))
        with opened[1].begin() as writes:
            writes.take_time()
            return copying.copy(reads, writes, at)


@contextmanager
def _unused(place: Place) -> Iterator[None]:
    """Keep servers from a data directory; on PostgreSQL, who opens a database does so."""
    if not isinstance(place, Path):
        yield
        return
    try:
        place.parent.mkdir(mode=MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"{place.parent} cannot be used: {error.strerror}") from error
    is_used = (place.parent / "lock").exists()
    with DataDirectory(place.parent).lock() if is_used else nullcontext():
        yield
