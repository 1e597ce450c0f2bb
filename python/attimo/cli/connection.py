"""One HTTP connection to a server, and what went wrong with it in words.

It uses http.client: importing a richer library takes longer than the request.
"""

import http.client
import json
import select
import socket
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import SplitResult, quote, urlencode, urlsplit

from attimo import files
from attimo.cli import inputs
from attimo.cli.profiles import TIMEOUT_SECONDS, Profile
from attimo.errors import InvalidArgument, Misconfigured, Unreachable

if TYPE_CHECKING:
    import ssl

PORTS = {"http": 80, "https": 443}

REPEATABLE = ("GET", "HEAD")
"""Methods that may be sent again: what writes would do so twice, or be told that it is done."""

LONGEST_ANSWER = 2**26
"""In bytes; what is longer is no answer of this server."""

NO_CERTIFICATE = "\n"
"""An empty text would mean those of the system."""

NOT_TRUSTED = {18, 19, 20, 21}
WRONG_NAME = {62, 64}
EXPIRED = {10}
"""What OpenSSL's X509_V_ERR_* numbers say of a certificate."""


class Response(NamedTuple):
    """A response, read whole."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    def json(self) -> Any:
        """The body as JSON.

        Raises:
            ValueError: It is none.
        """
        return json.loads(self.body)


class Connection:
    """A connection to the server of a profile; it is opened at the first request, and kept."""

    def __init__(
        self, server: Profile, timeout: float = TIMEOUT_SECONDS, verify: bool = True
    ) -> None:
        """Prepare a connection; `verify` is whether the server must prove who it is.

        Raises:
            Misconfigured: The address or the certificates cannot be used.
            InvalidArgument: The file of the certificates cannot be read.
        """
        self.url = server.url
        self._timeout = timeout
        try:
            parts = urlsplit(server.url)
            self._prefix = quote(parts.path.rstrip("/"))
            self._http = _opened(server, parts, timeout, verify)
        except (OSError, ValueError, KeyError) as error:
            raise Misconfigured(f"{server.url} cannot be used: {error}") from error
        self._headers = {"Authorization": server.api_key} if server.api_key else {}

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def connect(self) -> None:
        """Open it.

        Raises:
            Unreachable: That failed; the message says why, and what to do.
        """
        try:
            self._http.connect()
        except OSError as error:
            self.close()
            raise Unreachable(self._why(error)) from error

    def certificate_end(self) -> int:
        """When the server's certificate expires, in seconds since 1970, once it was accepted.

        Raises:
            Unreachable: The connection is closed, or has none.
        """
        import ssl

        socket = self._http.sock
        found = socket.getpeercert() if isinstance(socket, ssl.SSLSocket) else None
        if not found:
            raise Unreachable(f"{self.url} closed the connection")
        return ssl.cert_time_to_seconds(str(found["notAfter"]))

    def request(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send a request and read the response.

        Raises:
            Unreachable: There was none; the message says why, and what to do.
            InvalidArgument: A part of the query is no text.
        """
        try:
            path += f"?{urlencode(query, doseq=True)}" if query else ""
        except UnicodeEncodeError as error:
            near = error.object[max(0, error.start - 20) : error.end + 20]
            raise InvalidArgument(f"{near!r} must be text in UTF-8") from error
        try:
            return self._exchanged(method, self._prefix + path, body, headers or {})
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Unreachable(self._why(error)) from error
        except BaseException:
            # Interrupted: the next request must not get this one's response.
            self.close()
            raise

    def _exchanged(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        # A server closes an idle connection whenever it likes; a new one is tried once.
        if self._is_closed():
            self.close()
        may_repeat = self._http.sock is not None and method in REPEATABLE
        try:
            return self._sent(method, path, body, headers)
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
            self.close()
            if not may_repeat:
                raise
            return self._sent(method, path, body, headers)

    def _is_closed(self) -> bool:
        """Whether the server has closed an idle connection: it has nothing else to say on it."""
        return self._http.sock is not None and bool(select.select([self._http.sock], [], [], 0)[0])

    def _sent(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> Response:
        self._http.request(method, path, body, {**self._headers, **headers})
        answer = self._http.getresponse()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, named, self._body(answer))

    def _body(self, answer: http.client.HTTPResponse) -> bytes:
        """Read a body: only all of it, if its length is known, tells whether a part is missing."""
        if (answer.length or 0) <= LONGEST_ANSWER:
            body = answer.read(LONGEST_ANSWER + 1) if answer.length is None else answer.read()
            if len(body) <= LONGEST_ANSWER:
                return body
        raise Unreachable(
            f"{self.url} sends an answer of more than {LONGEST_ANSWER:,} bytes. Check the address"
        )

    def _why(self, error: Exception) -> str:
        if isinstance(error, TimeoutError):
            return (
                f"{self.url} did not answer in {self._timeout:g} s. Check the address and the port"
            )
        if isinstance(error, socket.gaierror):
            return f"Cannot reach {self.url}: its host name is not known. Check the spelling"
        if isinstance(error, ConnectionRefusedError):
            return (
                f"Cannot reach {self.url}: connection refused. "
                "Check the port, and that the server runs"
            )
        if isinstance(error, http.client.HTTPException | ConnectionResetError):
            return self._not_http()
        if isinstance(error, OSError) and hasattr(error, "verify_code"):
            return self._certificate(error)
        if hasattr(error, "reason") and hasattr(error, "library"):
            return self._not_tls(str(error.reason))
        said = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return f"Cannot reach {self.url}: {said}"

    def _not_http(self) -> str:
        tls = self.url.startswith("https:")
        other = "" if tls else f" If the port is for TLS, use https://{self.url[7:]}"
        return f"{self.url} closed the connection without an answer in HTTP. Check the port.{other}"

    def _not_tls(self, reason: str) -> str:
        plain = f"If the port is for plaintext, use http://{self.url[8:]}"
        return f"{self.url} does not speak TLS as expected ({reason}). Check the port. {plain}"

    def _certificate(self, error: Any) -> str:
        why = f"Certificate of {self.url} not accepted"
        code = error.verify_code
        if code in NOT_TRUSTED:
            return (
                f"{why}: its issuer is not trusted here. Pass the server's root certificate with "
                "--ca; `attimo ca --how` on the server says how to get it"
            )
        if code in WRONG_NAME:
            return (
                f"{why}: it is for another name. Use the server's public name (its --endpoint) "
                "in --url"
            )
        if code in EXPIRED:
            return f"{why}: it has expired. Renew it on the server, and check the clock here"
        return f"{why}: {error.verify_message}"


class _Http(http.client.HTTPConnection):
    """A connection whose address, and whose trust, may differ from what the host's name says."""

    def __init__(
        self,
        host: str,
        port: int,
        timeout: float,
        address: tuple[str, int],
        trust: "ssl.SSLContext | None",
    ) -> None:
        super().__init__(host, port, timeout=timeout)
        self._address = address
        self._trust = trust

    def connect(self) -> None:
        """Open the socket."""
        self.sock = socket.create_connection(self._address, self.timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._trust is not None:
            self.sock = self._trust.wrap_socket(self.sock, server_hostname=self.host)


def _opened(server: Profile, parts: SplitResult, timeout: float, verify: bool) -> _Http:
    if parts.scheme not in PORTS or not parts.hostname:
        raise ValueError("an address must start with http:// or https:// and name a host")
    port = parts.port or PORTS[parts.scheme]
    address = (parts.hostname, port)
    if server.address:
        host, _, at = server.address.rpartition(":")
        address = (host.strip("[]"), int(at))
    trust = _trust(server.ca, verify) if parts.scheme == "https" else None
    connection = _Http(parts.hostname, port, timeout, address, trust)
    # It decides which port the header Host may leave out.
    connection.default_port = PORTS[parts.scheme]
    return connection


def _trust(ca: str | None, verify: bool) -> "ssl.SSLContext":
    """What to trust: these certificates, else the system's.

    Raises:
        InvalidArgument: They cannot be read.
        ValueError: They are none.
    """
    import ssl

    if not verify:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return context
    if ca is None:
        return ssl.create_default_context()
    try:
        # The text and not the file, which OpenSSL would read to its end; lines beside are comments.
        pem = inputs.content(ca, files.LONGEST).decode("ascii", "ignore")
        return ssl.create_default_context(cadata=pem or NO_CERTIFICATE)
    except ssl.SSLError as error:
        raise ValueError(f"{ca} holds no certificates in PEM") from error
