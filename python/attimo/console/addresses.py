"""Where pages are, and where programs reach the server."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from socket import socket
from typing import TypeAlias

PREFIX = "/console"

Connect: TypeAlias = Callable[[str], socket]
"""Returns a new connection to the data plane, as one of a client at an address."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where programs reach the server, as the examples of pages say.

    Attributes:
        https: The URL by the public name; None if it does not offer HTTP.
        http: The URL without TLS, for programs on this machine; None if there is none.
        root: Returns the certificate to trust, if clients do not trust it already.
    """

    https: str | None
    http: str | None
    root: Callable[[], Path | None]
