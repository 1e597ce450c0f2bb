"""Paths that people open: a browser is led on to the console, programs get JSON at the root."""

from importlib.metadata import version

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from attimo.api.routing import Router

PLACES = {"docs": "/docs", "openapi": "/openapi.json", "health": "/health", "ready": "/ready"}

router = Router()


@router.get("/")
def home(request: Request) -> Response:
    """The console for a browser, and JSON for other clients."""
    if "text/html" in request.headers.get("accept", ""):
        answer = _to_page("/console/")
    else:
        answer = JSONResponse({"name": "attimo", "version": version("attimo")} | PLACES)
    answer.headers["vary"] = "accept"
    return answer


@router.get("/invitations/accept")
def invitation() -> Response:
    """The page behind the link of an invitation; browsers take what follows the `#` along."""
    return _to_page("/console/accept")


def _to_page(path: str) -> Response:
    """A redirect by path alone: a URL from the client's host could lead to another server."""
    return Response(status_code=303, headers={"location": path})
