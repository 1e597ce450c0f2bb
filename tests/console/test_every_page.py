"""Every page, as everybody who may open it: how it looks, whom it serves, and what it weighs."""

import httpx
from playwright.sync_api import Browser

from attimo.console.app import PAGES as DECLARED
from conformance.people import Person
from console.visiting import PAGES, PUBLIC, Cast, complaints, looks, visit
from harness import Server

MOST_BYTES = 150 * 1024


def test_every_page_that_the_console_has_is_visited() -> None:
    shown = {each.path for each in DECLARED if each.method == "GET"} - {
        "/figures",  # a part of a page
        "/caches/{name}/item/content",  # a file: test_items.py
        "/static/{name}",
        "/server",  # for operators: test_usage_and_audit.py
    }

    paths = (path.partition("?")[0] for path in (PAGES | PUBLIC).values())
    visited = [path.removeprefix("/console") for path in paths]
    missing = {path for path in shown if not any(matches(path, each) for each in visited)}
    assert missing == set()


def test_pages_look_well_at_every_width_light_and_dark(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    wrong = []
    for person, pages in ((None, PUBLIC), (cast.owner, PAGES)):
        with visit(chrome, open_server, person) as page:
            for name, path in pages.items():
                page.goto(path)
                wrong += looks(page, name)

    assert wrong == []


def test_pages_are_accessible_to_other_members(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    wrong = []
    for person in (cast.operator, cast.viewer):
        with visit(chrome, open_server, person) as page:
            for name, path in PAGES.items():
                page.goto(path)
                wrong += [f"{name}, {person.email}: {each}" for each in complaints(page)]

    assert wrong == []


def test_the_keyboard_reaches_everything_and_its_place_is_seen(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    """A cache is emptied without a mouse; each place on the way has an outline."""
    cast.owner.ask("PUT", "/caches/by-keyboard")
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/caches/by-keyboard")
        for place in ("Skip to the content", "Attimo", "Caches"):
            page.keyboard.press("Tab")
            assert place in page.evaluate("document.activeElement.textContent")
        unseen = []
        for _ in range(40):
            page.keyboard.press("Tab")
            seen = page.evaluate(
                "(e => [e.textContent.trim(), getComputedStyle(e).outlineStyle])"
                "(document.activeElement)"
            )
            if seen[1] == "none":
                unseen.append(seen[0])
            if seen[0] == "Delete all items":
                break
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        page.keyboard.type("by-keyboard")
        page.keyboard.press("Enter")
        page.get_by_text("All items are deleted.").wait_for()

    assert unseen == []


def test_pages_of_an_account_with_1000_caches_are_small(open_server: Server) -> None:
    """As they are sent: pages hold secrets, so they are not compressed (BREACH)."""
    owner = Person(open_server, "many@example.com").sign_up()
    headers = {"authorization": owner.token}
    heavy = {}
    with httpx.Client(base_url=open_server.http, cookies=owner.cookies) as client:
        for number in range(1000):
            client.put(f"/caches/cache-{number:04}", headers=headers).raise_for_status()
            item = f"/cache/cache-{number:04}?key=k&ttl_seconds=600"
            client.put(item, content=b"v", headers=headers).raise_for_status()
        while "And 900 caches" not in client.get("/console/usage").text:
            pass  # the ledger follows within a second
        for name, path in PAGES.items():
            text = client.get(path).text
            loaded = [text.encode()]
            for part in text.split('"'):
                if part.startswith("/console/static/"):
                    answer = client.get(part)
                    assert "immutable" in answer.headers["cache-control"]
                    loaded.append(answer.content)
            weight = sum(len(each) for each in loaded)
            if weight > MOST_BYTES:
                heavy[name] = weight

    assert heavy == {}


def matches(declared: str, path: str) -> bool:
    """Whether a path is one of a declared one, whose names in braces stand for a segment."""
    parts, found = declared.split("/"), path.split("/")
    return len(parts) == len(found) and all(
        part == each or part.startswith("{") for part, each in zip(parts, found, strict=True)
    )
