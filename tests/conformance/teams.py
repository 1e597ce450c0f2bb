"""An account with limits of its own, and the clients that it uses."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from momento import CacheClient

from conformance.python.clients import roomy, with_token
from conformance.wire import Wire, plaintext
from harness import Server

CACHE = "default-cache"
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Team:
    """An account, with open connections of its own."""

    operator: httpx.Client
    account_id: int
    key: str
    client: CacheClient
    web: httpx.Client
    wire: Wire

    def limit(self, **limits: Any) -> None:
        """Replace the limits of the account; what is not named is as in the plan `free`."""
        asked = {"plan": "free", "overrides": limits}
        answer = self.operator.put(f"/accounts/{self.account_id}/limits", json=asked)
        assert answer.status_code == 204, answer.text


@contextmanager
def new_team(server: Server) -> Iterator[Team]:
    """A new account, gone afterwards."""
    headers = {"authorization": server.api_key}
    with httpx.Client(base_url=server.http, headers=headers) as operator:
        name = f"team {time.monotonic_ns()}"
        made = operator.post("/accounts", json={"name": name}).raise_for_status().json()
        key = made["api_key"]
        with (
            CacheClient(roomy(), with_token(server.http_address, key), MINUTE) as client,
            httpx.Client(base_url=server.http, headers={"authorization": key}) as web,
            plaintext(server.http_address) as channel,
        ):
            wire = Wire(channel, token=key, cache=CACHE)
            yield Team(operator, made["account_id"], key, client, web, wire)
        operator.delete(f"/accounts/{made['account_id']}")
