"""The link of an invitation, as the invited person opens it in a real browser."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser, Page

from harness import Server

PASSWORD = "correct horse battery"  # noqa: S105
LIMIT_MILLISECONDS = 20_000


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with browser.new_context() as context:
        page = context.new_page()
        page.set_default_timeout(LIMIT_MILLISECONDS)
        yield page


def invited(server: Server, name: str) -> dict[str, Any]:
    """An account of one's own, and the invitation to it."""
    asked = {"name": name, "email": f"{name}@example.com"}
    headers = {"authorization": server.api_key}
    answer = httpx.post(f"{server.http}/accounts", json=asked, headers=headers)
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


def accept(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Accept").click()


def said(page: Page, words: str) -> None:
    """Wait until the page says this."""
    page.get_by_role("status").get_by_text(words).wait_for()


def test_who_opens_the_link_owns_the_account_and_gets_a_key(page: Page, server: Server) -> None:
    made = invited(server, "page-team")
    refused: list[str] = []
    page.on("console", lambda line: refused.append(line.text) if line.type == "error" else None)
    paths: list[str] = []
    page.on("request", lambda request: paths.append(request.url))

    page.goto(made["invitation"]["link"])
    accept(page, PASSWORD)
    said(page, "You are a member of the account now.")
    page.get_by_role("button", name="Create an API key").click()
    said(page, "Your API key.")
    key = page.locator("#made").inner_text()

    headers = {"authorization": key}
    mine = httpx.get(f"{server.http}/api-keys", headers=headers).raise_for_status().json()
    assert {each["account_id"] for each in mine["key_info"]} == {str(made["account_id"])}
    members = httpx.get(f"{server.http}/members", headers=headers).json()["members"]
    assert [(each["email"], each["role_id"]) for each in members] == [
        ("page-team@example.com", "owner")
    ]
    assert refused == []
    assert not any(made["invitation"]["token"] in path for path in paths)
    assert page.url.endswith("/invitations/accept")


def test_what_the_server_refuses_is_told_and_can_be_tried_again(page: Page, server: Server) -> None:
    made = invited(server, "other-team")
    page.goto(made["invitation"]["link"])

    accept(page, "short")
    said(page, "password must be 10 to 256")
    accept(page, PASSWORD)
    said(page, "You are a member of the account now.")
    page.goto("about:blank")
    page.goto(made["invitation"]["link"])
    accept(page, PASSWORD)
    said(page, "Invalid or expired invitation")


def test_a_link_without_its_token_says_so(page: Page, server: Server) -> None:
    page.goto(f"{server.https}/invitations/accept")

    said(page, "The link is incomplete")
