"""`attimo console`, and where the server says that it is."""

import json

import httpx

from e2e.terminal import Terminal
from harness import Server

PASSWORD = "correct horse battery"  # noqa: S105


def test_who_runs_the_server_signs_in_by_a_link_once(terminal: Terminal, server: Server) -> None:
    asked = terminal.type("console")
    link = asked.text.strip()
    with httpx.Client(base_url=server.http) as browser:
        seen = browser.get("/console/enter")
        first = enter(browser, link)
        page = browser.get("/console/")
        session = browser.get("/session").json()
        again = enter(browser, link)
    trail = json.loads(terminal.do("audit", "--action", "session", "--json"))["items"]

    assert link.startswith(f"{server.http}/console/enter#")
    assert "It works once, within ten minutes" in asked.error
    assert [each.status_code for each in (seen, first, page, again)] == [200, 303, 200, 403]
    assert (session["email"], session["accounts"][0]["role_id"]) == ("server owner", "owner")
    assert "default-cache" in page.text
    assert [each["action"] for each in trail][:2] == ["session.begin", "session.link"]
    assert link.partition("#")[2] not in server.output
    assert f"  console    {server.http}/console/\n" in server.output


def test_a_key_with_less_is_told_the_address(terminal: Terminal, server: Server) -> None:
    key = terminal.do("key", "create", "--role", "operator").strip()
    asked = terminal.type("console", "--api-key", key)

    assert asked.text.strip() == f"{server.http}/console/"
    assert "cannot make a link" in asked.error


def enter(browser: httpx.Client, link: str) -> httpx.Response:
    """Press the button of the page behind a link."""
    origin = str(browser.base_url).rstrip("/")
    data = {"token": link.partition("#")[2]}
    return browser.post("/console/enter", data=data, headers={"origin": origin})


def test_who_runs_the_server_becomes_a_member_by_their_address(
    terminal: Terminal, server: Server
) -> None:
    asked = terminal.type("console", "runner@example.com")
    link = asked.text.strip()
    with httpx.Client(base_url=server.http) as browser:
        accepted = {"token": link.partition("#")[2], "password": PASSWORD}
        first = browser.post("/invitations/accept", json=accepted)
        member = browser.get("/session").json()
        page = browser.get("/console/")
        again = browser.post("/invitations/accept", json=accepted)
    known = terminal.type("console", "Runner@example.com")

    assert link.startswith(f"{server.http}/invitations/accept#")
    assert "It works once" in asked.error
    assert (first.status_code, again.status_code) == (200, 401)
    assert [each["role_id"] for each in member["accounts"]] == ["owner"]
    assert page.status_code == 200
    assert "default-cache" in page.text
    assert (known.text.strip(), "is a member" in known.error) == (f"{server.http}/console/", True)
