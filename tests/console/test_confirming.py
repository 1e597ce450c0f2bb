"""Sign-up at a server that sends e-mail: the address is confirmed first."""

import re
from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.people import PASSWORD
from console.visiting import looks, visit
from harness import Server
from mailbox_server import Mailbox, mailbox_server


@pytest.fixture(scope="module")
def mailbox() -> Iterator[Mailbox]:
    with mailbox_server() as box:
        yield box


@pytest.fixture(scope="module")
def sending_server(mailbox: Mailbox) -> Iterator[Server]:
    """Anybody may sign up at it, with an address of theirs."""
    with Server("--signup", "open", "--smtp", f"smtp://127.0.0.1:{mailbox.port}") as server:
        httpx.get(f"{server.http}/console/sign-in", timeout=60).raise_for_status()
        yield server


def ask_for(page: Page, email: str) -> None:
    page.goto("/console/sign-up")
    page.get_by_label("E-mail").fill(email)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("status")).to_contain_text(f"An e-mail to {email} is on its way")


def link_in(letter: str) -> str:
    """The path of the link in a letter, with its token."""
    found = re.search(r"https://\S+?(/console/confirm#\S+)", letter.replace("=\r\n", ""))
    assert found, letter
    return found[1]


def test_an_address_is_confirmed_by_the_link_of_its_e_mail(
    chrome: Browser, sending_server: Server, mailbox: Mailbox
) -> None:
    asked: list[str] = []
    with visit(chrome, sending_server) as page:
        page.on("request", lambda request: asked.append(request.url))
        ask_for(page, "ann@example.com")
        wrong = looks(page, "sign-up-sent")
        mailbox.next()
        page.get_by_role("button", name="Send it again").click()
        letter = mailbox.next()
        assert "To: ann@example.com" in letter
        path = link_in(letter)
        page.goto(path)
        assert "#" not in page.url
        expect(page.get_by_label("Token of the e-mail")).to_be_hidden()
        page.get_by_label("Password").fill("short")
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("alert")).to_contain_text("10 to 256")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your cache is ready")
        page.goto("/console/sign-in")
        page.goto(path)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("alert")).to_contain_text("Invalid or expired link")

    token = path.partition("#")[2]
    assert wrong == []
    assert not any(token in url for url in asked)
    assert token not in sending_server.output


def test_the_page_is_the_same_for_an_address_that_has_a_user(
    chrome: Browser, sending_server: Server, mailbox: Mailbox
) -> None:
    with visit(chrome, sending_server) as page:
        ask_for(page, "bob@example.com")
        page.goto(link_in(mailbox.next()))
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your cache is ready")
        page.context.clear_cookies()
        pages = []
        for email in ("bob@example.com", "new@example.com"):
            ask_for(page, email)
            pages.append(page.content().replace(email, "ADDRESS"))
        known, unknown = mailbox.next(), mailbox.next()

    assert pages[0] == pages[1]
    assert "/console/sign-in" in known
    assert "/console/confirm#" not in known
    assert "/console/confirm#" in unknown


def test_a_form_of_another_site_sends_no_e_mail(sending_server: Server, mailbox: Mailbox) -> None:
    for path in ("sign-up", "confirm"):
        answer = httpx.post(
            f"{sending_server.http}/console/{path}",
            data={"email": "eve@example.com", "token": "t", "password": PASSWORD},
            headers={"origin": "https://evil.example"},
        )
        assert answer.status_code in (401, 403)

    assert mailbox.is_empty()


def test_the_host_of_a_request_is_not_in_the_e_mail(
    sending_server: Server, mailbox: Mailbox
) -> None:
    elsewhere = httpx.HTTPTransport(local_address="127.0.7.1")  # from where nobody signed up
    with httpx.Client(transport=elsewhere) as client:
        answer = client.post(
            f"{sending_server.http}/console/sign-up",
            data={"email": "hosted@example.com"},
            headers={"host": "evil.example", "origin": "http://evil.example"},
        )

    assert answer.status_code == 200
    assert "evil.example" not in mailbox.next()
