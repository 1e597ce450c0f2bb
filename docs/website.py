"""Build the documentation as a site, into `site`.

`python docs/website.py` builds it with Zensical: `docs/zensical.toml` says how it looks, `index.md`
what is in its navigation. A link that leads nowhere is an error, and so is a file that a browser
would load from another server; tests see that each page is in the navigation.

In the repository, pages link to each other and to other files by paths, so that they can be read
without a site, too. The site has those of the project's root below `project`, other files below
`files`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
ROOT = DOCS.parent
SITE = ROOT / "site"
PROGRAM = ROOT / ".venv" / "programs" / "site" / "bin" / "zensical"
INDEX = DOCS / "index.md"
WORKER = DOCS / "iframe-worker.js"
NAMES = ("ARCHITECTURE", "CONTRIBUTING", "CHANGELOG", "SECURITY")
OF_PROJECT = [ROOT / f"{name}.md" for name in NAMES]

LINK = re.compile(r"(?<=\]\()(?!\w+:|#)([^)\s#]+)")
LOADED = re.compile(r"""<(?:script|img|iframe|link)[^>]*? (?:src|href)=["']?(?:https?:)?//[^>]*""")


class BrokenError(Exception):
    """The site cannot be built; the text says why."""


def pages() -> list[Path]:
    """Every page of the site."""
    return [*sorted(DOCS.rglob("*.md")), *OF_PROJECT]


def navigation() -> list[Any]:
    """The entries of `index.md` in order: `[title, page]`, or for a part `[title, entries]`."""
    top: list[Any] = [["Start", INDEX]]
    entries = top
    for line in INDEX.read_text().splitlines():
        if part := re.fullmatch(r"(##|###) (.*)", line):
            entries = []
            above = top if part[1] == "##" else top[-1][1]
            above.append([part[2], entries])
        elif page := re.match(r"\* \[(.*?)\]\((.*?\.md)\)", line):
            entries.append([page[1], (DOCS / page[2]).resolve()])
    return top


def listed(entries: list[Any]) -> Iterator[Path]:
    """The pages of a navigation."""
    for _, what in entries:
        if isinstance(what, Path):
            yield what
        else:
            yield from listed(what)


def place(file: Path) -> Path:
    """Where the site has a file of the repository."""
    if file in OF_PROJECT:
        return Path("project", file.name.lower())
    inside = file.is_relative_to(DOCS)
    return file.relative_to(DOCS) if inside else Path("files", file.relative_to(ROOT))


def stage(folder: Path) -> None:
    """Write what Zensical reads: its configuration, the pages, and the files that they link to."""
    look = (DOCS / "zensical.toml").read_text()
    entries = _toml(navigation())
    full = look.replace("[project]\n", f"[project]\nnav = {entries}\n", 1)
    (folder / "zensical.toml").write_text(full)
    for page in pages():
        _write(folder, page, _moved(page).encode())
        for file in _linked(page):
            if file.suffix != ".md":
                _write(folder, file, file.read_bytes())
    _write(folder, WORKER, WORKER.read_bytes())


def _write(folder: Path, file: Path, content: bytes) -> None:
    target = folder / "pages" / place(file)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def _linked(page: Path) -> Iterator[Path]:
    """The files that a page links to."""
    for link in LINK.findall(page.read_text()):
        file = (page.parent / link).resolve()
        if not file.is_file():
            raise BrokenError(f"{page.relative_to(ROOT)}: {link} leads nowhere")
        yield file


def _moved(page: Path) -> str:
    """The text of a page, with its links as the site has them."""

    def moved(link: re.Match[str]) -> str:
        file = (page.parent / link[1]).resolve()
        return Path(os.path.relpath(place(file), place(page).parent)).as_posix()

    return LINK.sub(moved, page.read_text())


def _toml(entries: list[Any]) -> str:
    values = [
        (title, json.dumps(str(place(what))) if isinstance(what, Path) else _toml(what))
        for title, what in entries
    ]
    return "[" + ", ".join(f"{{ {json.dumps(title)} = {value} }}" for title, value in values) + "]"


def build(site: Path = SITE) -> None:
    """Build the site in a folder, in place of what is there.

    Raises:
        BrokenError: A link leads nowhere, or a page would load a file from another server.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stage(folder)
        done = subprocess.run([PROGRAM, "build", "--strict"], cwd=folder, check=False)  # noqa: S603
        if done.returncode:
            raise BrokenError("Zensical found what it lists above")
        outside = [
            f"{page.relative_to(folder)}: {tag[0]}"
            for page in folder.joinpath("site").rglob("*.html")
            for tag in LOADED.finditer(page.read_text())
        ]
        if outside:
            raise BrokenError("loaded from elsewhere:\n" + "\n".join(outside))
        shutil.rmtree(site, ignore_errors=True)
        shutil.move(folder / "site", site)


if __name__ == "__main__":
    try:
        build()
    except BrokenError as problem:
        sys.exit(f"website.py: {problem}")
    print(f"wrote {SITE.relative_to(ROOT)}/index.html")
