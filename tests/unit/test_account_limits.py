"""What plans limit: for whom, from when, in which words."""

import pytest

from attimo.control import Control, usage
from attimo.control.plan_limits import KINDS
from fakes import NOON, Batch, Client, Clock, Listener, Used
from planning import assign, audited, limits


@pytest.mark.parametrize("many", [1, 3])
def test_an_account_cannot_create_more_caches_than_its_plan_allows(
    owner: Client, neighbour: Client, many: int
) -> None:
    assign(owner, 2, "free", caches=many)
    made = [neighbour.ask("PUT", f"/caches/c{each}").status_code for each in range(many)]

    refused = neighbour.ask("PUT", "/caches/more")
    by_grpc = neighbour.call("/control_client.ScsControl/CreateCache", b"\x0a\x01d")
    existing = neighbour.ask("PUT", "/caches/c0")

    assert set(made) == {201}
    assert (refused.status_code, refused.json()["code"]) == (429, "resource_exhausted")
    assert refused.json()["message"] == (
        f"Limit exceeded: the account's plan allows {many} caches (caches: {many})"
    )
    assert (by_grpc.headers["grpc-status"], existing.status_code) == ("8", 409)
    assert limits(neighbour)["caches"]["used"] == many
    assert audited(neighbour, "cache.create")[0]["subject"] == f"c{many - 1}"
    assert owner.ask("PUT", "/caches/of-the-owner").status_code == 201


def test_a_cache_that_has_expired_makes_room(
    owner: Client, neighbour: Client, clock: Clock
) -> None:
    assign(owner, 2, "free", caches=1)
    neighbour.ask("PUT", "/caches/short", {"expires_in": 60})
    full = neighbour.ask("PUT", "/caches/next").status_code

    clock.now += 60

    assert (full, neighbour.ask("PUT", "/caches/next").status_code) == (429, 201)


def test_an_account_cannot_create_more_keys_than_its_plan_allows(
    owner: Client, neighbour: Client
) -> None:
    assign(owner, 2, "free", keys=2)
    asked = {"description": "d", "role_id": "viewer"}
    made = [neighbour.ask("POST", "/api-keys", asked) for _ in range(2)]

    refused = neighbour.ask("POST", "/api-keys", asked)
    neighbour.ask("DELETE", f"/api-keys/{made[0].json()['key_info']['key_id']}")
    again = neighbour.ask("POST", "/api-keys", asked)

    assert refused.status_code == 429
    assert "allows 2 API keys (keys: 2)" in refused.json()["message"]
    assert (again.status_code, limits(neighbour)["keys"]["used"]) == (200, 2)


def test_who_has_more_than_a_new_plan_allows_keeps_it_and_cannot_add(
    owner: Client, neighbour: Client, node: Listener
) -> None:
    for name in "abc":
        neighbour.ask("PUT", f"/caches/{name}")

    assign(owner, 2, "free", caches=1)

    assert node.names(2) == {"a", "b", "c"}
    assert neighbour.ask("PUT", "/caches/d").status_code == 429
    assert neighbour.ask("POST", "/caches/a/extend", {"expires_in": 60}).status_code == 200
    assert (limits(neighbour)["caches"]["value"], limits(neighbour)["caches"]["used"]) == (1, 3)


def test_an_account_sees_its_own_limits_and_how_much_is_used(
    owner: Client, neighbour: Client, control: Control
) -> None:
    neighbour.ask("PUT", "/caches/shop")
    assign(owner, 2, "free", caches=9, stored_bytes=None, transfer_used_up="block")
    record(control, Used(1, "key", "Set", bytes_in=700, bytes_out=300))

    found = limits(neighbour)

    assert list(found) == [*KINDS, "transfer_used_up"]
    assert found["transfer_bytes_per_month"] == {
        "name": "transfer_bytes_per_month",
        "value": 50 * 2**30,
        "used": 1_000,
        "unit": "bytes per month",
        "purpose": "Bytes received and sent in a calendar month (UTC).",
        "is_override": False,
    }
    assert (found["caches"]["value"], found["caches"]["used"]) == (9, 1)
    assert found["caches"]["is_override"]
    assert found["stored_bytes"]["is_override"]
    assert "value" not in found["stored_bytes"]
    assert found["transfer_used_up"]["word"] == "block"
    as_operator = owner.ask("GET", "/accounts/2/limits").json()
    assert as_operator == neighbour.ask("GET", "/limits").json()["account"]


def record(control: Control, *used: Used) -> None:
    with control.begin() as tx:
        usage.record(tx, Batch("node", 1, list(used)))


def test_control_requests_are_limited_by_the_second(
    owner: Client, neighbour: Client, clock: Clock
) -> None:
    assign(owner, 2, "free", control_calls_per_second=5)

    answers = [neighbour.ask("GET", "/caches") for _ in range(7)]
    by_grpc = neighbour.call("/control_client.ScsControl/ListCaches", b"")
    others = owner.ask("GET", "/caches")
    clock.now += 1
    later = neighbour.ask("GET", "/caches")

    assert [each.status_code for each in answers] == [200] * 5 + [429] * 2
    refused = answers[5]
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["err"] == "operations_rate_limit_exceeded"
    assert refused.json()["message"] == (
        "Limit exceeded: the account's plan allows 5 control operations per second "
        "(control_calls_per_second: 5); try again in 1 s"
    )
    assert (by_grpc.headers["grpc-status"], by_grpc.headers["err"]) == (
        "8",
        "operations_rate_limit_exceeded",
    )
    assert (others.status_code, later.status_code) == (200, 200)


def test_a_clock_that_jumps_back_locks_nobody_out(
    owner: Client, neighbour: Client, clock: Clock
) -> None:
    assign(owner, 2, "free", control_calls_per_second=1)
    neighbour.ask("GET", "/caches")
    full = neighbour.ask("GET", "/caches").status_code

    clock.now = NOON - 30 * 86_400

    assert (full, neighbour.ask("GET", "/caches").status_code) == (429, 200)


def test_a_raised_limit_of_control_requests_counts_at_once(
    owner: Client, neighbour: Client
) -> None:
    assign(owner, 2, "free", control_calls_per_second=1)
    neighbour.ask("GET", "/caches")
    full = neighbour.ask("GET", "/caches").status_code

    assign(owner, 2, "unlimited")

    assert (full, neighbour.ask("GET", "/caches").status_code) == (429, 200)


def test_the_limits_of_a_cache_are_the_lowest_of_the_plan_and_the_server(
    owner: Client, neighbour: Client
) -> None:
    neighbour.ask("PUT", "/caches/shop")
    assign(
        owner,
        2,
        "free",
        operations_per_second=500,
        cache_operations_per_second=100,
        bytes_out_per_second=1024 * 30,
        cache_bytes_in_per_second=1024 * 40,
        item_bytes=100,
        ttl_seconds=86_400,
    )

    (cache,) = neighbour.ask("GET", "/caches").json()["caches"]

    assert cache["limits"] == {
        "max_traffic_rate": 100,
        "max_throughput_kbps": 30,
        "max_item_size_kb": 1,
        "max_ttl_seconds": 86_400,
    }
