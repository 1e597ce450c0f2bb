"""A client that is gone before its request was read is a line in the log, and no error."""

import asyncio
import logging
from socket import socket
from typing import Any

import pytest

from attimo.api import create_app
from attimo.console import entry
from attimo.console.addresses import Addresses
from attimo.console.health import Health
from attimo.control import Control

HEALTH = Health(0, [], None, 1, 2**20, is_writable=True, failures=0)
ADDRESSES = Addresses(None, None, lambda: None)
FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
GRPC = "application/grpc"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/session", JSON),
        ("/signup", JSON),
        ("/password/forgotten", JSON),
        ("/invitations/accept", JSON),
        ("/payments/events", JSON),
        ("/console/sign-in", FORM),
        ("/auth.Auth/RefreshApiToken", GRPC),
    ],
)
def test_a_client_that_leaves_is_a_line_in_the_log(
    control: Control, path: str, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It would else be 44 lines of a traceback, which strangers could cause as they like."""
    caplog.set_level(logging.INFO, "attimo.access")
    headers = {"content-type": kind, "host": "localhost"}
    if kind == GRPC:
        headers["attimo-protocol"] = "grpc"
    scope = {
        "type": "http",
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }

    def connect(peer: str) -> socket:
        pytest.fail(f"the data plane was asked for {peer}")

    async def gone() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def answered(message: Any) -> None:
        pytest.fail(f"somebody was answered: {message}")

    pages = entry.routes(ADDRESSES, lambda: HEALTH, connect)
    app = create_app(control, "e", "open", pages=pages)
    asyncio.run(app(scope, gone, answered))

    [line] = [each for each in caplog.records if each.name == "attimo.access"]
    assert line.getMessage() == f"POST {path}"
    assert vars(line)["fields"]["status"] == 499
