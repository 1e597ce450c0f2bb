"""The protocol between two servers of one data directory: each message is a line of JSON.

Descriptors are sent with a message (SCM_RIGHTS, unix(7)). Only processes of the same user accept
each other.
"""

import json
import os
import socket
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

READ_BYTES = 1 << 16
MOST_DESCRIPTORS = 250
"""The kernel allows 253 in one message."""
_CREDENTIALS = struct.Struct("3i")


class Gone(Exception):
    """The other side has closed the connection, as it does when it is done."""


class Silent(Exception):
    """The other side has sent nothing for too long."""


@dataclass(slots=True)
class Channel:
    """A connection.

    Attributes:
        socket: Its socket.
        descriptors: The descriptors that have arrived.
    """

    socket: socket.socket
    descriptors: list[int] = field(default_factory=list)
    _heard: bytes = field(default=b"", init=False, repr=False)

    @property
    def pid(self) -> int:
        """Return the process at the other end."""
        return self._credentials()[0]

    @property
    def is_ours(self) -> bool:
        """Whether the process at the other end belongs to the same user."""
        return self._credentials()[1] == os.geteuid()

    def say(self, message: dict[str, Any], descriptors: Sequence[int] = ()) -> None:
        """Send a message.

        Raises:
            Gone: The connection is closed.
        """
        text = json.dumps(message).encode() + b"\n"
        try:
            sent = socket.send_fds(self.socket, [text], descriptors) if descriptors else 0
            self.socket.sendall(text[sent:])
        except OSError as error:
            raise Gone from error

    def hear(self, patience_seconds: float | None) -> dict[str, Any]:
        """Wait for the next message.

        Raises:
            Gone: The connection is closed.
            Silent: There is none in time.
        """
        while b"\n" not in self._heard:
            self._heard += self._read(patience_seconds)
        line, _, self._heard = self._heard.partition(b"\n")
        try:
            message = json.loads(line)
        except ValueError as error:
            raise Gone from error
        return message if isinstance(message, dict) else {}

    def close(self) -> None:
        """Close the connection, and the descriptors that nobody took."""
        self.socket.close()
        while self.descriptors:
            os.close(self.descriptors.pop())

    def _read(self, patience_seconds: float | None) -> bytes:
        self.socket.settimeout(patience_seconds)
        try:
            data, descriptors, _, _ = socket.recv_fds(
                self.socket, READ_BYTES, MOST_DESCRIPTORS, socket.MSG_CMSG_CLOEXEC
            )
        except TimeoutError as error:
            raise Silent from error
        except OSError as error:
            raise Gone from error
        finally:
            self.socket.settimeout(None)
        self.descriptors += descriptors
        if not data:
            raise Gone
        return data

    def _credentials(self) -> tuple[int, int]:
        size = _CREDENTIALS.size
        found = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        pid, uid, _ = _CREDENTIALS.unpack(found)
        return pid, uid
