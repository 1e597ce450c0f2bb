"""The limits of a plan that the data plane holds, as Momento's client and HTTP are told of them."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest
from momento import CacheClient, TopicClient
from momento.auth import CredentialProvider
from momento.config import TopicConfigurations
from momento.errors import MomentoErrorCode
from momento.responses import (
    CacheGet,
    CacheIncrement,
    CacheListPushBack,
    CacheSet,
    TopicPublish,
    TopicSubscribe,
)

from conformance.python.clients import MINUTE, error_of, expect, roomy, with_token
from conformance.teams import CACHE, Team
from faults.watching import eventually
from harness import Server

LIMITED = MomentoErrorCode.LIMIT_EXCEEDED_ERROR
OPERATIONS = "Request rate limit exceeded for this account"
SUBSCRIPTIONS = "Topic subscriptions limit exceeded for this account"
THROUGHPUT = "Bandwidth limit exceeded for this account"
WHOSE = {"": "the account's", "cache_": "this cache's", "key_": "this API key's"}
MANY = 10_000


def first_refusal(client: CacheClient) -> tuple[int, CacheGet.Error | CacheSet.Error]:
    """How many calls were served until one was not, and what was said of that."""
    for served in range(MANY):
        answer = client.get(CACHE, "key") if served % 2 else client.set(CACHE, "key", "v" * 100)
        if isinstance(answer, (CacheGet.Error, CacheSet.Error)):
            return served, answer
    raise AssertionError(f"{MANY} calls were served")


@pytest.mark.parametrize("whose", list(WHOSE))
@pytest.mark.parametrize(
    ("what", "number", "wrapper"),
    [
        ("operations_per_second", 30, OPERATIONS),
        ("bytes_in_per_second", 1_000, THROUGHPUT),
        ("bytes_out_per_second", 1_000, THROUGHPUT),
    ],
)
def test_each_rate_is_a_limit_that_the_client_knows_by_its_name_and_number(
    team: Team, whose: str, what: str, number: int, wrapper: str
) -> None:
    expect(team.client.set(CACHE, "key", "value"), CacheSet.Success)
    team.limit(**{whose + what: number})

    served, refused = first_refusal(team.client)

    assert served >= 19
    assert refused.error_code is LIMITED
    assert wrapper in str(refused.message)
    assert f"{WHOSE[whose]} limit" in str(refused)
    assert f"{number} " in str(refused)
    assert f"({whose}{what}: {number})" in str(refused)


def test_http_is_told_when_to_come_again(team: Team) -> None:
    team.limit(bytes_in_per_second=1_000)
    path = f"/cache/{CACHE}?key=k&ttl_seconds=60"

    began = time.monotonic()
    stored = team.web.put(path, content=b"v" * 35_000)
    refused = team.web.get(f"/cache/{CACHE}?key=k")
    elapsed = time.monotonic() - began

    assert stored.status_code == 204
    assert refused.status_code == 429
    assert 34 - elapsed <= int(refused.headers["retry-after"]) <= 35
    assert refused.json()["err"] == "throughput_rate_limit_exceeded"
    assert "1000 bytes received per second (bytes_in_per_second: 1000)" in refused.json()["message"]


def test_a_rate_holds_for_all_connections_together(server: Server, team: Team) -> None:
    rate = 50
    began = time.monotonic()
    team.limit(operations_per_second=rate)
    with ExitStack() as stack:
        provider = with_token(server.http_address, team.key)
        clients = [stack.enter_context(CacheClient(roomy(), provider, MINUTE)) for _ in range(4)]

        def served(client: CacheClient) -> int:
            answers = [client.get(CACHE, "key") for _ in range(rate)]
            return sum(not isinstance(answer, CacheGet.Error) for answer in answers)

        with ThreadPoolExecutor(len(clients)) as pool:
            total = sum(pool.map(served, clients))
        elapsed = time.monotonic() - began

    assert rate <= total <= rate * (1 + elapsed) + 1
    assert total < rate * len(clients)


def test_a_change_holds_at_once_on_open_connections_and_refills_nothing(team: Team) -> None:
    team.limit(operations_per_second=20)
    first_refusal(team.client)
    began = time.monotonic()

    team.limit(operations_per_second=21)
    served, _ = first_refusal(team.client)
    elapsed = time.monotonic() - began
    team.limit()
    answers = [team.client.get(CACHE, "key") for _ in range(100)]

    assert served <= 21 * elapsed + 2
    assert [answer for answer in answers if isinstance(answer, CacheGet.Error)] == []


def test_messages_have_a_rate_that_the_client_knows_by_its_name_and_number(
    team: Team, server: Server
) -> None:
    team.limit(publishes_per_second=5)
    with TopicClient(TopicConfigurations.Default.latest(), token_of(team, server)) as topics:
        answers = [topics.publish(CACHE, "t", "a") for _ in range(30)]
        refused = [answer for answer in answers if isinstance(answer, TopicPublish.Error)]
        assert 5 <= 30 - len(refused) < 20
        assert {answer.error_code for answer in refused} == {LIMITED}
        assert OPERATIONS in str(refused[0].message)
        assert "(publishes_per_second: 5)" in str(refused[0])
        expect(team.client.set(CACHE, "key", "value"), CacheSet.Success)

        team.limit(publishes_per_second=0)
        assert error_of(topics.publish(CACHE, "t", "a")) is LIMITED
        expect(team.client.get(CACHE, "key"), CacheGet.Hit)


def test_subscriptions_have_a_limit_that_the_client_knows_by_its_name_and_number(
    team: Team, server: Server
) -> None:
    team.limit(subscriptions=2)
    with TopicClient(TopicConfigurations.Default.latest(), token_of(team, server)) as topics:
        open_ones = [
            expect(topics.subscribe(CACHE, "t"), TopicSubscribe.Subscription) for _ in range(2)
        ]
        refused = expect(topics.subscribe(CACHE, "t"), TopicSubscribe.Error)
        assert refused.error_code is LIMITED
        assert SUBSCRIPTIONS in str(refused.message)
        assert "(subscriptions: 2)" in str(refused)

        open_ones[0].unsubscribe()

        def has_place() -> bool:
            answer = topics.subscribe(CACHE, "t")
            if isinstance(answer, TopicSubscribe.Subscription):
                open_ones.append(answer)
            return len(open_ones) == 3

        eventually(has_place, "a place is free")
        assert error_of(topics.subscribe(CACHE, "t")) is LIMITED
        topic_limits = team.wire.list_caches().cache[0].topic_limits
        assert topic_limits.max_subscription_count == 2


def token_of(team: Team, server: Server) -> CredentialProvider:
    """The credentials of the team."""
    return with_token(server.http_address, team.key)


def test_5_operations_a_second_of_50_gets(team: Team) -> None:
    team.limit(operations_per_second=5)
    began = time.monotonic()

    answers = [team.client.get(CACHE, "nothing") for _ in range(50)]
    elapsed = time.monotonic() - began

    codes = [error_of(answer) for answer in answers if isinstance(answer, CacheGet.Error)]
    assert set(codes) == {LIMITED}
    assert 5 <= 50 - len(codes) <= 5 + 5 * elapsed + 1


def test_a_plan_that_is_changed_holds_on_an_open_connection_within_a_second(team: Team) -> None:
    team.operator.post("/plans", json={"name": "small", "limits": {}}).raise_for_status()
    chosen = {"plan": "small", "overrides": {}}
    team.operator.put(f"/accounts/{team.account_id}/limits", json=chosen).raise_for_status()
    expect(team.client.set(CACHE, "key", "value"), CacheSet.Success)
    began = time.monotonic()

    limits = {"limits": {"operations_per_second": 3}}
    team.operator.put("/plans/small", json=limits).raise_for_status()
    served, refused = first_refusal(team.client)
    elapsed = time.monotonic() - began

    assert elapsed < 1
    assert served <= 3 * (1 + elapsed)
    assert "(operations_per_second: 3)" in str(refused)
    team.operator.delete("/plans/small?successor=free").raise_for_status()


def test_one_account_at_its_limit_changes_nothing_for_another(
    team: Team, server: Server, cache: str
) -> None:
    team.limit(operations_per_second=5)
    first_refusal(team.client)
    with CacheClient(roomy(), with_token(server.http_address, server.api_key), MINUTE) as other:
        answers = [other.get(cache, "key") for _ in range(50)]

    assert [type(answer) for answer in answers] == [CacheGet.Miss] * 50


def test_items_elements_and_ttls_are_limited_by_the_plan(team: Team) -> None:
    team.limit(item_bytes=1_000, element_bytes=100, ttl_seconds=60)
    client = team.client

    item = client.set(CACHE, "key", "v" * 998)
    element = client.list_push_back(CACHE, "list", "e" * 101)
    ttl = client.set(CACHE, "key", "value", timedelta(seconds=61))
    by_increment = client.increment(CACHE, "number", 1, timedelta(seconds=61))

    assert (error_of(item), error_of(element)) == (LIMITED, LIMITED)
    assert "Item size limit" in str(item)
    assert "1000 bytes" in str(item)
    assert "Element size limit" in str(element)
    assert "100 bytes" in str(element)
    for refused in (expect(ttl, CacheSet.Error), expect(by_increment, CacheIncrement.Error)):
        assert refused.error_code is MomentoErrorCode.INVALID_ARGUMENT_ERROR
        assert "the TTL is over the limit of 60 seconds" in str(refused)
        assert "ttl_milliseconds" in str(refused)
    expect(client.set(CACHE, "key", "v" * 997, timedelta(seconds=60)), CacheSet.Success)
    expect(client.list_push_back(CACHE, "list", "e" * 100), CacheListPushBack.Success)


def test_a_batch_with_a_ttl_over_the_limit_writes_nothing(team: Team) -> None:
    team.limit(ttl_seconds=60)
    items = [{"key": key, "value": "v", "ttl_seconds": ttl} for key, ttl in (("a", 60), ("b", 61))]

    refused = team.web.post(f"/cache/{CACHE}/put", json={"items": items})

    assert (refused.status_code, "limit of 60 seconds" in refused.json()["message"]) == (400, True)
    assert team.web.get(f"/cache/{CACHE}?key=a").status_code == 404


def test_refused_requests_are_counted_by_the_limit_that_refused_them(
    team: Team, server: Server
) -> None:
    def count(name: str) -> int:
        text = team.operator.get("/metrics").text
        line = f'attimo_limited_requests_total{{limit="{name}"}} '
        return int(text.split(line)[1].split("\n")[0])

    before = count("key_operations_per_second")
    team.limit(key_operations_per_second=5)
    first_refusal(team.client)

    assert count("key_operations_per_second") == before + 1


def test_an_account_over_its_stored_bytes_loses_its_own_items_and_nobody_else_does(
    team: Team, server: Server, cache: str
) -> None:
    value, keys = "v" * 10_000, [f"key-{number}" for number in range(300)]
    team.limit(stored_bytes=1_000_000)
    with CacheClient(roomy(), with_token(server.http_address, server.api_key), MINUTE) as other:
        for key in keys[:100]:
            expect(other.set(cache, key, value), CacheSet.Success)
        for key in keys:
            expect(team.client.set(CACHE, key, value), CacheSet.Success)
            expect(team.client.get(CACHE, key), CacheGet.Hit)
        theirs = [other.get(cache, key) for key in keys[:100]]
    own = [team.client.get(CACHE, key) for key in keys]
    stats = team.web.get(f"/caches/{CACHE}/stats").json()

    assert {type(answer) for answer in theirs} == {CacheGet.Hit}
    assert 80 <= sum(isinstance(answer, CacheGet.Hit) for answer in own) < 100
    assert stats["stored_bytes"] <= 1_000_000
    assert stats["counts"]["evicted"] > 200
