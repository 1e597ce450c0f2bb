"""The addresses of a running server, for the data directory, the command line and SDKs."""

import os
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from attimo import __version__
from attimo.data_directory import Running
from attimo.settings import Listener, Shown

HTTPS_PORT = "443"


def running(name: str, listeners: list[Listener], settings: Iterable[Shown] = ()) -> Running:
    """Return what a server writes about itself to the data directory.

    Args:
        name: Its public name.
        listeners: Its listeners, with their actual ports.
        settings: Its settings, for `attimo settings --running`.
    """
    # Plaintext is for curl and the command line, which use HTTP; SDKs use TLS.
    http = _best(each for each in listeners if not each.tls and "http" in each.offers)
    https = _at_endpoint(listeners)
    return Running(
        pid=os.getpid(),
        http=http.address if http else None,
        https=https.address if https else None,
        endpoint=_endpoint(name, https.address if https else None),
        version=__version__,
        listeners=[str(each) for each in listeners],
        settings={each.name: [each.value, each.origin] for each in settings},
    )


def at_endpoint(listeners: list[Listener]) -> tuple[str, ...]:
    """Return what is offered at the public name."""
    https = _at_endpoint(listeners)
    return https.offers if https else ()


def http_at_endpoint(running: Running) -> str | None:
    """Return the URL of plain HTTP at the public name; None if it is not offered there."""
    at = f"https://{running.https}"
    for each in running.listeners:
        address, _, only = each.partition("?only=")
        if address == at and (not only or "http" in only.split(",")):
            return f"https://{running.endpoint}"
    return None


def listening_at(running: Running) -> list[tuple[IPv4Address | IPv6Address, int]]:
    """Return the addresses of all listeners, each with its port."""
    found = (urlsplit(each.partition("?")[0]) for each in running.listeners)
    return [(ip_address(each.hostname or ""), each.port or 0) for each in found]


def _at_endpoint(listeners: list[Listener]) -> Listener | None:
    return _best(each for each in listeners if each.tls)


def _best(listeners: Iterable[Listener]) -> Listener | None:
    """Return the listener with the most features; among equals, the first."""
    for_clients = [each for each in listeners if each.for_clients]
    return max(for_clients, key=lambda each: len(each.offers), default=None)


def _endpoint(name: str, https: str | None) -> str:
    port = https.rpartition(":")[2] if https else HTTPS_PORT
    return name if port == HTTPS_PORT else f"{name}:{port}"
