"""The items of one cache by plain HTTP, and credentials that may do less than the owner."""

import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import httpx

from attimo.control.totals import STORED
from docs.generator import documentation

Rules = list[dict[str, Any]]

MINUTE = {"ttl_seconds": 60}
CAUSES = documentation("errors").causes()
"""Every word in `err`."""


def element(value: bytes) -> dict[str, str]:
    """Bytes as a body may always write them."""
    return {"base64": base64.b64encode(value).decode()}


def base64url(value: bytes) -> str:
    """Bytes as a query may always write them."""
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


@dataclass(frozen=True)
class Items:
    """One client, one cache, one credential."""

    web: httpx.Client
    cache: str
    headers: Mapping[str, str]

    def ask(
        self,
        method: str,
        below: str = "",
        body: Any = None,
        headers: Any = None,
        **query: Any,
    ) -> httpx.Response:
        """Send a request; `body` is bytes, or becomes JSON. Lists in `query` repeat a name."""
        path = f"/cache/{self.cache}" + (f"/{below}" if below else "")
        url = f"{path}?{urlencode(query, doseq=True)}" if query else path
        given: dict[str, Any] = (
            {"content": body} if isinstance(body, bytes) else {"json": body} if body else {}
        )
        return self.web.request(method, url, headers={**self.headers, **(headers or {})}, **given)

    def get(self, below: str = "", **query: Any) -> Any:
        """What a `GET` that must succeed says, as JSON."""
        answer = self.ask("GET", below, **query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        return answer.json()

    def post(self, below: str, body: Any = None, **query: Any) -> Any:
        """What a `POST` that must succeed says: JSON, or nothing."""
        answer = self.ask("POST", below, body, **query)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.status_code == 200 else None

    def delete(self, below: str = "", **query: Any) -> None:
        """Send a `DELETE` that must succeed."""
        answer = self.ask("DELETE", below, **query)
        assert (answer.status_code, answer.content) == (204, b""), answer.text

    def put(self, key: str, value: bytes, ttl_seconds: int = 60) -> None:
        """Write a single value."""
        answer = self.ask("PUT", body=value, key=key, ttl_seconds=ttl_seconds)
        assert (answer.status_code, answer.content) == (204, b""), answer.text

    def value(self, key: str) -> bytes | None:
        """A single value, or None."""
        answer = self.ask("GET", key=key)
        assert answer.status_code in (200, 404), answer.text
        return answer.content if answer.status_code == 200 else None

    def stats(self) -> dict[str, Any]:
        """What the server tells of the cache, but for what changes by time alone."""
        answer = self.web.get(f"/caches/{self.cache}/stats", headers=self.headers)
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        told.pop("latency", None)
        counts = {name: count for name, count in told["counts"].items() if name not in STORED}
        return told | {"counts": counts}

    def counts(self) -> dict[str, int]:
        """What was counted of the cache's requests until now."""
        counts: dict[str, int] = self.stats()["counts"]
        return counts

    def by(self, token: str) -> "Items":
        """The same items for somebody else."""
        return replace(self, headers={"authorization": token})


def refused(answer: httpx.Response) -> tuple[int, str]:
    """How a request was refused: status and code. It always says why, as RFC 9457 has it, too."""
    said = answer.json()
    assert said["message"]
    assert said["detail"] == said["message"]
    assert said["title"]
    assert said["status"] == answer.status_code
    assert said["momento_code"]
    cause = CAUSES[said["err"]]
    assert (cause.status, cause.code) == (answer.status_code, said["code"])
    assert set(said) == {"status", "title", "detail", "code", "message", "err", "momento_code"}
    return answer.status_code, str(said["code"])


def is_missing(answer: httpx.Response) -> bool:
    """Whether a request was told that there is no such item."""
    return (answer.status_code, answer.json()["message"]) == (404, "Key Not Found")


@dataclass(frozen=True)
class Maker:
    """Makes tokens with the owner's key."""

    http: str
    api_key: str

    def token(self, *rules: dict[str, Any], seconds: int = 600) -> str:
        """A disposable token that bears these rules."""
        asked = {"permissions": {"rules": rules}, "valid_for_seconds": seconds}
        answer = httpx.post(
            f"{self.http}/tokens", headers={"authorization": self.api_key}, json=asked
        )
        assert answer.is_success, answer.text
        return str(answer.json()["token"])

    def role_key(self, *rules: dict[str, Any]) -> str:
        """An API key whose role bears these rules."""
        headers = {"authorization": self.api_key}
        role = {"role_name": f"role {time.monotonic_ns()}", "permissions": {"rules": rules}}
        made = httpx.post(f"{self.http}/roles", headers=headers, json=role)
        assert made.is_success, made.text
        asked = {"role_id": made.json()["role_id"], "description": "d"}
        key = httpx.post(f"{self.http}/api-keys", headers=headers, json=asked)
        assert key.is_success, key.text
        return str(key.json()["api_key"])


def rule(*verbs: str, cache: str = "*", items: object = "*") -> dict[str, Any]:
    """One rule about caches."""
    named: object = "*" if cache == "*" else {"name": cache}
    return {"type": "cache", "permissions": verbs, "caches": named, "items": items}
