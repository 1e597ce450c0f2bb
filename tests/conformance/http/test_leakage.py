"""Secrets that go through a server are not in its log, its metrics, its errors or its traces."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest

from conformance.collector import Collector, collecting
from conformance.wire import Wire, plaintext
from harness import Server

PASSWORD = "canary-password-7f3a"  # noqa: S105
VALUE = "canary-value-91c2"
KEY = "canary-key-55ab"
SAID = "canary-said-03de"
"""What stands in a query or a header that means nothing here."""


@dataclass
class Session:
    """A server through which secrets went, and all that it has told."""

    secrets: list[str] = field(default_factory=lambda: [PASSWORD, VALUE, KEY, SAID])
    told: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="module", params=["text", "json"])
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with collecting() as collector:
        options = ("--log-level", "debug", "--log-format", request.param, "--signup", "open")
        traces = ("--otlp-endpoint", collector.url, "--collect-seconds", "0.2")
        with Server(*options, *traces) as server:
            session = Session()
            answers = _go_through(server, session)
            session.told["metrics"] = httpx.get(f"{server.http}/metrics").text
        session.told["log"] = server.output.partition("is ready")[2]
        session.told["errors"] = "\n".join(answers)
        session.told["traces"] = _text(collector)
        yield session


def _go_through(server: Server, session: Session) -> list[str]:
    """Use every kind of credential, rightly and wrongly; return the bodies of errors."""
    answers: list[str] = []
    with httpx.Client(base_url=server.http) as http:
        signed_up = http.post(
            "/signup", json={"email": "ann@example.com", "password": PASSWORD}
        ).raise_for_status()
        key = signed_up.json()["api_key"]
        cookie = next(iter(http.cookies.jar)).value
        asked = {
            "permissions": {
                "rules": [{"type": "cache", "permissions": ["read"], "caches": "*", "items": "*"}]
            },
            "valid_for_seconds": 60,
        }
        by_key = {"authorization": key}
        token = http.post("/tokens", json=asked, headers=by_key).json()["token"]
        session.secrets += [
            server.api_key,
            key,
            token,
            cookie or "",
            signed_up.json()["csrf_token"],
        ]
        by_owner = {"authorization": server.api_key}
        link = http.post("/session/links", headers=by_owner).json()["token"]
        ours = {"origin": server.http}
        entered = http.post("/console/enter", data={"token": link}, headers=ours)
        assert entered.status_code == 303
        session.secrets += [link, str(entered.cookies["attimo_session"])]
        session.secrets += [each.split(".")[2] for each in (server.api_key, key)]
        item = f"/cache/default-cache?key={KEY}&ttl_seconds=60"
        http.cookies.clear()
        http.put(item, content=VALUE, headers=by_key).raise_for_status()
        http.get(f"{item}&token={token}").raise_for_status()
        http.put(f"/caches/made?token={key}&more={SAID}").raise_for_status()
        by_session = {"authorization": cookie or ""}
        http.put(item, content=VALUE, headers=by_session).raise_for_status()
        http.get(f"/session?token={cookie}").raise_for_status()
        for answer in (
            http.put(item, content=VALUE, headers={"authorization": token}),
            http.get(f"{item}&token={token}x"),
            http.get(f"/caches?token={key}x&more={SAID}"),
            http.get(f"/caches?token={token}"),
            http.get(f"/caches?token={cookie}x"),
            http.put("/caches/made", headers={"authorization": f"{cookie}x"}),
            http.put(f"/caches/made?token={key}", content=VALUE),
            http.post("/session", json={"email": "ann@example.com", "password": f"{PASSWORD}x"}),
            http.post("/session", content=f'{{"password": "{PASSWORD}"'),
            http.get("/members", headers={"cookie": f"attimo_session={cookie}x"}),
            http.post(
                "/api-keys", json={"role_id": "nobody", "description": VALUE}, headers=by_key
            ),
            http.post("/console/enter", data={"token": link}, headers=ours),
            http.post("/signup/confirm", json={"token": link, "password": PASSWORD}),
            http.get("/nowhere", headers={"x-request-id": f'"{SAID}"', "x-more": SAID}),
        ):
            assert answer.is_error
            answers.append(answer.text)
    with plaintext(server.http_address) as channel:
        wire = Wire(channel, key, "default-cache")
        wire.set(KEY.encode(), VALUE.encode())
        assert wire.get(KEY.encode()) == VALUE.encode()
        wire.list_caches()
    return answers


def _text(collector: Collector) -> str:
    return "\n".join(str(span) for span in collector.spans)


@pytest.mark.parametrize("where", ["metrics", "log", "errors", "traces"])
def test_no_secret_is_told(session: Session, where: str) -> None:
    told = session.told[where]
    assert len(told) > 100, told

    encoded = [base64.b64encode(secret.encode()).decode() for secret in session.secrets]
    assert [one for one in (*session.secrets, *encoded) if one in told] == []
