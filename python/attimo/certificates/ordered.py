"""A certificate ordered by ACME, stored in the data directory.

Start-up never waits for it: until there is one, the server uses one from its own authority. It is
renewed after two thirds of its lifetime; after failures it is retried with increasing delays.
"""

import logging
import random
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attimo import files
from attimo.certificates import notes, pair
from attimo.certificates.names import names
from attimo.certificates.pair import Certificate
from attimo.certificates.source import OwnAuthority
from attimo.errors import Misconfigured

HEADING = "Attimo certificate by ACME"
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=12)
JITTER = 0.05  # of a lifetime, so that servers started together do not renew together

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ByAcme:
    """Orders certificates.

    Attributes:
        folder: Where the certificate and the account's key are stored.
        endpoint: The public name.
        directory: The authority's URL.
        email: The contact address.
        root: The file with the root that clients must trust; None if they already do.
        answers: The responses to its challenges, by token.
        also: More public names.
    """

    folder: Path
    endpoint: str
    directory: str
    email: str | None
    root: Path | None
    answers: MutableMapping[str, str]
    also: tuple[str, ...] = ()
    _due: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _failures: int = field(default=0, init=False)

    def first(self) -> Certificate:
        """Return the stored one, or one from the server's own authority."""
        pair.check_root(self.root)
        kept = self._kept()
        return kept or OwnAuthority(self.folder, self.endpoint, self.also).first()

    def next(self, *, now: bool) -> Certificate | None:
        """Order one when it is due."""
        if not now and datetime.now(UTC) < self._due:
            return None
        self._failures += 1
        self._due = datetime.now(UTC) + pause(self._failures)
        log.info("ordering a certificate for %s from %s", self._endpoints, self.directory)
        found = self._order()
        self._failures = 0
        return found

    @property
    def _endpoints(self) -> str:
        return ",".join((self.endpoint, *self.also))

    @property
    def _chain(self) -> Path:
        return self.folder / "acme.pem"

    @property
    def _key(self) -> Path:
        return self.folder / "acme.key"

    def _kept(self) -> Certificate | None:
        """Return the one of the last order, if it is for one of the names.

        If it is not for all of them, it is used until another one, which is due, is there.
        """
        if not (self._chain.exists() and self._key.exists()):
            return None
        text = pair.text(self._chain)
        facts = notes.facts(HEADING, text)
        if facts.get("directory") != self.directory:
            return None
        try:
            key = (self._key, pair.text(self._key))
            found = pair.belonging((self._chain, notes.chain(text)), key, self.root)
            due = datetime.fromisoformat(facts["renew after"])
        except (Misconfigured, KeyError, ValueError) as error:
            log.warning("the stored certificate cannot be used, ordering another: %s", error)
            return None
        if found.ends is None or found.ends <= datetime.now(UTC):
            return None
        if facts.get("endpoint") == self._endpoints:
            self._due = due
        elif not any(found.covers(each) for each in (self.endpoint, *self.also)):
            return None
        return found

    def _order(self) -> Certificate:
        from attimo.certificates.acme_client import Orders

        pair.check_root(self.root)  # which may have changed, and OpenSSL reads to its end
        account = self.folder / "acme-account.key"
        orders = Orders(self.directory, self.email, self.root, account, self.answers)
        made = orders.order(names(self.endpoint, *self.also))
        chain, key = made.chain, made.private_key
        found = pair.belonging((self._chain, chain), (self._key, key), self.root)
        self._due = renewal(found)
        facts = {
            "directory": self.directory,
            "endpoint": self._endpoints,
            "renew after": self._due.isoformat(),
        }
        # A crash in between leaves files that do not match, and another one is ordered.
        files.write(self._key, key)
        files.write(self._chain, notes.written(HEADING, facts, chain), 0o644)
        return found


def renewal(found: Certificate) -> datetime:
    """After two thirds of a certificate's lifetime, and randomly a little earlier."""
    if found.begins is None or found.ends is None:
        raise ValueError("the certificate's expiry has not been read")
    life = found.ends - found.begins
    return found.begins + life * (2 / 3 - JITTER * random.random())  # noqa: S311 (no secret)


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: exponential backoff with jitter."""
    longest = min(FIRST_PAUSE * float(2 ** min(failures - 1, 20)), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
