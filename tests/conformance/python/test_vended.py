"""A disposable token may no more than the key that asked for it may hand out at the moment."""

import time
from collections.abc import Callable
from typing import Any

import grpc
import httpx
import pytest

from conformance.http.items import rule
from conformance.wire import Wire, refusal
from harness import Server

CACHE = "default-cache"
ALL = rule("read", "write")
VENDS = {"type": "token_management", "permissions": ["write"]}
MAKES_KEYS = {"type": "auth_management", "permissions": ["write"], "items": "*"}
DENIED = grpc.StatusCode.PERMISSION_DENIED


class Vendor:
    """A key that may do everything with data, and a token of its for all of that, in use."""

    def __init__(self, server: Server, channel: grpc.Channel) -> None:
        self.server = server
        self.name = f"vendor {time.monotonic_ns()}"
        named = {"role_name": self.name, "permissions": {"rules": [ALL, VENDS]}}
        self.role_id = self.ask(server.api_key, "POST", "/roles", named)["role_id"]
        wanted = {"role_id": self.role_id, "description": "d"}
        api_key = self.ask(server.api_key, "POST", "/api-keys", wanted)["api_key"]
        asked = {"permissions": {"rules": [ALL]}, "valid_for_seconds": 600}
        self.token = self.ask(api_key, "POST", "/tokens", asked)["token"]
        self.wire = Wire(channel, self.token, CACHE)
        self.wire.set(b"own/1", b"v")
        self.wire.set(b"else", b"v")

    def ask(self, api_key: str, method: str, path: str, body: object) -> Any:
        headers = {"authorization": api_key}
        answer = httpx.request(method, f"{self.server.http}{path}", headers=headers, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def give(self, *rules: dict[str, Any], **more: object) -> None:
        """Let the key's role permit something else."""
        wanted = {"role_name": self.name, "permissions": {"rules": rules} | more}
        self.ask(self.server.api_key, "PUT", f"/roles/{self.role_id}", wanted)

    def may(self, call: Callable[[Wire], object]) -> bool:
        """Whether the token is let do something; if it is not, it is told that it may not."""
        try:
            call(self.wire)
        except grpc.RpcError:
            assert refusal(lambda: call(self.wire)).code is DENIED
            return False
        return True


@pytest.fixture
def vendor(server: Server, channel: grpc.Channel) -> Vendor:
    return Vendor(server, channel)


def test_it_is_narrowed_and_widened_with_the_role_on_open_connections(vendor: Vendor) -> None:
    url = f"{vendor.server.http}/cache/{CACHE}/"
    with httpx.Client(base_url=url, headers={"authorization": vendor.token}) as http:
        assert [http.get(key).status_code for key in ("own/1", "else")] == [200, 200]

        vendor.give(rule("read", cache=CACHE, items={"key_prefix": "own/"}), VENDS)

        assert vendor.may(lambda wire: wire.get(b"own/1"))
        assert not vendor.may(lambda wire: wire.get(b"else"))
        assert not vendor.may(lambda wire: wire.set(b"own/1", b"w"))
        assert [http.get(key).status_code for key in ("own/1", "else")] == [200, 403]
    vendor.give(ALL, VENDS)
    assert vendor.may(lambda wire: wire.set(b"else", b"again"))


def test_it_is_for_the_caches_of_the_role(vendor: Vendor) -> None:
    vendor.give(rule("read", "write", cache="another"), VENDS)

    assert not vendor.may(lambda wire: wire.get(b"own/1"))


def test_it_is_for_the_networks_of_the_role(vendor: Vendor) -> None:
    def give(*ranges: str) -> None:
        filter = {"ip_filter": {"allowed_cidr_ranges": ranges}}
        vendor.give(ALL, VENDS, conditions=[filter])

    give("10.0.0.0/8", "2001:db8::/32")
    assert not vendor.may(lambda wire: wire.get(b"own/1"))
    give("127.0.0.0/8", "::1/128")
    assert vendor.may(lambda wire: wire.get(b"own/1"))


def test_who_may_make_no_tokens_any_more_has_none(vendor: Vendor) -> None:
    vendor.give(ALL, MAKES_KEYS)
    assert vendor.may(lambda wire: wire.get(b"own/1"))

    vendor.give(ALL, MAKES_KEYS | {"permissions": ["read", "list"]})
    assert not vendor.may(lambda wire: wire.get(b"own/1"))
    vendor.give(ALL)
    assert not vendor.may(lambda wire: wire.get(b"own/1"))


def test_a_wider_role_gives_it_no_more_than_it_bears(
    server: Server, channel: grpc.Channel, vendor: Vendor
) -> None:
    listing = {"type": "resource_management", "permissions": ["write", "list"], "resources": "*"}

    vendor.give(ALL, VENDS, MAKES_KEYS, listing)

    assert not vendor.may(lambda wire: wire.create_cache("never"))
    assert not vendor.may(lambda wire: wire.list_caches())
