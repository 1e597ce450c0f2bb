"""Passkeys in Chromium, with a virtual authenticator: they sign in alone whom they verify."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect

from browser import chromium_that_trusts
from conformance.people import PASSWORD, Person
from console.visiting import Cast, looks, visit
from harness import Server

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


class Device:
    """An authenticator that a browser knows."""

    def __init__(self, session: CDPSession) -> None:
        self.session = session
        session.send("WebAuthn.enable")
        made = session.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
        self.id = {"authenticatorId": made["authenticatorId"]}

    def passkeys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", self.id)[
            "credentials"
        ]
        return found

    def verifies(self, whether: bool) -> None:
        self.session.send("WebAuthn.setUserVerified", self.id | {"isUserVerified": whether})

    def turn_back(self, passkey: dict[str, Any]) -> None:
        """Become an older copy of itself, which has counted fewer uses."""
        known = self.id | {"credentialId": passkey["credentialId"]}
        self.session.send("WebAuthn.removeCredential", known)
        self.session.send("WebAuthn.addCredential", self.id | {"credential": passkey})


@pytest.fixture(scope="module")
def chrome(open_server: Server) -> Iterator[Browser]:
    """A browser that takes the certificate of the server by its key, and no other."""
    with chromium_that_trusts(open_server.https_address) as browser:
        yield browser


@contextmanager
def at_endpoint(chrome: Browser, server: Server, email: str) -> Iterator[tuple[Page, Device, str]]:
    """A page at the server's public name, in which somebody has signed in with their password."""
    place = f"https://{server.endpoint}"
    with visit(chrome, server) as page:
        device = Device(page.context.new_cdp_session(page))
        page.goto(f"{place}/console/sign-in?next=/console/security")
        page.get_by_label("E-mail").fill(email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign-in")
        yield page, device, place


def add(page: Page, name: str, password: str = PASSWORD) -> None:
    page.get_by_label("Name of the passkey").fill(name)
    page.locator("#again").fill(password)
    page.get_by_role("button", name="Add a passkey").click()


def leave(page: Page, place: str) -> None:
    page.context.clear_cookies()
    page.goto(f"{place}/console/sign-in")


def enter(page: Page) -> None:
    page.get_by_role("button", name="Sign in with a passkey").click()


def test_a_passkey_signs_in_by_itself_and_not_once_it_is_removed(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("keyed@example.com", "viewer")
    with at_endpoint(chrome, open_server, user.email) as (page, device, place):
        add(page, "laptop", "not the password")
        expect(page.get_by_role("alert")).to_contain_text("password is wrong")
        assert device.passkeys() == []
        add(page, "laptop")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added")
        wrong = looks(page, "security-with-passkey")
        (kept,) = device.passkeys()
        assert kept["rpId"] == open_server.endpoint.partition(":")[0]

        leave(page, place)
        wrong += looks(page, "sign-in-with-passkey")
        enter(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
        page.goto(f"{place}/console/security")
        expect(page.get_by_role("row", name="laptop")).not_to_contain_text("never")
        page.locator("summary", has_text="Remove").click()
        page.get_by_role("button", name="Remove laptop").click()
        expect(page.get_by_role("status")).to_contain_text("The passkey is removed")
        leave(page, place)
        enter(page)
        expect(page.get_by_role("alert").first).to_contain_text("This passkey was removed")

    assert wrong == []


def test_a_user_has_several_who_are_verified_and_no_copies(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("several@example.com", "viewer")
    with at_endpoint(chrome, open_server, user.email) as (page, device, place):
        add(page, "first")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added")
        (early,) = device.passkeys()
        add(page, "again")
        expect(page.locator("form[data-passkey] [role=alert]")).to_contain_text("no passkey")

        leave(page, place)
        device.verifies(False)
        enter(page)
        expect(page.get_by_role("alert").first).to_contain_text("no passkey")
        assert page.context.cookies() == []
        device.verifies(True)
        for _ in range(2):
            leave(page, place)
            enter(page)
            expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
        leave(page, place)
        device.turn_back(early)
        enter(page)
        expect(page.get_by_role("alert").first).to_contain_text("not accepted")
        assert page.context.cookies() == []
        # Another device, which has none.
        device.session.send("WebAuthn.removeVirtualAuthenticator", device.id)
        Device(device.session)
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in", exact=True).click()
        page.goto(f"{place}/console/security")
        add(page, "second")
        rows = page.get_by_role("region", name="List of passkeys").locator("tbody tr")
        expect(rows).to_have_count(2)


def test_what_a_passkey_signed_is_good_once_and_for_its_ticket(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("replayed@example.com", "viewer")
    sent: list[str] = []
    with at_endpoint(chrome, open_server, user.email) as (page, _, place):
        add(page, "laptop")
        expect(page.get_by_role("status")).to_contain_text("The passkey is added")
        leave(page, place)
        page.on(
            "request",
            lambda asked: sent.append(asked.post_data or "") if "/enter" in asked.url else None,
        )
        enter(page)
        expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
    form = {name: values[0] for name, values in parse_qs(sent[0]).items()}
    ours = {"origin": open_server.http}
    with httpx.Client(base_url=f"{open_server.http}/console/passkeys", headers=ours) as client:
        again = client.post("/enter", data=form)
        other = form | {"ticket": client.post("/begin").json()["ticket"]}
        with_other = client.post("/enter", data=other)
        empty = other | {"ticket": client.post("/begin").json()["ticket"], "credential": "{"}
        malformed = client.post("/enter", data=empty)

    assert [each.status_code for each in (again, with_other, malformed)] == [403] * 3
    assert "It took too long" in again.text
    assert "not accepted" in with_other.text
    assert "not accepted" in malformed.text


def test_passkeys_are_for_the_endpoint_whatever_host_is_asked_for(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("elsewhere@example.com", "viewer")
    with visit(chrome, open_server, user) as page:
        page.goto("/console/security")
        expect(page.get_by_role("button", name="Add a passkey")).to_be_hidden()
        expect(page.get_by_text(f"https://{open_server.endpoint}")).to_be_visible()
        page.context.clear_cookies()
        page.goto("/console/sign-in")
        expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    forged = {"host": "evil.example", "origin": "http://evil.example"}
    asked = httpx.post(f"{open_server.http}/console/passkeys/begin", headers=forged).json()

    assert asked["options"]["rpId"] == open_server.endpoint.partition(":")[0]
    assert asked["options"]["userVerification"] == "required"


def test_a_stolen_session_adds_no_passkey(open_server: Server, cast: Cast) -> None:
    user = cast.owner.invite("robbed-too@example.com", "viewer")
    other = Person(open_server, user.email).sign_in()
    with httpx.Client(base_url=open_server.http, cookies=other.cookies) as thief:
        form = {"csrf": other.csrf, "password": "guessed", "name": "mine"}
        begun = thief.post("/console/security/passkeys/begin", data=form)
        ticket = thief.post("/console/passkeys/begin", headers={"origin": open_server.http}).json()[
            "ticket"
        ]
        form |= {"ticket": ticket, "credential": "{}"}
        added = thief.post("/console/security/passkeys", data=form)

    assert (begun.status_code, begun.json()["message"]) == (403, "Your password is wrong")
    assert (added.status_code, "It took too long" in added.text) == (403, True)
