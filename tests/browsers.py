"""A browser and a mailbox, for tests of what people do."""

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import httpx
from starlette.applications import Starlette

PASSWORD = "correct horse battery"  # noqa: S105
OTHER = "staple battery horse"
ANN, BOB, EVE = "ann@example.com", "bob@example.com", "eve@example.com"


@dataclass
class Browser:
    """Keeps cookies and says the CSRF token, as a console would."""

    app: Starlette
    peer: str = "192.0.2.7"
    scheme: str = "http"
    cookies: dict[str, str] = field(default_factory=dict)
    csrf: str = ""
    more: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: object = None) -> httpx.Response:
        headers = {
            "content-type": "application/json",
            "attimo-peer": self.peer,
            "attimo-scheme": self.scheme,
            "x-csrf-token": self.csrf,
            "cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()),
        }
        content = None if body is None else json.dumps(body)
        url = f"http://app{path}"
        request = httpx.Request(method, url, headers=headers | self.more, content=content)
        answer = asyncio.run(self._send(request))
        for name, value in answer.cookies.items():
            self.cookies[name] = value
        if answer.is_success and "csrf_token" in answer.text:
            self.csrf = answer.json()["csrf_token"]
        return answer

    async def _send(self, request: httpx.Request) -> httpx.Response:
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport) as client:
            return await client.send(request)

    def sign_up(self, email: str = ANN) -> dict[str, Any]:
        answer = self.ask("POST", "/signup", {"email": email, "password": PASSWORD})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def sign_in(self, email: str = ANN, password: str = PASSWORD) -> httpx.Response:
        return self.ask("POST", "/session", {"email": email, "password": password})


@dataclass
class Post:
    """Takes e-mail in."""

    letters: list[tuple[str, str, str]] = field(default_factory=list)

    def send(self, to: str, subject: str, text: str) -> None:
        self.letters.append((to, subject, text))

    def token(self, to: str) -> str:
        """The token in the newest e-mail to an address."""
        text = [text for address, _, text in self.letters if address == to][-1]
        return text.partition('"token": "')[2].partition('"')[0]


def joined(ann: Browser, post: Post, email: str, role_id: str = "viewer") -> Browser:
    """Somebody whom Ann has invited and who has come."""
    invited = ann.ask("POST", "/invitations", {"email": email, "role_id": role_id})
    assert invited.status_code == 201, invited.text
    guest = Browser(ann.app)
    accepted = guest.ask(
        "POST", "/invitations/accept", {"token": post.token(email), "password": PASSWORD}
    )
    assert accepted.status_code == 200, accepted.text
    return guest
