"""Where a server's certificate comes from, at start-up and while it runs."""

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
    """Provides a server's certificate."""

    def first(self) -> Certificate:
        """Return the one to start with.

        Raises:
            Misconfigured: There is none.
        """

    def next(self, *, now: bool) -> Certificate | None:
        """Return a new one, if there is one; called every few seconds, in a thread that may block.

        Args:
            now: Whether to look immediately, and not only when it is due.

        Raises:
            Misconfigured: There should be one, but it cannot be used.
        """


@dataclass(slots=True)
class OwnAuthority:
    """Certificates that this server issues for itself.

    Attributes:
        folder: Where the authority and the certificate are stored.
        endpoint: The public name.
        also: More public names.
    """

    folder: Path
    endpoint: str
    also: tuple[str, ...] = ()
    _renewal: datetime | None = field(default=None, init=False)

    def first(self) -> Certificate:
        """Return the stored one, or issue one."""
        found = authority.ensure(self.folder, self.endpoint, also=self.also)
        self._renewal = authority.renewal(self.folder)
        return found

    def next(self, *, now: bool) -> Certificate | None:
        """Issue a new one before the last expires."""
        if self._renewal is None or datetime.now(UTC) < self._renewal:
            return None
        self._renewal = datetime.now(UTC) + TRY_AGAIN
        return self.first()


Seen = tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Files:
    """Two files that another program replaces.

    Attributes:
        chain: The certificate and its issuers, in PEM.
        key: The private key, in PEM.
        root: The file with the root that clients must trust; None if they already do.
    """

    chain: Path
    key: Path
    root: Path | None = None
    _used: Seen | None = field(default=None, init=False)
    _last: Seen | None = field(default=None, init=False)

    def first(self) -> Certificate:
        """Read the files. An expired certificate is logged, and used: there is no other."""
        pair.check_root(self.root)
        self._used = self._last = self._look()
        found = pair.read(self.chain, self.key, self.root)
        try:
            self._check_time(found)
        except Misconfigured as error:
            log.error("%s; clients will refuse it", error)
        return found

    def next(self, *, now: bool) -> Certificate | None:
        """Read the files, if they have changed and are not being written."""
        seen = self._look()
        settled, self._last = seen == self._last, seen
        if not now and (seen == self._used or not settled):
            return None
        self._used = seen
        found = pair.read(self.chain, self.key, self.root)
        self._check_time(found)
        return found

    def _look(self) -> Seen:
        """Identify the files' versions; links are followed, since some tools replace those.

        Raises:
            Misconfigured: A file is missing.
        """
        try:
            found = [each.stat() for each in (self.chain, self.key)]
        except OSError as error:
            raise Misconfigured(f"{error.filename} cannot be read: {error.strerror}") from error
        return tuple((each.st_mtime_ns, each.st_ino, each.st_size) for each in found)

    def _check_time(self, found: Certificate) -> None:
        now = datetime.now(UTC)
        if found.ends and found.ends <= now:
            raise Misconfigured(
                f"the certificate in {self.chain} expired on {found.ends:%F %T} UTC"
            )
        if found.begins and found.begins > now:
            raise Misconfigured(
                f"the certificate in {self.chain} is not valid before {found.begins:%F %T} UTC"
            )
