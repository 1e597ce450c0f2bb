"""A receiver of webhooks: an HTTP server whose answers a test writes."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

STALL = 0
"""As a status: no answer until the receiver ends."""


@dataclass(frozen=True)
class Got:
    """A request that has arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(self.body)
        return event

    @property
    def text(self) -> str:
        return str(self.event["text"])


@dataclass
class Receiver:
    """What has arrived, and how the next requests are answered.

    Attributes:
        answers: A status and headers for each of the next requests; then `status`.
    """

    port: int = 0
    status: int = 200
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    _news: threading.Condition = field(default_factory=threading.Condition)
    _ending: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def texts(self) -> list[str]:
        return [each.text for each in self.got]

    def wait_for(self, count: int) -> list[Got]:
        """Wait until so many requests have arrived."""
        with self._news:
            assert self._news.wait_for(lambda: len(self.got) >= count, 60), len(self.got)
            return list(self.got)

    def end(self) -> None:
        self._ending.set()

    def take(self, got: Got) -> tuple[int, dict[str, str]]:
        with self._news:
            self.got.append(got)
            status, headers = self.answers.pop(0) if self.answers else (self.status, {})
            self._news.notify_all()
        if status == STALL:
            self._ending.wait(20)
        return status, headers


class _Handler(BaseHTTPRequestHandler):
    server: "_Server"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, fields = self.server.receiver.take(Got(self.path, headers, body))
        if status == STALL:
            return
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    receiver: Receiver


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """Run a receiver on loopback, at a free port unless one is given."""
    with _Server(("127.0.0.1", port), _Handler) as server:
        server.receiver = receiver = Receiver(server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            receiver.end()
            server.shutdown()
