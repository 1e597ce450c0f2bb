"""Ports for programs that are told theirs before they bind it, or that come back to it.

The kernel gives to whoever binds port 0, and to each end that connects, one of its ephemeral ports,
from 32,768 on. These are lower, so that nobody takes one by chance before its program has it.
"""

import secrets
import socket
from contextlib import ExitStack, suppress

LOCALHOST = "127.0.0.1"
LOWEST, BELOW_EPHEMERAL = 10_000, 32_768


def free_port() -> int:
    """A port of loopback at which nobody listens."""
    (port,) = free_ports(1)
    return port


def free_ports(count: int) -> list[int]:
    """So many of them, each another one."""
    found: list[int] = []
    with ExitStack() as stack:
        while len(found) < count:
            port = LOWEST + secrets.randbelow(BELOW_EPHEMERAL - LOWEST)
            probe = stack.enter_context(socket.socket())
            with suppress(OSError):  # somebody has it
                probe.bind((LOCALHOST, port))
                found.append(port)
    return found
