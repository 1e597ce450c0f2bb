"""The sockets on which a server listens: handed over to it, or opened here.

A socket that was handed over keeps the connections that wait in it.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from attimo.errors import Misconfigured
from attimo.settings import Listener, supervisor
from attimo.settings.declared import flag, variable

BACKLOG = 65_535
"""The system caps this at its own limit, which is the one that should apply."""

UNSENT_BYTES = 65_536
"""How much of an answer the kernel may hold that it cannot send yet, of each connection.

Otherwise that is up to 4 MiB, which the process does not see. In a control group of version 2 it is
the container's memory, and 100 clients that read nothing would have the server killed.
"""


@dataclass(frozen=True, slots=True)
class Offered:
    """A listening socket that was handed over.

    Attributes:
        socket: The socket.
        name: Its name in the supervisor; `http` and `https` are for the settings of that name.
        tls: Whether it was used with TLS; None if unknown.
    """

    socket: socket.socket
    name: str = ""
    tls: bool | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener with its actual address, and its socket."""

    listener: Listener
    socket: socket.socket


@contextmanager
def opened(asked: Sequence[Listener], offered: Sequence[Offered]) -> Iterator[list[Listening]]:
    """Listen on these addresses, until the end of the context.

    An offered socket is used by the listener with its name or address; a listener with port 0 takes
    one that the server before had on that address. The others are opened.

    Raises:
        Misconfigured: An address cannot be used, or the supervisor passes a socket without a
            listener.
    """
    with ExitStack() as stack:
        for each in offered:
            stack.enter_context(each.socket)
        found = _matched(asked, offered)
        _check_all_used(offered, found)
        sockets = [
            found[place].socket if place in found else stack.enter_context(_open(listener))
            for place, listener in enumerate(asked)
        ]
        yield [_listening(*pair) for pair in zip(asked, sockets, strict=True)]


@contextmanager
def of_supervisor(given: Sequence[supervisor.Given] | None = None) -> Iterator[list[Offered]]:
    """Return the sockets with which this process was started; its children do not inherit them.

    Args:
        given: Their descriptors; by default, those of the environment.

    Raises:
        Misconfigured: One of them is not a listening TCP socket.
    """
    with ExitStack() as stack:
        found = []
        for each in supervisor.given() if given is None else given:
            try:
                taken = stack.enter_context(socket.socket(fileno=each.descriptor))
            except OSError as error:
                raise _unusable(each, error.strerror or str(error)) from error
            taken.set_inheritable(False)
            if not _listens(taken):
                raise _unusable(each, "it is not a listening TCP socket")
            found.append(Offered(taken, each.name))
        yield found


def address_of(taken: socket.socket) -> str:
    """Return its address, as an operator would write it."""
    host, port = taken.getsockname()[:2]
    return f"[{host}]:{port}" if taken.family == socket.AF_INET6 else f"{host}:{port}"


def _unusable(given: supervisor.Given, why: str) -> Misconfigured:
    name = f" ({given.name})" * bool(given.name)
    return Misconfigured(f"LISTEN_FDS passes descriptor {given.descriptor}{name}, but {why}")


def _listens(taken: socket.socket) -> bool:
    return (
        taken.family in (socket.AF_INET, socket.AF_INET6)
        and taken.type == socket.SOCK_STREAM
        and taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    )


def _matched(asked: Sequence[Listener], offered: Sequence[Offered]) -> dict[int, Offered]:
    """Return the socket of each listener, by its position; the best matches come first."""
    left = list(offered)
    found: dict[int, Offered] = {}
    for fits in (_has_name, _has_address, _has_any_port):
        for place, listener in enumerate(asked):
            match = next((each for each in left if fits(listener, each)), None)
            if place not in found and match is not None:
                found[place] = match
                left.remove(match)
    return found


def _has_name(listener: Listener, offered: Offered) -> bool:
    return offered.name == listener.setting and listener.setting != "listen"


def _has_address(listener: Listener, offered: Offered) -> bool:
    return listener.address == address_of(offered.socket)


def _has_any_port(listener: Listener, offered: Offered) -> bool:
    host, _, port = listener.address.rpartition(":")
    same_host = address_of(offered.socket).rpartition(":")[0] == host
    return port == "0" and same_host and offered.tls == listener.tls


def _check_all_used(offered: Sequence[Offered], found: dict[int, Offered]) -> None:
    """Refuse a supervisor's socket without a listener: its clients would wait forever."""
    used = list(found.values())
    for each in offered:
        if each.tls is None and each not in used:
            address = address_of(each.socket)
            raise Misconfigured(
                f"LISTEN_FDS passes a socket at {address} that no setting uses; add "
                f"--https {address}, or FileDescriptorName=https in the socket's unit"
            )


def _listening(listener: Listener, taken: socket.socket) -> Listening:
    taken.setblocking(False)
    # Connections inherit it.
    taken.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
    real = replace(listener, address=address_of(taken))
    if real.is_exposed:
        raise Misconfigured(
            f"LISTEN_FDS has {real.address} without TLS, so others could read API keys in "
            f"transit; use TLS, or confirm with --listen {replace(real, insecure=True)}"
        )
    return Listening(real, taken)


def _open(listener: Listener) -> socket.socket:
    host, _, port = listener.address.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    opened = None
    try:
        opened = socket.socket(family, socket.SOCK_STREAM)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host.strip("[]"), int(port)))
        opened.listen(BACKLOG)
    except OSError as error:
        if opened is not None:
            opened.close()
        raise Misconfigured(_explained(listener, error)) from error
    return opened


def _explained(listener: Listener, error: OSError) -> str:
    """Return the system's message, and the setting that helps."""
    said = f"{listener.address}: {error.strerror or error}"
    low = "; ports below 1024 need root or CAP_NET_BIND_SERVICE" * ("denied" in said)
    name = listener.setting
    return (
        f"cannot listen on {said}{low}; choose another address with {flag(name)} or "
        f"{variable(name)}"
    )
