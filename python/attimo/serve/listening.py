"""The sockets on which a server listens: taken over from whoever has them, or opened here.

Who listens already goes on to: a socket that was handed over keeps all connections that wait in it.
"""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace

from attimo.errors import Misconfigured
from attimo.settings import Listener, supervisor
from attimo.settings.declared import flag, variable

BACKLOG = 65_535
"""The system clips this to its own limit; a burst of clients should meet that and not ours."""


@dataclass(frozen=True, slots=True)
class Offered:
    """A socket that listens already.

    Attributes:
        socket: It.
        name: What a supervisor calls it; `http` and `https` are for the settings of that name.
        tls: Whether TLS was spoken on it; None if nobody knows.
    """

    socket: socket.socket
    name: str = ""
    tls: bool | None = None


@dataclass(frozen=True, slots=True)
class Listening:
    """A listener, with the address that it really has, and its socket."""

    listener: Listener
    socket: socket.socket


@contextmanager
def opened(asked: Sequence[Listener], offered: Sequence[Offered]) -> Iterator[list[Listening]]:
    """Listen where it is asked for, until the end of the context.

    A socket that is offered is used by the listener of its name or its address; a listener that
    asks for any free port takes one that the server before had on that address. The rest is opened.

    Raises:
        Misconfigured: An address cannot be had, or a supervisor gives what nobody asks for.
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
    """The sockets with which this process was started; no program that it starts gets them.

    Args:
        given: Their descriptors; those of the environment if None.

    Raises:
        Misconfigured: One of them is no socket that listens for TCP.
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
                raise _unusable(each, "it does not listen for TCP")
            found.append(Offered(taken, each.name))
        yield found


def address_of(taken: socket.socket) -> str:
    """Where it listens, as one would write it."""
    host, port = taken.getsockname()[:2]
    return f"[{host}]:{port}" if taken.family == socket.AF_INET6 else f"{host}:{port}"


def _unusable(given: supervisor.Given, why: str) -> Misconfigured:
    name = f" ({given.name})" * bool(given.name)
    return Misconfigured(f"LISTEN_FDS gives descriptor {given.descriptor}{name}, but {why}")


def _listens(taken: socket.socket) -> bool:
    return (
        taken.family in (socket.AF_INET, socket.AF_INET6)
        and taken.type == socket.SOCK_STREAM
        and taken.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) == 1
    )


def _matched(asked: Sequence[Listener], offered: Sequence[Offered]) -> dict[int, Offered]:
    """By place of the listener: its socket. What fits best is given away first."""
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
    """Refuse a socket of a supervisor that nobody serves: clients would wait in it for ever."""
    used = list(found.values())
    for each in offered:
        if each.tls is None and each not in used:
            address = address_of(each.socket)
            raise Misconfigured(
                f"LISTEN_FDS gives a socket at {address} that no setting asks for; have "
                f"--https {address}, or FileDescriptorName=https in the socket's unit"
            )


def _listening(listener: Listener, taken: socket.socket) -> Listening:
    taken.setblocking(False)
    real = replace(listener, address=address_of(taken))
    if real.is_exposed:
        raise Misconfigured(
            f"LISTEN_FDS has {real.address} without TLS, so that others could read API keys on the "
            f"way; use TLS, or say that it is meant: --listen {replace(real, insecure=True)}"
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
    """The system's words, and the setting that mends it."""
    said = f"{listener.address}: {error.strerror or error}"
    low = "; ports below 1024 take root or CAP_NET_BIND_SERVICE" * ("denied" in said)
    name = listener.setting
    return (
        f"cannot listen on {said}{low}; choose another address with {flag(name)} or "
        f"{variable(name)}"
    )
