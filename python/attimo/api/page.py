"""The frame of every HTML page: each loads its own files only, which a strict policy enforces."""

from starlette.responses import HTMLResponse

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
_FRAME = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
{body}</body>
</html>
"""


def page(title: str, body: str, head: str = "") -> HTMLResponse:
    """A page of `body`; title, body and head are HTML."""
    return HTMLResponse(_FRAME.format(title=title, head=head, body=body), headers=HEADERS)
