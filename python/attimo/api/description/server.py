"""The server itself: whether it is well, what it counts, and what can be asked of it.

Nothing here needs a token; but what the app answers refuses one that is sent and not valid.
"""

from attimo.api.description.parts import Operation, Paths, json_answer, refusals, thing
from attimo.api.refusals import ALWAYS

TAG = "server"


def _open(id: str, summary: str, answer: dict[str, object], *refused: int) -> Operation:
    """An operation for everybody."""
    return {
        "operationId": id,
        "tags": [TAG],
        "summary": summary,
        "security": [],
        "responses": {"200": answer, **refusals(refused)},
    }


def _text(description: str, media_type: str) -> dict[str, object]:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


_WELL = thing(status={"const": "ok"}, version={"type": "string"})
_READY = thing(status={"const": "ready"})
_DOCUMENT = {"type": "object", "required": ["openapi", "info", "paths"]}

PATHS: Paths = {
    "/health": {
        "get": _open(
            "getHealth",
            "Ask whether the server lives",
            json_answer("It does.", _WELL, {"status": "ok", "version": "0.1.0"}),
        )
    },
    "/ready": {
        "get": _open(
            "getReadiness",
            "Ask whether the server can do its work",
            json_answer("It can.", _READY, {"status": "ready"}),
            503,
        )
    },
    "/metrics": {
        "get": _open(
            "getMetrics",
            "Read what the server counts, for Prometheus",
            _text("The metrics, in Prometheus' text format.", "text/plain"),
        )
    },
    "/openapi.json": {
        "get": _open(
            "getDescription",
            "Read this document",
            json_answer("This document.", _DOCUMENT),
            *ALWAYS,
        )
    },
    "/docs": {
        "get": _open(
            "getDocs",
            "Read this document as a page",
            _text("A page for people; it loads nothing from elsewhere.", "text/html"),
            *ALWAYS,
        )
    },
}
