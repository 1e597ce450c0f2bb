"""What Momento's clients see of the limits of a plan, and when."""

import time

import grpc
import httpx
from momento.errors import MomentoErrorCode
from momento.responses import CreateCache, ListCaches

from conformance.python.clients import error_of, expect
from conformance.teams import Team
from conformance.wire import refusal
from harness import Server

AT_ONCE_SECONDS = 1.0


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
