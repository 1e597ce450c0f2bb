"""`attimo console`, and where the server says that it is."""

import httpx

from e2e.terminal import Terminal
from harness import Server

PASSWORD = "correct horse battery"  # noqa: S105


def test_who_runs_the_server_is_led_into_the_console_once(
    terminal: Terminal, server: Server
) -> None:
    plain = terminal.type("console")
    asked = terminal.type("console", "runner@example.com")
    link = asked.text.strip()
    with httpx.Client(base_url=server.http) as browser:
        accepted = {"token": link.partition("#")[2], "password": PASSWORD}
        first = browser.post("/invitations/accept", json=accepted)
        member = browser.get("/session").json()
        page = browser.get("/console/")
        again = browser.post("/invitations/accept", json=accepted)
    known = terminal.type("console", "Runner@example.com")

    assert plain.text.strip() == f"{server.http}/console/"
    assert f"  console    {server.http}/console/\n" in server.output
    assert link.startswith(f"{server.http}/invitations/accept#")
    assert "It works once" in asked.error
    assert (first.status_code, again.status_code) == (200, 401)
    assert [each["role_id"] for each in member["accounts"]] == ["owner"]
    assert page.status_code == 200
    assert "default-cache" in page.text
    assert (known.text.strip(), "is a member" in known.error) == (plain.text.strip(), True)
