"""People who visit the console, and what every page of theirs is judged by."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from playwright.sync_api import Browser, Page

from conformance.people import COOKIE, Person
from harness import Server

ROOT = Path(__file__).parents[2]
AXE = ROOT / "setup" / "console" / "node_modules" / "axe-core" / "axe.min.js"
SHOTS = Path(os.environ.get("ATTIMO_SCREENSHOTS", Path(tempfile.gettempdir(), "attimo-console")))
"""Where a person can look at every page."""
WIDTHS = (360, 768, 1440)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

NASTY = "\"><img src=x onerror=boom()>'{{7*7}}"
"""A name that would be run, were it ever written into a page as it is."""

PUBLIC = {
    "sign-in": "/console/sign-in",
    "sign-up": "/console/sign-up",
    "confirm": "/console/confirm",
    "enter": "/console/enter",
    "forgotten": "/console/forgotten",
    "reset": "/console/reset",
    "accept": "/console/accept",
    "missing": "/console/nowhere",
}
PAGES = {
    "caches": "/console/",
    "cache": "/console/caches/default-cache",
    "used-cache": "/console/caches/used",
    "used-cache-hour": "/console/caches/used?range=1h",
    "used-cache-month": "/console/caches/used?range=30d",
    "nasty-cache": f"/console/caches/{quote(NASTY, safe='')}",
    "items": "/console/caches/default-cache/items",
    "item": "/console/caches/default-cache/item?key=looked-at",
    "nasty-items": f"/console/caches/{quote(NASTY, safe='')}/items?prefix={quote(NASTY)}",
    "topics": "/console/topics",
    "watched": f"/console/topics?cache=default-cache&topic={quote(NASTY)}",
    "webhooks": "/console/webhooks",
    "webhook": f"/console/webhooks/{quote(NASTY, safe='')}/{quote(NASTY, safe='')}",
    "keys": "/console/keys",
    "tokens": "/console/tokens",
    "roles": "/console/roles",
    "role": "/console/roles/viewer",
    "members": "/console/members",
    "usage": "/console/usage",
    "audit": "/console/audit",
    "security": "/console/security",
    "sessions": "/console/sessions",
}
"""Every page of members."""


@dataclass(frozen=True)
class Cast:
    """The members of an account, and the owner of another one."""

    owner: Person
    operator: Person
    viewer: Person
    stranger: Person


@contextmanager
def visit(browser: Browser, server: Server, person: Person | None = None) -> Iterator[Page]:
    """A page of a new browser, in which a person has signed in. It ends if the page erred.

    Errors are scripts that fail and everything that the policy of the page refuses; a browser also
    reports refused requests there, which tests ask about by themselves.
    """
    context = browser.new_context(base_url=server.http)
    if person is not None:
        context.add_cookies([{"name": COOKIE, "value": person.token, "url": server.http}])
    page, wrong = context.new_page(), list[str]()
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: wrong.append(f"a dialog: {dialog.message}"))
    try:
        yield page
        assert [each for each in wrong if "Failed to load resource" not in each] == []
    finally:
        context.close()


def complaints(page: Page, *rules: str) -> list[str]:
    """What axe-core finds wrong with a page, by WCAG 2.2 AA and its own best practices."""
    page.evaluate(AXE.read_text())
    options = {"runOnly": {"type": "rule", "values": rules}} if rules else {}
    found: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
    return [
        f"{each['id']}: {node['html'][:160]} ({node['failureSummary']})"
        for each in found["violations"]
        for node in each["nodes"]
    ]


def press_to(page: Page, name: str) -> None:
    """Go on with the tabulator to what has this label or text; one sees that it is there."""
    for _ in range(60):
        page.keyboard.press("Tab")
        found, outline = page.evaluate(
            "(e => [e.labels?.[0]?.textContent ?? e.textContent, getComputedStyle(e).outlineStyle])"
            "(document.activeElement)"
        )
        if found.strip() == name:
            assert outline != "none", name
            return
    raise AssertionError(f"the keyboard does not reach {name}")


def overflow(page: Page) -> int:
    """How many pixels of a page lie beside the window."""
    found: int = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    return found


def looks(page: Page, name: str) -> list[str]:
    """Look at a page as it is now: at each width, light and dark; return what is wrong."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    wrong = []
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        # Only colours are others in the dark.
        rules = () if scheme == "light" else ("color-contrast",)
        wrong += [f"{name}, {scheme}: {each}" for each in complaints(page, *rules)]
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            if overflow(page) > 0:
                wrong.append(f"{name}: {overflow(page)} pixels too wide at {width}")
            page.screenshot(path=SHOTS / f"{name}-{width}-{scheme}.png", full_page=True)
    return wrong
