"""A proxy on this machine for clients that dial port 443 and no other.

It understands CONNECT alone, and leads every name and port to one address, apart from names that it
is told of. TLS goes through it unread, so that the client still sees the server's own certificate.
"""

import re
import socket
from collections.abc import Callable

from road import Road

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class Tunnel(Road):
    """Listens on a free port of this machine while it is entered.

    Args:
        target: Says where names lead.
    """

    def __init__(self, target: Callable[[], tuple[str, int]]) -> None:
        super().__init__(target)
        self.apart: dict[str, int] = {}
        """Hosts that lead to other ports of this machine, with each name that ends so."""

    def _where(self, client: socket.socket) -> tuple[str, int]:
        asked = b""
        while not asked.endswith(b"\r\n\r\n"):
            asked += client.recv(1) or b"\r\n\r\n"
        client.sendall(ESTABLISHED)
        (name,) = re.findall(rb"^CONNECT (.*):", asked) or [b""]
        ports = [port for host, port in self.apart.items() if name.decode().endswith(host)]
        return ("127.0.0.1", ports[0]) if ports else super()._where(client)
