"""Requests to a server, as one caller: what the clients of items and of the control plane share."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote

from attimo import names
from attimo.cli.profiles import TIMEOUT_SECONDS, Profile
from attimo.errors import AttimoError
from attimo.errors.repeated import repeated

if TYPE_CHECKING:
    from attimo.cli.connection import Response


class BaseClient:
    """A connection to one server, as one caller."""

    def __init__(self, server: Profile, timeout: float = TIMEOUT_SECONDS) -> None:
        """Create a client; it connects at the first request.

        Raises:
            Misconfigured: The address or the certificates cannot be used.
        """
        # Its library takes longer to import than the rest, and a tab or a help text needs none.
        from attimo.cli.connection import Connection

        self.server = server
        self._connection = Connection(server, timeout)

    def __enter__(self) -> Self:
        """Use it in a `with`, which closes it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self._connection.close()

    def connect(self) -> None:
        """Connect now, which the first request does otherwise.

        Raises:
            Unreachable: Nobody is there.
        """
        self._connection.connect()

    def send(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> "Response":
        """Send a request, with a body in JSON unless it is bytes; any response will do.

        Raises:
            Unreachable: There was no response.
        """
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self._connection.request(method, path, query, body, headers)

    def ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, Any] | None = None,
        body: object = None,
    ) -> "Response":
        """Send a request that must succeed.

        Raises:
            AttimoError: It does not; the message is the server's.
        """
        return checked(self.send(method, path, query, body))


def checked(answer: "Response") -> "Response":
    """The answer, if it is a success.

    Raises:
        AttimoError: It is not; the message is the server's.
    """
    if 200 <= answer.status < 300:
        return answer
    raise _error(answer)


def cause(answer: "Response") -> str:
    """The word for the cause of an error; empty for a success."""
    return "" if 200 <= answer.status < 300 else _error(answer).err


def _error(answer: "Response") -> AttimoError:
    said = _said(answer)
    return repeated(answer.status, said, _message(answer, said))


def _said(answer: "Response") -> dict[str, Any]:
    """The JSON of an error; empty if it is another program's."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _message(answer: "Response", said: Mapping[str, Any]) -> str:
    if 300 <= answer.status < 400:
        # The key is for the address that was given, and is sent nowhere else.
        to = answer.headers.get("location", "another address")
        return f"The server redirects to {to}. If that is the right server, pass it with --url"
    if "message" in said:
        return str(said["message"])
    return answer.text.strip()[:300] or f"The server answered with status {answer.status}"


def cache_part(name: str) -> str:
    """A cache's name as a part of a path.

    Raises:
        InvalidName: It is not a valid name.
    """
    names.check_cache(name)
    return quote(name, safe="")
