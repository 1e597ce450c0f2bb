"""E-mail: by SMTP where that is set up, else into the log, where the operator finds it."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 20

Send = Callable[[str, str, str], None]
"""Sends to an address a subject and a text. It returns at once, and fails into the log."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """Where e-mail is handed in. Neither its repr nor its text holds the password.

    Attributes:
        secure: Whether TLS begins with the connection; else STARTTLS is asked for, and required
            before a password is said.
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
    """Read `smtp://user:password@host:587`, or `smtps://…` for TLS from the start.

    Raises:
        ValueError: It is no such URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or parts.path not in ("", "/"):
        raise ValueError(url)
    secure = parts.scheme == "smtps"
    port = parts.port or (465 if secure else 587)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return SmtpServer(parts.hostname, port, secure, user, password)


def to_log(to: str, subject: str, text: str) -> None:
    """Write an e-mail into the log: no server for e-mail is set up."""
    log.warning("no smtp is set, so this e-mail to %s was not sent: %s\n%s", to, subject, text)


class BySmtp:
    """Sends through a server, one e-mail after the other, in a thread of its own."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        """Make a sender; it connects at the first e-mail.

        Args:
            server: Where e-mail is handed in.
            sender: The address that it comes from.
        """
        self._server = server
        self._sender = sender
        self._thread = ThreadPoolExecutor(1, "mail")

    def __call__(self, to: str, subject: str, text: str) -> None:
        """Send an e-mail."""
        self._thread.submit(self._try, to, subject, text)

    def close(self) -> None:
        """Finish what is under way; what waits behind it is dropped."""
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
