"""E-mail: by SMTP if that is configured, otherwise into a directory for the operator."""

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20
MOST_IN_FOLDER = 100

Send = Callable[[str, str, str], None]
"""Sends a subject and a text to an address. It returns immediately, and logs errors."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """An SMTP server. Neither its repr nor its text contains the password.

    Attributes:
        secure: Whether the connection begins with TLS; otherwise STARTTLS is used, and required
            before a password is sent.
    """

    host: str
    port: int
    secure: bool
    user: str
    password: str = field(repr=False)

    def __str__(self) -> str:
        """The URL without the password."""
        who = f"{self.user}:…@" if self.user else ""
        return f"smtp{'s' if self.secure else ''}://{who}{self.host}:{self.port}"


def server_of(url: str) -> SmtpServer:
    """Parse `smtp://user:password@host:587`, or `smtps://…` for TLS from the start.

    Raises:
        ValueError: It is not such a URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(url)
    secure = parts.scheme == "smtps"
    port = parts.port or (465 if secure else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(parts.hostname, port, secure, user, password)


def to_nobody(to: str, subject: str, text: str) -> None:
    """Send nothing."""
    log.warning("there is no way to send e-mail: %s", subject)


@dataclass(frozen=True, slots=True)
class ToFolder:
    """Writes e-mail to a directory, for the operator to forward.

    It can contain tokens, so it goes where only the server's owner can read it, and not to the log.
    """

    folder: Path

    def __call__(self, to: str, subject: str, text: str) -> None:
        """Write an e-mail; the oldest are deleted when there are many."""
        try:
            path = self._write(f"To: {to}\nSubject: {subject}\n\n{text}\n")
        except OSError as error:
            log.error("an e-mail could not be written: %s", error)
            return
        log.warning("no smtp is set, so an e-mail was not sent; it was saved in %s", path)

    def _write(self, text: str) -> Path:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        path = self.folder / f"{time.time_ns()}.txt"
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "w", encoding="utf-8") as file:
            file.write(text)
        for old in sorted(self.folder.glob("*.txt"))[:-MOST_IN_FOLDER]:
            old.unlink(missing_ok=True)
        return path


class BySmtp:
    """Sends by a server, one e-mail at a time, in a thread of its own."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        """Create a sender; it connects for the first e-mail.

        Args:
            server: The SMTP server.
            sender: The sender's address.
        """
        self._server = server
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, "mail")

    def __call__(self, to: str, subject: str, text: str) -> None:
        """Send an e-mail."""
        self._thread.submit(self._try, to, subject, text)

    def close(self) -> None:
        """Finish the current e-mail; those that wait are dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _try(self, to: str, subject: str, text: str) -> None:
        try:
            self._send(to, subject, text)
        except Exception as error:
            log.error("an e-mail to %s could not be sent by %s: %s", to, self._server, error)

    def _send(self, to: str, subject: str, text: str) -> None:
        import smtplib
        import ssl
        from email.message import EmailMessage

        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message.set_content(text)
        trust = ssl.create_default_context()
        at, server = (self._server.host, self._server.port), self._server
        connection: smtplib.SMTP = (
            smtplib.SMTP_SSL(*at, timeout=TIMEOUT_SECONDS, context=trust)
            if server.secure
            else smtplib.SMTP(*at, timeout=TIMEOUT_SECONDS)
        )
        with connection:
            connection.ehlo()
            if not server.secure and (server.user or connection.has_extn("starttls")):
                connection.starttls(context=trust)
            if server.user:
                connection.login(server.user, server.password)
            connection.send_message(message)
