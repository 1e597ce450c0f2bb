"""A server for e-mail that takes everything and keeps it."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue

LIMIT_SECONDS = 30


@dataclass
class Mailbox:
    """What has come: each letter as it was sent, and the newest that was taken out."""

    port: int
    letter: str = ""
    _came: "SimpleQueue[str]" = field(default_factory=SimpleQueue)

    def next(self) -> str:
        """Take the next letter out, once it has come."""
        self.letter = self._came.get(timeout=LIMIT_SECONDS)
        return self.letter

    def is_empty(self) -> bool:
        """Whether no letter is left."""
        return self._came.empty()


@contextmanager
def mailbox_server() -> Iterator[Mailbox]:
    """Serve SMTP on a free port of loopback."""

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mailbox\r\n")
            letter = ""
            for line in self.rfile:
                word = line[:4].upper()
                if word == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    letter = b"".join(iter(self.rfile.readline, b".\r\n")).decode()
                self.wfile.write(b"221 bye\r\n" if word == b"QUIT" else b"250 ok\r\n")
                if word == b"QUIT":
                    break
            if letter:
                box._came.put(letter)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        box = Mailbox(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield box
        finally:
            server.shutdown()
            thread.join()
