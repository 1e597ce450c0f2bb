"""The API description, for programs and for people: `/openapi.json` and `/docs`.

The page is Swagger UI from a Python package: nothing is loaded from elsewhere, which a strict
policy enforces. Both are created on the first request.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from attimo.api.page import page
from attimo.api.routing import JSON, Operation, Router
from attimo.errors import NotFound

_OURS, _PACKAGE = __package__, "offapi"
_ASSETS = {
    "swagger-ui.css": (_PACKAGE, "swagger_style.css", "text/css"),
    "swagger-ui-bundle.js": (_PACKAGE, "swagger_bundle.js", "text/javascript"),
    "favicon-32x32.png": (_OURS, "favicon-32x32.png", "image/png"),
}

_STYLE = '<link rel="stylesheet" href="/docs/swagger-ui.css">\n'
_BODY = """\
<noscript>This page needs JavaScript; <a href="/openapi.json">its contents</a> do not.</noscript>
<div id="docs"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
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

_KEPT = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}

router = Router()


@router.get("/openapi.json")
def describe(request: Request) -> Response:
    """The document; its text is cached, since it never changes while a server runs."""
    text: Callable[[], bytes] = request.app.state.description
    return Response(text(), media_type=JSON)


@router.get("/docs")
def show() -> HTMLResponse:
    """The page."""
    return page("Attimo: the HTTP API", _BODY, _STYLE)


@router.get("/docs/start.js")
def start() -> Response:
    """The page's script; a file of its own, so that the page needs no inline script."""
    return Response(_START, media_type="text/javascript", headers=_KEPT)


@router.get("/docs/{name}")
def asset(name: str) -> FileResponse:
    """A file of the page."""
    if name not in _ASSETS:
        raise NotFound(f"There is no file {name!r}")
    package, file, media_type = _ASSETS[name]
    return FileResponse(_folder(package) / file, media_type=media_type, headers=_KEPT)


def described(
    operations: Sequence[Operation], data_routes: Mapping[str, Sequence[tuple[str, str]]]
) -> Callable[[], bytes]:
    """Return a function that creates the text of the document, once."""

    @cache
    def text() -> bytes:
        from attimo.api import description

        return json.dumps(
            description.document(operations, data_routes), separators=(",", ":")
        ).encode()

    return text


def _folder(package: str) -> Path:
    """Return the directory of a package, without importing it, which would load all its files."""
    found = find_spec(package)
    if found is None or found.origin is None:
        raise ModuleNotFoundError(package)
    return Path(found.origin).parent
