"""People who sign in to a server, and what their sessions' tokens open."""

import re
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness import Server

PASSWORD = "correct horse battery"  # noqa: S105
COOKIE = "attimo_session"


@dataclass
class Person:
    """Somebody with an account, as a browser or a script of theirs meets the server."""

    server: Server
    email: str
    csrf: str = ""
    cookies: httpx.Cookies = field(default_factory=httpx.Cookies)

    @property
    def token(self) -> str:
        """The value of the session's cookie, which is a token."""
        return str(self.cookies[COOKIE])

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask with the cookie, and be answered well."""
        url, headers = f"{self.server.http}{path}", {"x-csrf-token": self.csrf}
        # CI runs other tests beside these.
        answer = httpx.request(
            method, url, json=body, headers=headers, cookies=self.cookies, timeout=60
        )
        assert answer.is_success, answer.text
        self.cookies.update(answer.cookies)
        found = answer.json() if answer.content else None
        if isinstance(found, dict):
            self.csrf = found.get("csrf_token", self.csrf)
        return found

    def sign_up(self) -> "Person":
        """Come for the first time."""
        self.ask("POST", "/signup", {"email": self.email, "password": PASSWORD})
        return self

    def sign_in(self, password: str = PASSWORD) -> "Person":
        """Begin another session."""
        self.cookies.clear()
        self.ask("POST", "/session", {"email": self.email, "password": password})
        return self

    def invite(self, email: str, role_id: str) -> "Person":
        """Have somebody join the account; whoever comes is at it."""
        self.ask("POST", "/invitations", {"email": email, "role_id": role_id})
        guest = Person(self.server, email)
        asked = {"token": self._letter_to(email), "password": PASSWORD}
        guest.csrf = guest.ask("POST", "/invitations/accept", asked)["csrf_token"]
        return guest

    def user_id(self) -> int:
        """The user's number."""
        return int(self.ask("GET", "/session")["user_id"])

    def _letter_to(self, email: str) -> str:
        letters = sorted(
            (self.server.data_dir / "mail").iterdir(), key=lambda file: file.stat().st_mtime_ns
        )
        texts = [letter.read_text().replace("=\n", "") for letter in letters]
        found = re.search(r'"token": "([^"]+)"', [text for text in texts if email in text][-1])
        assert found
        return found[1]
