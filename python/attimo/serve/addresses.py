"""Where a server is to be found: for others, for the command line, and in words that SDKs take."""

import ipaddress
import os
from collections.abc import Iterable

from attimo import __version__
from attimo.data_directory import Running
from attimo.settings import Listener

HTTPS_PORT = "443"


def running(name: str, listeners: list[Listener]) -> Running:
    """What a server writes of itself.

    Args:
        name: Its public name.
        listeners: Where it really listens.
    """
    # Plaintext is for curl and the command line, which ask by HTTP; SDKs use TLS.
    http = _best(each for each in listeners if not each.tls and "http" in each.offers)
    https = _at_endpoint(listeners)
    return Running(
        pid=os.getpid(),
        http=http.address if http else None,
        https=https.address if https else None,
        endpoint=_endpoint(name, https.address if https else None),
        version=__version__,
        listeners=[str(each) for each in listeners],
    )


def reachable(address: str) -> str:
    """An address to which this machine can connect: 0.0.0.0 is none."""
    host, _, port = address.rpartition(":")
    if not ipaddress.ip_address(host.strip("[]")).is_unspecified:
        return address
    return f"[::1]:{port}" if ":" in host else f"127.0.0.1:{port}"


def at_endpoint(listeners: list[Listener]) -> tuple[str, ...]:
    """What is offered where the public name leads."""
    https = _at_endpoint(listeners)
    return https.offers if https else ()


def _at_endpoint(listeners: list[Listener]) -> Listener | None:
    return _best(each for each in listeners if each.tls)


def _best(listeners: Iterable[Listener]) -> Listener | None:
    """The one that offers clients most; among equals, the first."""
    for_clients = [each for each in listeners if each.for_clients]
    return max(for_clients, key=lambda each: len(each.offers), default=None)


def _endpoint(name: str, https: str | None) -> str:
    port = https.rpartition(":")[2] if https else HTTPS_PORT
    return name if port == HTTPS_PORT else f"{name}:{port}"
