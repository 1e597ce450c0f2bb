"""The access log: for each control request, a line in the log and a span in its trace.

Both say who requested what, and with which result, and contain no query, body, cookie or token. The
request ID is from the data plane, which sends it to the client, too.
"""

import logging
import time
from dataclasses import dataclass, field
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from attimo import tracing
from attimo.api import caller
from attimo.control.callers import SessionHolder
from attimo.logs import with_fields

log = logging.getLogger("attimo.access")

REQUEST_ID_HEADER = "x-request-id"

CLIENT_GONE = 499
"""The status of a request whose client has gone before it was read; nobody gets it."""


class AccessLog:
    """Middleware that logs each request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and log it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope.setdefault("state", {})
        request = _LoggedRequest(scope, Headers(scope=scope))

        async def listen(message: Message) -> None:
            request.hear(message)
            await send(message)

        with tracing.request(request.kind, request.attributes, request.headers) as note:
            try:
                await self._app(scope, receive, listen)
            except ClientDisconnect:
                request.status = CLIENT_GONE
            finally:
                for name, value in request.outcome.items():
                    note(name, value)
                request.log()


@dataclass(slots=True)
class _LoggedRequest:
    """A request, and its response; without a response it has failed."""

    scope: Scope
    headers: Headers
    status: int = 500
    grpc_status: str | None = None
    began: float = field(default_factory=time.perf_counter)

    def hear(self, message: Message) -> None:
        """Note the beginning of the response."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.grpc_status = Headers(raw=message["headers"]).get("grpc-status")

    @property
    def path(self) -> str:
        """The path without the query, in printable characters."""
        return quote(self.scope["path"], safe="/:@!$&'()*+,;=~")

    @property
    def kind(self) -> str:
        """The name of the span: the gRPC method, or the HTTP method."""
        is_grpc = caller.is_grpc(self.headers)
        return self.path.lstrip("/") if is_grpc else str(self.scope["method"])

    @property
    def route(self) -> str | None:
        """The path as declared, once the app has routed the request."""
        found: str | None = getattr(self.scope.get("endpoint"), "path", None)
        return None if found is None else found.replace(":path}", "}")

    @property
    def attributes(self) -> dict[str, tracing.Value]:
        """The attributes known before the response, by OpenTelemetry's names."""
        return {
            "http.request.method": self.scope["method"],
            "url.path": self.path,
            "client.address": self.headers.get(caller.PEER_HEADER, ""),
            "attimo.request_id": self.headers.get(REQUEST_ID_HEADER, ""),
        }

    @property
    def outcome(self) -> dict[str, tracing.Value]:
        """The attributes known after it."""
        known: dict[str, tracing.Value | None] = {
            "http.route": self.route,
            "http.response.status_code": self.status,
            "rpc.grpc.status_code": None if self.grpc_status is None else int(self.grpc_status),
            "attimo.account_id": self.account_id,
            "attimo.key_id": self.headers.get(caller.KEY_HEADER),
        }
        return {name: value for name, value in known.items() if value is not None}

    @property
    def session(self) -> SessionHolder | None:
        """The caller, if it has a session."""
        found: SessionHolder | None = self.scope["state"].get("session")
        return found

    @property
    def account_id(self) -> int | None:
        """The account that the request was about."""
        if self.session is not None:
            return self.session.account_id
        account = self.headers.get(caller.ACCOUNT_HEADER)
        return None if account is None else int(account)

    def log(self) -> None:
        """Write the line."""
        took = (time.perf_counter() - self.began) * 1_000
        session = self.session
        fields = {
            "status": self.status,
            "grpc_status": self.grpc_status,
            "ms": round(took, 1),
            "account": self.account_id,
            "key": self.headers.get(caller.KEY_HEADER) if session is None else None,
            "user": session.session.user_id if session is not None else None,
            "peer": self.headers.get(caller.PEER_HEADER),
            "request_id": self.headers.get(REQUEST_ID_HEADER),
        }
        log.info("%s %s", self.scope["method"], self.path, extra=with_fields(fields))
