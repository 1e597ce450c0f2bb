"""The root path: what this server is and where to go on, for people and for programs."""

from html import escape
from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from attimo.api.page import page
from attimo.api.routing import Router

PLACES = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "ready": "/ready"}
_BODY = """\
<main>
<h1>Attimo {version}</h1>
<p>This is a serverless cache. Programs reach it with an API key.</p>
<ul>
<li><a href="/docs">The HTTP API</a>, to read and to try</li>
<li><a href="/openapi.json">Its description</a> (OpenAPI)</li>
<li><a href="/health">Whether the server is alive</a></li>
</ul>
</main>
"""

router = Router()


@router.get("/")
def home(request: Request) -> Response:
    """The page for a browser, and JSON for other clients."""
    if "text/html" in request.headers.get("accept", ""):
        answer: Response = page("Attimo", _BODY.format(version=escape(version("attimo"))))
    else:
        answer = JSONResponse({"name": "attimo", "version": version("attimo")} | PLACES)
    answer.headers["vary"] = "accept"
    return answer
