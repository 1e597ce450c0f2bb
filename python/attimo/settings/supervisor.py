"""What a supervisor such as systemd passes to the process in the environment.

Listening sockets (`LISTEN_PID`, `LISTEN_FDS`, `LISTEN_FDNAMES`: sd_listen_fds(3)), and the address
for notifications of the service's state (`NOTIFY_SOCKET`: sd_notify(3)).
"""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from attimo.errors import Misconfigured

FIRST_DESCRIPTOR = 3


@dataclass(frozen=True, slots=True)
class Given:
    """A descriptor that the supervisor passed.

    Attributes:
        descriptor: Its number.
        name: `FileDescriptorName=` of the socket unit; empty if there is none.
    """

    descriptor: int
    name: str


def given(environ: Mapping[str, str] | None = None, pid: int | None = None) -> list[Given]:
    """Return the sockets passed to this process; none if they are another process's.

    Args:
        environ: The environment; the process's by default.
        pid: The process; this one by default.

    Raises:
        Misconfigured: A variable is not a number.
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
    """Notify the supervisor, if there is one; errors are ignored.

    Args:
        lines: Such as `READY=1`.
        environ: The environment; the process's by default.
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
