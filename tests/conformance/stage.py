"""A server that a program in another language may cut off, restart and look into while it runs.

The program posts a command's name, and its arguments as a query, to the address in ATTIMO_STAGE:
`block`, `unblock`, `restart`, `key`, `revoke`, `publish?cache=…&topic=…&count=…`, `subscriptions`.
"""

import re
import threading
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import httpx

from conformance import programs
from conformance.tunnel import Tunnel
from harness import Server
from road import Road

OPEN_SUBSCRIPTIONS = re.compile(r"^attimo_topic_subscriptions\S* (\d+)$", re.MULTILINE)


class Stage:
    """A server, the ways to it, and where a program says what is to happen to them."""

    def __init__(self) -> None:
        self.server = Server()
        self.road = Road(lambda: self.server.http_address)
        self.tls_road = Road(lambda: self.server.https_address)
        self.tunnel = Tunnel(lambda: self.server.https_address)
        self._listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._key_id = ""

    @property
    def environment(self) -> dict[str, str]:
        """What a program is told of them."""
        return programs.environment(self.server, "key") | self.addresses

    @property
    def addresses(self) -> dict[str, str]:
        """Where the ways to the server begin, and where a program asks for what happens."""
        return {
            "ATTIMO_HTTP": f"127.0.0.1:{self.road.port}",
            "ATTIMO_STAGE": f"127.0.0.1:{self._listener.server_port}",
        }

    @property
    def endpoint(self) -> str:
        """The name of the server, with the port where the way to its TLS listener begins."""
        return f"localhost:{self.tls_road.port}"

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.enter_context(self.server)
            for each in self._ways:
                stack.enter_context(each)
            stack.callback(self._listener.server_close)
            stack.callback(self._listener.shutdown)
            threading.Thread(target=self._listener.serve_forever, daemon=True).start()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def block(self) -> None:
        """Cut the program off."""
        for each in self._ways:
            each.block()

    def unblock(self) -> None:
        """Let it through again."""
        for each in self._ways:
            each.unblock()

    def restart(self) -> None:
        """End the server as an operator does, and start it again."""
        self.server.stop()
        self.server.start()

    def key(self) -> str:
        """Create a key that only reads."""
        asked = {"role_id": "viewer", "description": "for a while", "expiry": "never"}
        told = self._ask("POST", "/api-keys", json=asked).json()
        self._key_id = told["key_info"]["key_id"]
        return str(told["api_key"])

    def revoke(self) -> None:
        """Revoke that key."""
        self._ask("DELETE", f"/api-keys/{self._key_id}")

    def publish(self, cache: str, topic: str, count: str) -> None:
        """Publish the numbers from 1 on, past whatever is blocked."""
        with self._client() as client:
            for number in range(1, int(count) + 1):
                client.post(f"/topics/{cache}/{topic}", content=str(number)).raise_for_status()

    def subscriptions(self) -> str:
        """How many subscriptions are open."""
        return str(sum(map(int, OPEN_SUBSCRIPTIONS.findall(self._ask("GET", "/metrics").text))))

    @property
    def _ways(self) -> tuple[Road, ...]:
        return self.road, self.tls_road, self.tunnel

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        with self._client() as client:
            return client.request(method, path, **more).raise_for_status()

    def _client(self) -> httpx.Client:
        headers = {"authorization": self.server.api_key}
        return httpx.Client(base_url=self.server.http, headers=headers, trust_env=False)


def _handler(stage: Stage) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            parts = urlsplit(self.path)
            said = getattr(stage, parts.path.strip("/"))(**dict(parse_qsl(parts.query)))
            body = (said or "").encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.send_header("access-control-allow-origin", "*")  # programs in a browser ask, too
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
