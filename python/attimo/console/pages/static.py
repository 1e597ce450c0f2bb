"""The files that pages load."""

from starlette.responses import FileResponse

from attimo.console import assets
from attimo.console.web import Pages, Visit
from attimo.errors import PathNotFound

_KEPT = {
    "cache-control": "public, max-age=31536000, immutable",
    "x-content-type-options": "nosniff",
}

pages = Pages()


@pages.get("/static/{name}", is_public=True)
def show(visit: Visit) -> FileResponse:
    """A file."""
    name = visit.segment("name")
    if name not in assets.TYPES:
        raise PathNotFound("There is no such file")
    return FileResponse(assets.FOLDER / name, media_type=assets.TYPES[name], headers=_KEPT)
