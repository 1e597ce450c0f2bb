"""A certificate that an authority on the network signs, kept in the data directory.

A start never waits for it: until there is one, the server shows what its own authority signs. It is
renewed when two thirds of its life are over; after a failure it is tried again, later each time.
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
JITTER = 0.05  # of a life: servers that began together do not come together

log = logging.getLogger(__name__)


@dataclass(slots=True)
class ByAcme:
    """Certificates that are ordered.

    Attributes:
        folder: Where they are kept, and the key of the account.
        endpoint: The public name.
        directory: The authority's URL.
        email: Whom it tells of trouble.
        root: The file with the root that clients must be given; None if they know it.
        answers: Where answers to its challenges are laid down.
    """

    folder: Path
    endpoint: str
    directory: str
    email: str | None
    root: Path | None
    answers: MutableMapping[str, str]
    _due: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _failures: int = field(default=0, init=False)

    def first(self) -> Certificate:
        """The one that is kept, or what the server's own authority signs."""
        kept = self._kept()
        return kept or OwnAuthority(self.folder, self.endpoint).first()

    def next(self, *, now: bool) -> Certificate | None:
        """Order one when it is time."""
        if not now and datetime.now(UTC) < self._due:
            return None
        self._failures += 1
        self._due = datetime.now(UTC) + pause(self._failures)
        log.info("ordering a certificate for %s from %s", self.endpoint, self.directory)
        found = self._order()
        self._failures = 0
        return found

    @property
    def _chain(self) -> Path:
        return self.folder / "acme.pem"

    @property
    def _key(self) -> Path:
        return self.folder / "acme.key"

    def _kept(self) -> Certificate | None:
        """The one of the last order, if it is still good for what is wanted."""
        if not (self._chain.exists() and self._key.exists()):
            return None
        text = pair.text(self._chain)
        facts = notes.facts(HEADING, text)
        same = {"directory": self.directory, "endpoint": self.endpoint}
        if any(facts.get(name) != value for name, value in same.items()):
            return None
        try:
            key = (self._key, pair.text(self._key))
            found = pair.belonging((self._chain, notes.chain(text)), key, self.root)
            due = datetime.fromisoformat(facts["renew after"])
        except (Misconfigured, KeyError, ValueError) as error:
            log.warning("the kept certificate cannot be used, another is ordered: %s", error)
            return None
        if found.ends is None or found.ends <= datetime.now(UTC):
            return None
        self._due = due
        return found

    def _order(self) -> Certificate:
        from attimo.certificates.acme_client import Orders

        account = self.folder / "acme-account.key"
        orders = Orders(self.directory, self.email, self.root, account, self.answers)
        made = orders.order(names(self.endpoint))
        chain, key = made.chain, made.private_key
        found = pair.belonging((self._chain, chain), (self._key, key), self.root)
        self._due = renewal(found)
        facts = {
            "directory": self.directory,
            "endpoint": self.endpoint,
            "renew after": self._due.isoformat(),
        }
        # A crash between the two leaves a pair that does not fit, and another is ordered.
        files.write(self._key, key)
        files.write(self._chain, notes.written(HEADING, facts, chain), 0o644)
        return found


def renewal(found: Certificate) -> datetime:
    """When two thirds of a certificate's life are over, and a little earlier by chance."""
    if found.begins is None or found.ends is None:
        raise ValueError("nobody has looked how long the certificate lives")
    life = found.ends - found.begins
    return found.begins + life * (2 / 3 - JITTER * random.random())  # noqa: S311 (no secret)


def pause(failures: int) -> timedelta:
    """How long to wait after so many failures in a row: twice as long each time, by chance less."""
    longest = min(FIRST_PAUSE * float(2 ** min(failures - 1, 20)), LONGEST_PAUSE)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
