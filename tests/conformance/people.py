"""People who sign in to a server, and what their sessions' tokens open."""

import zlib
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness import Server
from letters import letter_to

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
        # Each person is at a network of their own, since one network may not sign up all the time.
        a, b = zlib.crc32(self.email.encode()).to_bytes(4)[:2]
        transport = httpx.HTTPTransport(local_address=f"127.{a}.{b}.1")
        # CI runs other tests beside these.
        with httpx.Client(transport=transport, cookies=self.cookies, timeout=60) as client:
            answer = client.request(method, url, json=body, headers=headers)
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
        token = letter_to(self.server, email, r'"token": "([^"]+)"')[1]
        asked = {"token": token, "password": PASSWORD}
        guest.csrf = guest.ask("POST", "/invitations/accept", asked)["csrf_token"]
        return guest

    def user_id(self) -> int:
        """The user's number."""
        return int(self.ask("GET", "/session")["user_id"])
