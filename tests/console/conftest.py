"""A server, its people and a browser for a file of tests."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.sync_api import Browser, expect

from browser import chromium
from conformance.people import Person
from console.visiting import NASTY, Cast
from harness import Server

# CI runs other tests beside these.
expect.set_options(timeout=30_000)


@pytest.fixture(scope="session")
def open_server() -> Iterator[Server]:
    """Anybody may sign up at it; without an SMTP server, e-mail lies in its data directory."""
    options = ("--signup", "open", "--collect-seconds", "1", "--webhook-networks", "127.0.0.0/8")
    with Server(*options) as server:
        # The first request loads the control app and the pages, which takes long on a busy machine.
        httpx.get(f"{server.http}/console/sign-in", timeout=60).raise_for_status()
        yield server


@pytest.fixture(scope="session")
def cast(open_server: Server) -> Cast:
    """An account with each kind of member, and another account."""
    owner = Person(open_server, "ann@example.com")
    owner.ask(
        "POST",
        "/signup",
        {"email": owner.email, "password": "correct horse battery", "account_name": NASTY},
    )
    owner.ask("PUT", f"/caches/{NASTY}")
    owner.ask("PUT", "/caches/used")
    for verb, key in (("PUT", "k"), ("GET", "k"), ("GET", "none")):
        item = f"{open_server.http}/cache/used?key={key}&ttl_seconds=3600"
        httpx.request(verb, item, content=b"v", headers={"authorization": owner.token}, timeout=60)
    httpx.put(
        f"{open_server.http}/cache/default-cache?key=looked-at&ttl_seconds=86400",
        content=NASTY.encode(),
        headers={"authorization": owner.token},
        timeout=60,
    ).raise_for_status()
    owner.ask("POST", "/api-keys", {"description": NASTY, "role_id": "viewer"})
    rule = {"type": "cache", "permissions": ["read"], "caches": "*", "items": {"key": NASTY}}
    role = {"role_name": NASTY, "description": NASTY, "permissions": {"rules": [rule]}}
    owner.ask("POST", "/roles", role)
    hook = {"topic": NASTY, "url": 'http://127.0.0.1:9/"><img/src=x>'}
    owner.ask("PUT", f"/webhooks/{NASTY}/{NASTY}", hook)
    owner.ask("POST", f"/webhooks/{NASTY}/{NASTY}/test")
    owner.ask("POST", "/invitations", {"email": "i@example.com", "role_id": "viewer"})
    operator = owner.invite("olga@example.com", "operator")
    viewer = owner.invite("vic@example.com", "viewer")
    return Cast(owner, operator, viewer, Person(open_server, "eve@example.com").sign_up())


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    """A browser without pages."""
    with chromium() as browser:
        yield browser
