"""What a supervisor such as systemd gives to the process that it starts, by its environment.

Sockets that listen already (`LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES`: sd_listen_fds(3)), and
where it wants to be told how the service does (`NOTIFY_SOCKET`: sd_notify(3)).
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from attimo.errors import Misconfigured

FIRST_DESCRIPTOR = 3


@dataclass(frozen=True, slots=True)
class Given:
    """A descriptor that this process was started with.

    Attributes:
        descriptor: Its number.
        name: `FileDescriptorName=` of the socket unit; empty if there is none.
    """

    descriptor: int
    name: str


def given(environ: Mapping[str, str] | None = None, pid: int | None = None) -> list[Given]:
    """The sockets that were given to this process; none if they were meant for another.

    Args:
        environ: The environment; that of the process if None.
        pid: The process; this one if None.

    Raises:
        Misconfigured: A variable holds no number.
    """
    environ = os.environ if environ is None else environ
    pid = os.getpid() if pid is None else pid
    if "LISTEN_FDS" not in environ or _number(environ, "LISTEN_PID") != pid:
        return []
    names = environ.get("LISTEN_FDNAMES", "").split(":")
    count = _number(environ, "LISTEN_FDS")
    names += [""] * (count - len(names))
    return [Given(FIRST_DESCRIPTOR + place, names[place]) for place in range(count)]


def _number(environ: Mapping[str, str], name: str) -> int:
    text = environ.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise Misconfigured(f"{name} is {text!r}, but must be a number (sd_listen_fds(3))")
    return int(text)


def tell(*lines: str, environ: Mapping[str, str] | None = None) -> None:
    """Tell the supervisor, if it wants to know; one that does not listen misses it.

    Args:
        lines: Such as `READY=1`.
        environ: The environment; that of the process if None.
    """
    environ = os.environ if environ is None else environ
    path = environ.get("NOTIFY_SOCKET", "")
    if not path.startswith(("/", "@")):
        return
    address = "\0" + path[1:] if path.startswith("@") else path
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notice:
        try:
            notice.sendto("\n".join(lines).encode(), address)
        except OSError:
            return
