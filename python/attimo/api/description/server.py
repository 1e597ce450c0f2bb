"""The server itself: whether it is well, what it counts, and what can be asked of it.

Nothing here needs a token; but what the app answers refuses one that is sent and not valid.
"""

from collections.abc import Sequence

from attimo.api.description.parts import (
    Operation,
    Parameter,
    Paths,
    json_answer,
    object_schema,
    query,
    refusals,
)
from attimo.api.problems import ALWAYS

TAG = "server"


def _open(
    id: str,
    summary: str,
    answer: dict[str, object],
    *refused: int,
    not_yet: dict[str, object] | None = None,
    parameters: Sequence[Parameter] = (),
) -> Operation:
    """An operation for everybody."""
    answers = {"200": answer, **refusals(refused)} | ({"503": not_yet} if not_yet else {})
    return {
        "operationId": id,
        "tags": [TAG],
        "summary": summary,
        "security": [],
        "responses": answers,
        **({"parameters": list(parameters)} if parameters else {}),
    }


def _text(description: str, *media_types: str) -> dict[str, object]:
    content = {each: {"schema": {"type": "string"}} for each in media_types}
    return {"description": description, "content": content}


_WELL = object_schema(status={"const": "ok"}, version={"type": "string"})
_READY = object_schema(status={"enum": ["ready", "starting", "read-only"]})
_FOR_DATA = query(
    "data",
    {"type": "string"},
    "With any value, or none: report readiness for data requests, which are served even while "
    "`starting` or `read-only`.",
)
_NOT_READY = object_schema(status={"enum": ["starting", "read-only", "draining"]})
_OPEN_METRICS = "application/openmetrics-text"
_DOCUMENT = {"type": "object", "required": ["openapi", "info", "paths"]}

PATHS: Paths = {
    "/health": {
        "get": _open(
            "getHealth",
            "Check that the server is alive",
            json_answer("It is.", _WELL, {"status": "ok", "version": "0.1.0"}),
        )
    },
    "/ready": {
        "get": _open(
            "getReadiness",
            "Check that the server is ready",
            json_answer("It is.", _READY, {"status": "ready"}),
            parameters=[_FOR_DATA],
            not_yet=json_answer("It is not, or is shutting down.", _NOT_READY),
        )
    },
    "/metrics": {
        "get": _open(
            "getMetrics",
            "Read the metrics, for Prometheus",
            _text("The metrics, in either text format.", "text/plain", _OPEN_METRICS),
            403,
            404,
            405,
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
            _text("An HTML page; it loads nothing from other servers.", "text/html"),
            *ALWAYS,
        )
    },
}
