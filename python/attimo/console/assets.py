"""The files that pages load: a style, scripts, an icon. A change has another URL."""

import hashlib
from functools import cache
from pathlib import Path

from attimo.console.addresses import PREFIX

FOLDER = Path(__file__).with_name("static")
TYPES = {
    "charts.js": "text/javascript",
    "console.css": "text/css",
    "console.js": "text/javascript",
    "htmx.min.js": "text/javascript",
    "icon.svg": "image/svg+xml",
    "passkeys.js": "text/javascript",
    "topics.js": "text/javascript",
    "uplot.min.css": "text/css",
    "uplot.min.js": "text/javascript",
}


@cache
def url(name: str) -> str:
    """Return the URL of a file, which browsers keep until its content is another."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"{PREFIX}/static/{name}?v={digest}"
