"""Draw `terminal.svg`, the terminal in the README, from what the commands print.

`python docs/terminal.py` starts a server, types the session on a terminal and writes the picture; a
test does the same and compares. What differs from run to run is replaced by what is fixed.
"""

import contextlib
import os
import pty
import re
import subprocess
import sys
import termios
from html import escape
from pathlib import Path

DOCS = Path(__file__).parent
sys.path.append(str(DOCS.parent / "tests"))

from harness import Server, bare_environment  # noqa: E402

PICTURE = DOCS / "terminal.svg"
COLUMNS = 80
SESSION = (
    "attimo cache create sessions",
    'attimo set user:7 "signed in" --cache sessions --ttl 30m',
    "attimo get user:7 --cache sessions",
    "attimo info user:7 --cache sessions",
    'curl -H "Authorization: $ATTIMO_TOKEN" "$ATTIMO_URL/cache/sessions?key=user:7"',
    'attimo get user:8 --cache sessions || echo "a miss: status $?"',
)
FIXED = ((r"\b29 min\b", "30 min"),)
"""What differs, and what stands in its place: an item's age."""

CHARACTER, LINE, MARGIN, BAR = 8.4, 20, 16, 34  # in pixels
STYLE = (
    "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;white-space:pre;"
    "fill:#c9d1d9}.typed{fill:#fff;font-weight:bold}.prompt{fill:#3fb950}"
)


def played(server: Server) -> list[str]:
    """The lines on the terminal of somebody who types the session on the server's machine."""
    shown: list[str] = []
    for typed in SESSION:
        shown += [f"$ {typed}", *_printed(server, typed).splitlines()]
    return shown


def _printed(server: Server, typed: str) -> str:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, COLUMNS))
    variables = {
        "ATTIMO_DATA_DIR": str(server.data_dir),
        "ATTIMO_TOKEN": server.api_key,
        "ATTIMO_URL": server.http,
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin",
        "TERM": "dumb",
    }
    with subprocess.Popen(  # noqa: S603
        ["bash", "-c", typed],  # noqa: S607
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
        env=bare_environment() | variables,
    ):
        os.close(theirs)
        parts = []
        # A terminal whose last writer has gone is an error on Linux, and no end of file.
        with contextlib.suppress(OSError):
            while part := os.read(ours, 4096):
                parts.append(part)
    os.close(ours)
    text = b"".join(parts).decode().replace("\r\n", "\n")
    for pattern, fixed in FIXED:
        text = re.sub(pattern, fixed, text)
    return text


def drawn(lines: list[str]) -> str:
    """A picture of a terminal with these lines, as SVG."""
    width, height = COLUMNS * CHARACTER + 2 * MARGIN, BAR + len(lines) * LINE + MARGIN
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    dots = "".join(
        f'<circle cx="{MARGIN + 6 + at * 20}" cy="18" r="6" fill="{colour}"/>'
        for at, colour in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" role="img" {size}>',
            "<title>A terminal: a cache is created, a value written and read</title>",
            f"<style>{STYLE}</style>",
            f'<rect width="{width:.0f}" height="{height}" rx="8" fill="#0d1117"/>{dots}',
            *(_line(text, BAR + at * LINE + LINE // 2 + 5) for at, text in enumerate(lines)),
            "</svg>\n",
        ]
    )


def _line(text: str, at: int) -> str:
    if text.startswith("$ "):
        prompt, typed = '<tspan class="prompt">$ </tspan>', escape(text[2:], quote=False)
        return f'<text x="{MARGIN}" y="{at}" class="typed">{prompt}{typed}</text>'
    return f'<text x="{MARGIN}" y="{at}">{escape(text, quote=False)}</text>'


if __name__ == "__main__":
    with Server() as server:
        PICTURE.write_text(drawn(played(server)))
    print(f"wrote {PICTURE.relative_to(DOCS.parent)}")
