"""The console's place in the control app.

What pages need is imported when the first is asked for: a server that nobody looks at spends no
memory on it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

PREFIX = "/console"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where programs reach the server, as the examples of pages say.

    Attributes:
        https: The URL by the public name; None without TLS.
        http: The URL without TLS, for programs on this machine; None if there is none.
        root: Returns the certificate to trust, if clients do not trust it already.
        has_mail: Whether e-mail is sent; otherwise it is only saved in the data directory.
    """

    https: str | None
    http: str | None
    root: Callable[[], Path | None]
    has_mail: bool


def routes(addresses: Addresses) -> Sequence[Route]:
    """Return the console's routes."""
    return [Route(f"{PREFIX}/{{path:path}}", _Pages(addresses))]


class _Pages:
    """All pages, as an ASGI app."""

    path = f"{PREFIX}/{{path:path}}"  # for the access log

    def __init__(self, addresses: Addresses) -> None:
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page."""
        from attimo.console.app import answer

        scope["state"]["addresses"] = self._addresses
        await answer(scope, receive, send)
