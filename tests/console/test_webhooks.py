"""Webhooks in the console, with a receiver."""

from urllib.parse import quote

import httpx
from playwright.sync_api import Browser, Page, expect

from console.visiting import Cast, looks, visit
from harness import Server
from receivers import receiving

PLACE = "/console/webhooks/default-cache/orders"
TOPIC = "/topics/default-cache/orders"


def test_a_webhook_is_created_tested_given_up_redelivered_and_deleted(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server, cast.operator) as page, receiving() as receiver:
        create(page, "orders", "ftp://nowhere")
        expect(page.get_by_role("alert")).to_contain_text("url must be")
        expect(page.get_by_label("Name")).to_have_value("orders")
        page.get_by_label("URL of the receiver").fill(receiver.url)
        page.get_by_role("button", name="Create the webhook").click()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("link", name="I have stored it").click()
        assert secret not in page.content()

        page.get_by_role("button", name="Send a test").click()
        expect(page.get_by_role("status")).to_contain_text("A test was sent")
        expect(page.get_by_role("row").filter(has_text="test")).to_contain_text("200")
        assert receiver.texts() == ["This is a test of the webhook orders."]

        receiver.status = 410
        publish(open_server, cast, "<img src=x>")
        receiver.wait_for(2)
        while not page.get_by_text("Disabled 20").count():
            page.reload()
        expect(page.get_by_role("heading", name="Given up (1)")).to_be_visible()
        assert looks(page, "webhook-disabled") == []
        page.get_by_role("button", name="Redeliver all").click()
        expect(page.get_by_role("alert")).to_contain_text("is disabled")

        receiver.status = 200
        page.get_by_role("button", name="Change the webhook").click()
        expect(page.get_by_role("status")).to_contain_text("The webhook is changed")
        page.get_by_role("button", name="Redeliver from here").click()
        expect(page.get_by_role("status")).to_contain_text("delivered once more")
        assert receiver.wait_for(3)[2].text == "<img src=x>"

        page.locator("details.ask summary").click()
        page.get_by_role("button", name="Rotate the secret").click()
        expect(page.get_by_text("The old one signs, too")).to_be_visible()
        assert page.locator("#secret").inner_text() != secret
        page.get_by_role("link", name="I have stored it").click()

        for typed in ("order", "orders"):
            page.get_by_text("Delete the webhook").click()
            page.get_by_label("Type orders to confirm").fill(typed)
            page.get_by_role("button", name="Delete", exact=True).click()
        expect(page.get_by_role("status")).to_contain_text("The webhook is deleted")
        expect(page.get_by_role("link", name="orders")).to_have_count(0)


def test_a_viewer_sees_webhooks_and_changes_none(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    cast.owner.ask("PUT", "/webhooks/default-cache/seen", {"topic": "t", "url": "http://a.test/"})
    place = "/console/webhooks/default-cache/seen"
    with visit(chrome, open_server, cast.viewer) as page:
        page.goto("/console/webhooks")
        page.get_by_role("link", name="seen").click()
        expect(page.get_by_text("http://a.test/")).to_be_visible()
        expect(page.locator("main").get_by_role("button")).to_have_count(0)
    form = {"csrf": cast.viewer.csrf, "typed": "seen", "topic": "mine", "url": "http://b.test/"}
    changes = ("", "/test", "/redeliver", "/rotate", "/delete")
    refused = {
        each: httpx.post(
            f"{open_server.http}{place}{each}", data=form, cookies=cast.viewer.cookies
        ).status_code
        for each in changes
    }

    assert refused == dict.fromkeys(changes, 403)
    assert cast.owner.ask("GET", "/webhooks/default-cache/seen")["topic"] == "t"


def test_a_webhook_that_is_not_there_is_a_page_that_says_so(
    open_server: Server, cast: Cast
) -> None:
    for name in ("none", quote("a/b", safe="")):
        url = f"{open_server.http}/console/webhooks/default-cache/{name}"
        assert httpx.get(url, cookies=cast.owner.cookies).status_code == 404


def create(page: Page, name: str, url: str) -> None:
    page.goto("/console/webhooks")
    page.get_by_label("Cache", exact=True).fill("default-cache")
    page.get_by_label("Name").fill(name)
    page.get_by_label("Topic").fill("orders")
    page.get_by_label("URL of the receiver").fill(url)
    page.get_by_role("button", name="Create the webhook").click()


def publish(server: Server, cast: Cast, text: str) -> None:
    headers = {"authorization": cast.owner.token, "content-type": "text/plain"}
    httpx.post(server.http + TOPIC, content=text, headers=headers).raise_for_status()
