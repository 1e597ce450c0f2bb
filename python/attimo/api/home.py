"""The root path: what this server is and where to go on, for people and for programs."""

from html import escape
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from attimo.api.docs import HEADERS
from attimo.api.routing import Router

PLACES = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "ready": "/ready"}
_PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Attimo</title>
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<main>
<h1>Attimo {version}</h1>
<p>This is a serverless cache. Programs reach it with an API key.</p>
<ul>
<li><a href="/docs">The HTTP API</a>, to read and to try</li>
<li><a href="/openapi.json">Its description</a> (OpenAPI)</li>
<li><a href="/health">Whether the server is alive</a></li>
</ul>
</main>
</body>
</html>
"""

router = Router()


@router.get("/")
def home(request: Request) -> Response:
    """The page for a browser, and JSON for other clients."""
    headers = {"vary": "accept"}
    if "text/html" in request.headers.get("accept", ""):
        page = _PAGE.format(version=escape(version("attimo")))
        return HTMLResponse(page, headers=HEADERS | headers)
    return JSONResponse({"name": "attimo", "version": version("attimo")} | PLACES, headers=headers)
