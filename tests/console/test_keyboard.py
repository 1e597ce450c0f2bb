"""Pages that are used with the keyboard alone: webhooks and tokens."""

import re

import httpx
from playwright.sync_api import Browser, Page, expect

from console.visiting import Cast, press_to, visit
from harness import Server


def fill(page: Page, name: str, text: str) -> None:
    press_to(page, name)
    page.keyboard.type(text)


def test_a_webhook_is_made_changed_and_deleted_with_the_keyboard(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/webhooks")
        fill(page, "Cache", "default-cache")
        fill(page, "Name", "by-keyboard")
        fill(page, "Topic", "orders")
        fill(page, "URL of the receiver", "http://127.0.0.1:9/")
        page.keyboard.press("Enter")
        expect(page.locator("#secret")).to_be_visible()
        press_to(page, "I have stored it")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("by-keyboard")
        fill(page, "Topic", "bills")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("The webhook is changed")
        press_to(page, "Send a test")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("A test was sent")
        press_to(page, "Delete the webhook")
        page.keyboard.press("Enter")
        fill(page, "Type by-keyboard to confirm", "by-keyboard")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Webhooks")
        expect(page.get_by_role("link", name="by-keyboard")).to_have_count(0)


def test_a_token_is_made_with_the_keyboard_and_works(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/tokens")
        fill(page, "Holder", "phone")
        press_to(page, "Expires")
        page.keyboard.press("ArrowDown")
        press_to(page, "write items")
        page.keyboard.press("Space")
        fill(page, "of the cache", "default-cache")
        fill(page, "whose keys begin with", "typed/")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("A new token")
        left = page.get_by_role("timer").inner_text()
        token = page.locator("#token").inner_text()
        press_to(page, "Copy Token")
        page.keyboard.press("Enter")
        expect(page.locator("button[data-copies=token]")).to_have_text(
            re.compile("Copied|Selected")
        )
    headers = {"authorization": token}
    place = f"{open_server.http}/cache/default-cache"
    statuses = [
        httpx.put(f"{place}?key={key}&ttl_seconds=60", content=b"v", headers=headers).status_code
        for key in ("typed/a", "private")
    ]

    assert left.startswith(("in 1 h", "in 59 min"))
    assert statuses == [204, 403]
