"""The certificate of a running server: its source, and a thread that replaces it.

Every handshake uses the new certificate from then on. An invalid one is logged once, and the old
one stays in use.
"""

import logging
import threading
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from attimo.certificates import Certificate, Source, authority
from attimo.certificates.names import names
from attimo.certificates.ordered import ByAcme
from attimo.certificates.source import Files, OwnAuthority
from attimo.data_directory import DataDirectory
from attimo.errors import Misconfigured
from attimo.settings import Settings

LOOK_EVERY_SECONDS = 1.0
WARN_EVERY = timedelta(days=1)
END_SECONDS = 1.0

log = logging.getLogger(__name__)


def source_of(
    settings: Settings, home: DataDirectory, answers: MutableMapping[str, str]
) -> Source | None:
    """Return the source of certificates for these settings; None without TLS.

    Args:
        settings: The settings.
        home: The data directory.
        answers: The responses to an authority's challenges, by token.
    """
    if not any(each.tls for each in settings.listeners):
        return None
    if settings.certificate and settings.private_key:
        return Files(settings.certificate, settings.private_key, settings.authority)
    if settings.acme:
        return ByAcme(
            home.path,
            settings.endpoint,
            settings.acme,
            settings.acme_email,
            settings.authority,
            answers,
            settings.also_endpoint,
        )
    if authority.is_foreign(home.path):
        return Files(home.path / "server.pem", home.path / "server.key")
    return OwnAuthority(home.path, settings.endpoint, settings.also_endpoint)


@dataclass(slots=True)
class Keeper:
    """Looks for a new certificate every second, and immediately when it is woken.

    Attributes:
        source: Where certificates come from.
        used: The one in use.
        endpoint: The public name of the server.
        use: Replaces the certificate; raises ValueError if it cannot be used.
        also: More public names.
    """

    source: Source
    used: Certificate
    endpoint: str
    use: Callable[[Certificate], None]
    also: tuple[str, ...] = ()
    _complaint: str = field(default="", init=False)
    _warned: datetime | None = field(default=None, init=False)
    _woken: threading.Event = field(default_factory=threading.Event, init=False)
    _ending: bool = field(default=False, init=False)
    _thread: threading.Thread | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to look."""
        self._warn_of_names()
        self._thread = threading.Thread(target=self._run, name="certificate", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Look now, and use what is there even if it seems unchanged."""
        self._woken.set()

    def stop(self) -> None:
        """Stop, without waiting for an authority's response."""
        self._ending = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join(END_SECONDS)

    def look(self, *, now: bool = False) -> None:
        """Use a new certificate if there is one."""
        try:
            found = self.source.next(now=now)
            if found is not None:
                self.use(found)
        except (Misconfigured, OSError, ValueError) as error:
            self._complain(str(error))
        else:
            self._complaint = ""
            if found is not None:
                self._took(found)
        self._warn_of_end()

    def _run(self) -> None:
        while True:
            now = self._woken.wait(LOOK_EVERY_SECONDS)
            self._woken.clear()
            if self._ending:
                return
            self.look(now=now)

    def _took(self, found: Certificate) -> None:
        self.used, self._warned = found, None
        until = f", valid until {found.ends:%F %T} UTC" if found.ends else ""
        log.info("a new certificate is in use%s", until)
        self._warn_of_names()

    def _complain(self, words: str) -> None:
        """Log what is wrong, once."""
        if words != self._complaint:
            log.error("%s; the old certificate stays in use", words)
        self._complaint = words

    def _warn_of_end(self) -> None:
        now, start = datetime.now(UTC), self.used.warn_from
        if start is None or now < start or (self._warned and now < self._warned + WARN_EVERY):
            return
        self._warned = now
        log.warning("the certificate expires on %s UTC: replace it", f"{self.used.ends:%F %T}")

    def _warn_of_names(self) -> None:
        """Log the names of the endpoints that the certificate lacks, if it has been parsed."""
        if not self.used.ends:
            return
        wanted = names(self.endpoint, *self.also)
        missing = [name for name in wanted if not self.used.covers(name)]
        if missing:
            log.warning("the certificate is not for %s; SDKs need it", ", ".join(missing))
