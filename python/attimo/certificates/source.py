"""Where the certificate of a server comes from, at a start and while it runs."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from attimo.certificates import authority, pair
from attimo.certificates.pair import Certificate
from attimo.errors import Misconfigured

TRY_AGAIN = timedelta(hours=1)

log = logging.getLogger(__name__)


class Source(Protocol):
    """What gives a server its certificate."""

    def first(self) -> Certificate:
        """The one to start with.

        Raises:
            Misconfigured: There is none.
        """

    def next(self, *, now: bool) -> Certificate | None:
        """Another one, if there is one; asked every few seconds, in a thread that may wait.

        Args:
            now: Whether somebody wants to see one, and not only at the time that is right.

        Raises:
            Misconfigured: There should be one, but it is of no use.
        """


@dataclass(slots=True)
class OwnAuthority:
    """Certificates that this server signs for itself.

    Attributes:
        folder: Where the authority and the certificate are kept.
        endpoint: The public name.
    """

    folder: Path
    endpoint: str
    _renewal: datetime | None = field(default=None, init=False)

    def first(self) -> Certificate:
        """The one that is kept, or one that is made now."""
        found = authority.ensure(self.folder, self.endpoint)
        self._renewal = authority.renewal(self.folder)
        return found

    def next(self, *, now: bool) -> Certificate | None:
        """A new one when the end of the last comes near."""
        if self._renewal is None or datetime.now(UTC) < self._renewal:
            return None
        self._renewal = datetime.now(UTC) + TRY_AGAIN
        return self.first()


Seen = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Files:
    """Two files that somebody else replaces when it is time.

    Attributes:
        chain: The certificate and its issuers, in PEM.
        key: The private key, in PEM.
        root: The file with the root that clients must be given; None if they know it.
    """

    chain: Path
    key: Path
    root: Path | None = None
    _used: Seen | None = field(default=None, init=False)
    _last: Seen | None = field(default=None, init=False)

    def first(self) -> Certificate:
        """What is in the files. One that has ended is told of and used: it is all that there is."""
        self._used = self._last = self._look()
        found = pair.read(self.chain, self.key, self.root)
        try:
            self._check_time(found)
        except Misconfigured as error:
            log.error("%s; clients will refuse it", error)
        return found

    def next(self, *, now: bool) -> Certificate | None:
        """What is in the files, if they have changed, and are not being written at this moment."""
        seen = self._look()
        settled, self._last = seen == self._last, seen
        if not now and (seen == self._used or not settled):
            return None
        self._used = seen
        found = pair.read(self.chain, self.key, self.root)
        self._check_time(found)
        return found

    def _look(self) -> Seen:
        """What tells whether a file is another: links are followed, since some tools swap those.

        Raises:
            Misconfigured: A file is not there.
        """
        try:
            found = [each.stat() for each in (self.chain, self.key)]
        except OSError as error:
            raise Misconfigured(f"{error.filename} cannot be read: {error.strerror}") from error
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)

    def _check_time(self, found: Certificate) -> None:
        now = datetime.now(UTC)
        if found.ends and found.ends <= now:
            raise Misconfigured(f"the certificate in {self.chain} ended on {found.ends:%F %T} UTC")
        if found.begins and found.begins > now:
            raise Misconfigured(
                f"the certificate in {self.chain} is not valid before {found.begins:%F %T} UTC"
            )
