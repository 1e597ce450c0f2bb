"""The console's place in the control app.

What pages need is imported when the first is asked for: a server that nobody looks at spends no
memory on it.
"""

from collections.abc import Callable, Mapping, Sequence

from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from attimo.console.addresses import PREFIX, Addresses, Connect
from attimo.console.health import Health
from attimo.console.shared import Shared


def routes(addresses: Addresses, health: Callable[[], Health], connect: Connect) -> Sequence[Route]:
    """Return the console's routes.

    Args:
        health: Returns the state of the server, for the page of operators.
        connect: Returns a connection to the data plane, for pages that show items.
    """
    pages = _Pages({"addresses": addresses, "health": health, "connect": connect})
    return [Route(PREFIX, pages), Route(pages.path, pages)]


class _Pages:
    """All pages, as an ASGI app."""

    path = f"{PREFIX}/{{path:path}}"  # for the access log

    def __init__(self, state: Mapping[str, object]) -> None:
        self._state = {**state, "shared": Shared()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for a page."""
        from attimo.console.app import answer

        scope["state"].update(self._state)
        await answer(scope, receive, send)
