"""The authenticator app: added, needed at every sign-in, and removed, with the keyboard alone."""

import time

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.people import COOKIE, PASSWORD, Person
from console.visiting import Cast, looks, press_to, visit
from harness import Server


def sign_in(page: Page, email: str) -> None:
    page.goto("/console/sign-in")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def next_code(app: pyotp.TOTP) -> str:
    """The code of the next step, which is accepted already: another one than was used before."""
    return app.at(time.time(), counter_offset=1)


def type_code(page: Page, code: str) -> None:
    """The field has the focus already."""
    expect(page.get_by_label("Code of your authenticator app")).to_be_focused()
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def test_an_app_is_added_and_needed_and_removed(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("careful@example.com", "viewer")
    other = Person(open_server, user.email).sign_in()
    wrong = []
    with visit(chrome, open_server, user) as page:
        page.goto("/console/security")
        press_to(page, "Your password")
        page.keyboard.type(PASSWORD)
        page.keyboard.press("Enter")
        expect(page.get_by_role("img", name="QR code of the secret")).to_be_visible()
        secret = page.locator("#secret").inner_text()
        wrong += looks(page, "security-app")
        press_to(page, "Code of the app")
        page.keyboard.type("000000")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
        assert page.locator("#secret").inner_text() == secret
        app = pyotp.TOTP(secret)
        page.get_by_label("Code of the app").fill(app.now())
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_have_text("Recovery codes")
        codes = page.locator("#codes").inner_text().split()
        wrong += looks(page, "recovery-codes")
        assert httpx.get(f"{open_server.http}/session", cookies=other.cookies).status_code == 401

        page.context.clear_cookies()
        sign_in(page, user.email)
        wrong += looks(page, "code")
        type_code(page, "000000")
        expect(page.get_by_role("alert")).to_contain_text("The code is wrong")
        assert [each["name"] for each in page.context.cookies()] == []
        type_code(page, next_code(app))
        expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
        page.context.clear_cookies()
        sign_in(page, user.email)
        type_code(page, codes[0])
        expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
        page.goto("/console/security")
        expect(page.get_by_text("9 recovery codes are unused")).to_be_visible()
        wrong += looks(page, "security-with-app")
        assert codes[0] not in page.content()
        page.get_by_label("Code of the app").fill(codes[1])
        press_to(page, "Remove the app")
        page.keyboard.press("Enter")
        expect(page.get_by_role("status")).to_contain_text("is removed")

    assert wrong == []
    assert len(codes) == 10
    assert not any(each in open_server.output for each in (secret, *codes))


def test_a_password_is_typed_again_before_an_app_is_added(open_server: Server, cast: Cast) -> None:
    user = cast.owner.invite("robbed@example.com", "viewer")
    with httpx.Client(base_url=open_server.http, cookies=user.cookies) as thief:
        form = {"csrf": user.csrf, "password": "not the password"}
        answer = thief.post("/console/security/app", data=form)

    assert answer.status_code == 403
    assert "secret" not in answer.text.lower()


@pytest.mark.parametrize("known", ["fixed-by-somebody-else", ""])
def test_a_ticket_is_no_session_and_good_once(open_server: Server, cast: Cast, known: str) -> None:
    """After the password, nobody is signed in, whatever cookie they had."""
    user = cast.owner.invite(f"ticket{len(known)}@example.com", "viewer")
    with httpx.Client(base_url=open_server.http, cookies=user.cookies) as client:
        begun = client.post("/console/security/app", data={"csrf": user.csrf, "password": PASSWORD})
        secret = begun.text.partition('id="secret"')[2].partition(">")[2].partition("<")[0]
        form = {"csrf": user.csrf, "code": pyotp.TOTP(secret).now()}
        assert client.post("/console/security/app/confirm", data=form).status_code == 200
    ours = {"origin": open_server.http, "cookie": f"{COOKIE}={known}"}
    with httpx.Client(base_url=open_server.http, headers=ours) as client:
        asked = {"email": user.email, "password": PASSWORD}
        page = client.post("/console/sign-in", data=asked)
        ticket = page.text.partition('name="ticket" value="')[2].partition('"')[0]
        assert (page.status_code, COOKIE in page.cookies) == (200, False)
        no_session = client.get("/console/", headers={"cookie": f"{COOKIE}={ticket}"})
        assert no_session.status_code == 303
        form = {"ticket": ticket, "code": next_code(pyotp.TOTP(secret))}
        first, again = (client.post("/console/code", data=form) for _ in range(2))

    assert (first.status_code, again.status_code) == (303, 403)
    assert first.cookies[COOKIE] not in ("", known)
    assert "It took too long" in again.text
