"""How requests to a cache ended: their latency by method, and errors by kind, in steps."""

import time
from typing import Any

import httpx
import pytest

from conformance.http.items import MINUTE, Items, Maker, refused, rule
from faults.watching import eventually


def history(items: Items, **query: int) -> dict[str, Any]:
    path = f"/caches/{items.cache}/history"
    answer = items.web.get(path, headers=items.headers, params=query)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def ended(items: Items) -> dict[str, tuple[int, dict[str, int]]]:
    """Successes and errors, by method."""
    methods = history(items)["methods"]
    return {name: (each["succeeded"], each["errors"]) for name, each in methods.items()}


def test_successes_and_errors_are_told_apart_by_method_and_kind(items: Items) -> None:
    items.put("k", b"value")
    items.value("k")
    items.value("missing")
    items.ask("POST", "increment", key="k", **MINUTE)

    expected = {
        "Get": (2, {}),
        "Increment": (0, {"failed_precondition": 1}),
        "Set": (1, {}),
    }
    eventually(lambda: ended(items) == expected, "all are in the history")


def test_percentiles_are_those_of_requests_that_took_so_long(items: Items) -> None:
    before = time.monotonic()
    for _ in range(50):
        items.put("k", b"value")
    most = (time.monotonic() - before) * 1e6
    eventually(lambda: ended(items) == {"Set": (50, {})}, "all are in the history")

    latency = history(items)["methods"]["Set"]["latency"]
    assert 0 < latency["p50"] <= latency["p99"] <= latency["p999"] < most * 17 / 16
    stats = items.web.get(f"/caches/{items.cache}/stats", headers=items.headers).json()
    assert set(stats["latency"]) == {"p50", "p99", "p999"}


def test_steps_have_the_requests_of_their_time(items: Items) -> None:
    items.value("k")
    eventually(lambda: ended(items) == {"Get": (1, {})}, "all are in the history")

    told = history(items, step=60)
    used = [step for step in told["steps"] if step["methods"]]
    assert [step["methods"]["Get"]["succeeded"] for step in used] == [1]
    assert [step["at"] for step in told["steps"]] == list(range(told["since"], told["until"], 60))


def test_without_requests_there_is_no_latency(items: Items) -> None:
    told = history(items)
    assert told["methods"] == {}
    assert not [step for step in told["steps"] if step["methods"]]
    stats = items.web.get(f"/caches/{items.cache}/stats", headers=items.headers).json()
    assert "latency" not in stats


@pytest.mark.parametrize(
    ("query", "named"),
    [({"step": 61}, "step"), ({"since": 2**40}, "since"), ({"since": 0, "step": 60}, "since")],
)
def test_impossible_windows_are_refused(items: Items, query: dict[str, int], named: str) -> None:
    path = f"/caches/{items.cache}/history"
    answer = items.web.get(path, headers=items.headers, params=query)
    assert refused(answer)[0] == 400
    assert answer.json()["message"].startswith(named)


def test_who_may_read_all_items_is_told_and_nobody_else(
    web: httpx.Client, items: Items, maker: Maker
) -> None:
    path = f"/caches/{items.cache}/history"
    for allowed, status in (
        (rule("read", cache=items.cache), 200),
        (rule("read", cache=items.cache, items={"key_prefix": "user:"}), 403),
        (rule("write", cache=items.cache), 403),
        (rule("read", cache="another"), 403),
    ):
        headers = {"authorization": maker.role_key(allowed)}
        assert web.get(path, headers=headers).status_code == status, allowed

    assert web.get(path).status_code == 401
    missing = web.get("/caches/nowhere/history", headers=items.headers)
    assert refused(missing) == (404, "not_found")
