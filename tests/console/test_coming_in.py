"""From opening the page to the first write, and every other way in and out."""

import re
import struct
import subprocess
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from conformance.people import PASSWORD, Person
from console.visiting import Cast, complaints, visit
from docs.generator import documentation
from harness import Server, bare_environment
from letters import letter_to

pictures = documentation("pictures")
MOST_BYTES = 100 * 1024
"""Of a picture."""


def sign_in(page: Page, email: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_from_the_address_of_the_server_to_the_first_write(
    chrome: Browser, open_server: Server, tmp_path: Path
) -> None:
    with visit(chrome, open_server) as page:
        page.goto("/")
        page.get_by_role("link", name="Create an account").click()
        page.get_by_label("E-mail").fill("newcomer@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create the account").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Your cache is ready")
        key, exports = page.locator("#key").inner_text(), page.locator("#exports").inner_text()
        lines = {
            each.locator("summary").inner_text(): each.locator("pre").text_content() or ""
            for each in page.locator("details.example").all()
        }
        found = complaints(page)
        page.get_by_role("link", name="To your caches").click()
        shown_again = page.content()

    assert found == []
    assert list(lines) == ["curl", "Python", "Node.js", "Go", "Java", "Rust"]
    assert key in exports
    assert key not in shown_again
    for language in ("curl", "Python"):
        done = run(f"{exports}\n{lines[language]}", tmp_path)
        assert done.stdout.strip() == "hello", (language, done.stderr)


def test_the_tutorial_is_followed_and_its_pictures_show_what_is_seen(
    chrome: Browser, open_server: Server, tmp_path: Path
) -> None:
    page = (pictures.FOLDER.parent / "first-write-in-the-browser.md").read_text()
    shown = re.findall(r"\(pictures/([\w-]+\.png)\)", page)
    pictures.take(chrome, open_server, tmp_path)

    kept, taken = (
        {each.name: size_of(each) for each in folder.iterdir()}
        for folder in (pictures.FOLDER, tmp_path)
    )
    assert sorted(kept) == sorted(shown)
    assert kept == taken, "run `make pictures`"
    assert all(each.stat().st_size < MOST_BYTES for each in pictures.FOLDER.iterdir())


@pytest.mark.parametrize("program", ["node", "go", "java"])
def test_the_lines_of_a_language_work_as_pasted(
    program: str, chrome: Browser, open_server: Server, cast: Cast, tmp_path: Path
) -> None:
    if run(f"command -v {program}", tmp_path).returncode:
        pytest.skip(f"NOT JUDGED: these lines need `{program}`, which is not installed")
    title = {"node": "Node.js", "go": "Go", "java": "Java"}[program]
    made = cast.owner.ask("POST", "/api-keys", {"description": "pasted", "role_id": "owner"})
    with visit(chrome, open_server, cast.owner) as page:
        page.goto("/console/caches/default-cache")
        example = page.locator("details.example").filter(has=page.get_by_text(title, exact=True))
        lines = example.locator("pre").text_content()

    exports = f"export ATTIMO_URL={open_server.http} ATTIMO_TOKEN={made['api_key']}"
    done = run(f"{exports}\n{lines}", tmp_path)

    assert (done.stdout + done.stderr).strip().endswith("hello")


def test_who_signs_in_is_led_to_the_page_that_they_asked_for_and_out_again(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    with visit(chrome, open_server) as page:
        page.goto("/console/caches/default-cache")
        sign_in(page, cast.owner.email, "not the password")
        expect(page.get_by_role("alert")).to_contain_text("wrong")
        sign_in(page, cast.owner.email)
        expect(page.get_by_role("heading", level=1)).to_have_text("default-cache")
        page.locator(".who summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("status")).to_have_text("You have signed out.")
        page.goto("/console/")
        expect(page).to_have_url(re.compile("/console/sign-in$"))


def test_a_forgotten_password_is_replaced_by_the_link_of_an_e_mail(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    user = cast.owner.invite("forgetful@example.com", "viewer")
    with visit(chrome, open_server) as page:
        for email in ("nobody@example.com", user.email):
            page.goto("/console/forgotten")
            page.get_by_label("E-mail").fill(email)
            page.get_by_role("button", name="Send the link").click()
            expect(page.get_by_role("status")).to_contain_text("a link is on its way")
        page.goto(letter_to(open_server, user.email, r"https://\S+?(/console/reset#\S+)")[1])
        assert "#" not in page.url
        page.get_by_label("New password").fill("short")
        page.get_by_role("button", name="Set the password").click()
        expect(page.get_by_role("alert")).to_contain_text("10")
        page.get_by_label("New password").fill("staple battery horse")
        page.get_by_role("button", name="Set the password").click()
        sign_in(page, user.email, "staple battery horse")
        expect(page.get_by_role("heading", level=1)).to_have_text("Caches")


def accept(page: Page, password: str) -> None:
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Accept").click()


def test_an_invitation_is_accepted_on_the_page_of_its_link(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    link = cast.owner.ask("POST", "/invitations", {"email": "new@example.com"})["link"]
    asked: list[str] = []
    with visit(chrome, open_server) as page:
        page.on("request", lambda request: asked.append(request.url))
        page.goto(link.partition(open_server.endpoint)[2])
        assert "#" not in page.url
        expect(page.get_by_label("Token of the e-mail")).to_be_hidden()
        accept(page, "short")
        expect(page.get_by_role("alert")).to_contain_text("10 to 256")
        accept(page, PASSWORD)
        expect(page.get_by_role("status")).to_have_text("You are a member of this account now.")
        page.goto(link.partition(open_server.endpoint)[2])
        accept(page, PASSWORD)
        expect(page.get_by_role("alert")).to_contain_text("Invalid or expired invitation")
        page.goto("/invitations/accept")
        expect(page.get_by_label("Token of the e-mail")).to_be_visible()
    assert not any(link.partition("#")[2] in url for url in asked)


def test_pages_that_let_in_work_without_scripts(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    link = cast.owner.ask("POST", "/invitations", {"email": "plain@example.com"})["link"]
    context = chrome.new_context(base_url=open_server.http, java_script_enabled=False)
    page = context.new_page()
    page.goto("/console/accept")
    page.get_by_label("Token of the e-mail").fill(link.partition("#")[2])
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Accept").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Caches")
    context.close()


def test_somebody_with_two_accounts_switches_between_them(
    chrome: Browser, open_server: Server, cast: Cast
) -> None:
    made = cast.owner.ask("POST", "/invitations", {"email": cast.stranger.email})
    both = Person(open_server, cast.stranger.email)
    both.ask("POST", "/invitations/accept", {"token": made["token"], "password": PASSWORD})
    with visit(chrome, open_server, both) as page:
        page.goto("/console/")
        page.locator(".who summary").click()
        page.get_by_role("button", name=f"Switch to {both.email}").click()
        expect(page.locator(".who .account")).to_have_text(both.email)


def test_sessions_are_listed_and_ended(chrome: Browser, open_server: Server, cast: Cast) -> None:
    one = cast.owner.invite("sessions@example.com", "viewer")
    others = [Person(open_server, one.email).sign_in() for _ in range(3)]
    with visit(chrome, open_server, one) as page:
        page.goto("/console/sessions")
        rows = page.locator("tbody tr")
        expect(rows).to_have_count(4)
        expect(rows.filter(has_text="This one")).to_have_count(1)
        page.get_by_role("button", name="End the session").first.click()
        expect(page.get_by_role("status")).to_have_text("The session has ended.")
        expect(rows).to_have_count(3)
        page.get_by_role("button", name="End all others").click()
        expect(rows).to_have_count(1)

    url = f"{open_server.http}/session"
    statuses = [httpx.get(url, cookies=each.cookies).status_code for each in (one, *others)]
    assert statuses == [200, 401, 401, 401]


def test_a_server_that_lets_in_by_invitation_says_so(chrome: Browser, server: Server) -> None:
    with visit(chrome, server) as page:
        page.goto("/")
        expect(page.get_by_text("attimo console", exact=True)).to_be_visible()
        page.goto("/console/sign-up")
        expect(page.get_by_text("by invitation")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run lines as somebody who pastes them into a shell."""
    return subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=bare_environment(),
        capture_output=True,
        text=True,
        check=False,
    )


def size_of(picture: Path) -> tuple[int, int]:
    """Width and height of a PNG, which its first part has."""
    width, height = struct.unpack(">II", picture.read_bytes()[16:24])
    return width, height
