"""What Momento's clients see of the limits of a plan, and when."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest
from momento import CacheClient
from momento.errors import MomentoErrorCode
from momento.responses import CreateCache, ListCaches

from conformance.python.clients import MINUTE, error_of, expect, roomy, with_token
from conformance.wire import Wire, plaintext, refusal
from harness import Server

AT_ONCE_SECONDS = 1.0


@dataclass(frozen=True)
class Team:
    """An account, with open connections of its own."""

    operator: httpx.Client
    account_id: int
    client: CacheClient
    web: httpx.Client
    wire: Wire

    def limit(self, **limits: Any) -> None:
        asked = {"plan": "free", "overrides": limits}
        answer = self.operator.put(f"/accounts/{self.account_id}/limits", json=asked)
        assert answer.status_code == 204, answer.text


@pytest.fixture
def team(server: Server) -> Iterator[Team]:
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
            wire = Wire(channel, token=key, cache="default-cache")
            yield Team(operator, made["account_id"], client, web, wire)
        operator.delete(f"/accounts/{made['account_id']}")


def test_one_cache_too_many_is_a_limit_that_the_client_knows(team: Team) -> None:
    team.limit(caches=2)

    first = team.client.create_cache("first")
    second = team.client.create_cache("second")

    expect(first, CreateCache.Success)
    assert error_of(second) is MomentoErrorCode.LIMIT_EXCEEDED_ERROR
    assert "caches: 2" in str(second)


def test_control_requests_beyond_the_rate_are_a_limit_of_operations(team: Team) -> None:
    expect(team.client.list_caches(), ListCaches.Success)
    team.limit(control_calls_per_second=5)

    codes = [
        error_of(answer) if isinstance(answer, ListCaches.Error) else None
        for answer in (team.client.list_caches() for _ in range(50))
    ]
    refused = refusal(lambda: [team.wire.list_caches() for _ in range(50)])

    assert set(codes) == {None, MomentoErrorCode.LIMIT_EXCEEDED_ERROR}
    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.err == "operations_rate_limit_exceeded"
    assert "operations" in refused.message
    assert "control_calls_per_second: 5" in refused.message


def test_the_limits_of_a_cache_change_on_open_connections_within_a_second(team: Team) -> None:
    (before,) = team.wire.list_caches().cache
    began = time.monotonic()

    team.limit(cache_operations_per_second=100, ttl_seconds=60)
    (cache,) = team.wire.list_caches().cache

    assert time.monotonic() - began < AT_ONCE_SECONDS
    assert before.cache_limits.max_traffic_rate == 2**31 - 1
    assert cache.cache_limits.max_traffic_rate == 100
    assert cache.cache_limits.max_ttl_seconds == 60
    by_http = team.web.get("/caches").json()["caches"][0]["limits"]
    assert by_http["max_traffic_rate"] == 100


def test_an_account_is_told_how_long_to_wait(team: Team) -> None:
    team.limit(control_calls_per_second=1)

    answers = [team.web.get("/limits") for _ in range(20)]

    refused = next(each for each in answers if each.status_code == 429)
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["x-request-id"]
    assert refused.json()["err"] == "operations_rate_limit_exceeded"


def test_plans_and_what_an_account_has_survive_a_restart() -> None:
    with Server() as server:
        headers = {"authorization": server.api_key}
        made = httpx.post(f"{server.http}/accounts", json={"name": "t"}, headers=headers).json()
        plan = {"name": "tiny", "limits": {"caches": 1}}
        httpx.post(f"{server.http}/plans", json=plan, headers=headers).raise_for_status()
        path = f"/accounts/{made['account_id']}/limits"
        asked = {"plan": "tiny", "overrides": {"control_calls_per_second": 3}}
        httpx.put(f"{server.http}{path}", json=asked, headers=headers).raise_for_status()

        server.stop()
        server.start()
        theirs = {"authorization": made["api_key"]}
        full = httpx.put(f"{server.http}/caches/more", headers=theirs)
        answers = [httpx.get(f"{server.http}/caches", headers=theirs) for _ in range(20)]

    assert (full.status_code, full.json()["err"]) == (429, "quota_exceeded")
    assert {each.status_code for each in answers} == {200, 429}
