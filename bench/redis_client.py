"""As much of a Redis client as a replay needs: commands in bytes, many at once."""

import socket
from collections.abc import Iterable, Sequence

from bench.errors import RunError

Answer = bytes | int | None | list["Answer"]


class Redis:
    """A connection to a server on this machine."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._file = self._socket.makefile("rb")

    def close(self) -> None:
        """End the connection."""
        self._file.close()
        self._socket.close()

    def ask(self, command: Sequence[bytes]) -> Answer:
        """The answer to one command.

        Raises:
            RunError: The server refused it.
        """
        return self.ask_all([command])[0]

    def ask_all(self, commands: Iterable[Sequence[bytes]]) -> list[Answer]:
        """The answers to commands that are sent together.

        Raises:
            RunError: The server refused one.
        """
        written = [_written(command) for command in commands]
        self._socket.sendall(b"".join(written))
        return [self._answer() for _ in written]

    def info(self, section: str) -> dict[str, str]:
        """A section of `INFO`."""
        text = self.ask([b"INFO", section.encode()])
        lines = text.decode().splitlines() if isinstance(text, bytes) else []
        return dict(line.split(":", 1) for line in lines if ":" in line)

    def _answer(self) -> Answer:
        line = self._file.readline()
        kind, rest = line[:1], line[1:].strip()
        match kind:
            case b"+":
                return rest
            case b":":
                return int(rest)
            case b"$":
                length = int(rest)
                return None if length < 0 else self._file.read(length + 2)[:-2]
            case b"*":
                return [self._answer() for _ in range(int(rest))]
            case _:
                raise RunError(f"the server said {line!r}")


def _written(command: Sequence[bytes]) -> bytes:
    words = [b"*%d\r\n" % len(command)]
    words += [b"$%d\r\n%b\r\n" % (len(word), word) for word in command]
    return b"".join(words)
