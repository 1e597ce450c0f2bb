"""The description of the API for programs and for people: `/openapi.json` and `/docs`.

The page is Swagger UI as a package brings it along: nothing is loaded from elsewhere, and a strict
policy sees to it. Both are made, and their libraries imported, when somebody asks.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from attimo.errors import NotFound

_ASSETS = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}

_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Attimo: the HTTP API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<noscript>This page needs JavaScript; <a href="/openapi.json">its contents</a> do not.</noscript>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
_START = """\
SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  validatorUrl: "none",
});
"""

_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_KEPT = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def describe(request: Request) -> Response:
    """The document; the text is kept, since it never changes while a server runs."""
    text: Callable[[], bytes] = request.app.state.description
    return Response(text(), media_type="application/json")


@router.get("/docs")
def show() -> HTMLResponse:
    """The page."""
    return HTMLResponse(_PAGE, headers=_HEADERS)


@router.get("/docs/start.js")
def start() -> Response:
    """What shows the document on the page; a file of its own, so that the page needs no script."""
    return Response(_START, media_type="text/javascript", headers=_KEPT)


@router.get("/docs/{name}")
def asset(name: str) -> FileResponse:
    """A file of the page."""
    if name not in _ASSETS:
        raise NotFound(f"There is no file {name!r}")
    return FileResponse(_folder() / name, media_type=_ASSETS[name], headers=_KEPT)


def described(app: FastAPI) -> Callable[[], bytes]:
    """What makes the text of the document, once."""

    @cache
    def text() -> bytes:
        from attimo.api import description

        return json.dumps(description.document(app.routes), separators=(",", ":")).encode()

    return text


def _folder() -> Path:
    import fastapi_swagger

    return Path(fastapi_swagger.__path__[0]) / "resources"
