"""How near accounts are to the limits of their plans, as metrics tell it."""

from typing import Any

import pytest

from attimo.control import Control, limit_use, usage
from attimo.control.limit_use import LimitUse
from attimo.serve.limit_watch import EVERY_SECONDS, LimitWatch
from fakes import Batch, Client, Clock, Listener, Used
from planning import assign

MINUTE = 60
NOBODY = LimitUse(0, 0, 0.0)


@pytest.fixture
def caches(owner: Client, neighbour: Client, node: Listener) -> dict[str, int]:
    """Two caches of account 2, and one of account 1, by name."""
    owner.ask("PUT", "/caches/own")
    for name in ("shop", "desk"):
        neighbour.ask("PUT", f"/caches/{name}")
    return {each.name: each.id for each in node.caches.values()}


def measured(control: Control, stored: dict[int, int] | None = None) -> dict[str, LimitUse]:
    """What is told of limits that somebody uses."""
    with control.read() as tx:
        found = limit_use.measure(tx, lambda id: (stored or {}).get(id, 0))
    assert found.keys() == set(limit_use.NAMES)
    return {name: each for name, each in found.items() if each != NOBODY}


def use(control: Control, number: int, *used: Used) -> None:
    with control.begin() as tx:
        usage.record(tx, Batch("node", number, list(used)))


def limit(owner: Client, **limits: Any) -> None:
    assign(owner, 2, "unlimited", **limits)


def test_what_has_no_limit_is_near_none(
    owner: Client, control: Control, caches: dict[str, int]
) -> None:
    limit(owner)
    use(control, 1, Used(caches["shop"], "key", "Set", bytes_in=10**12))

    assert measured(control, dict.fromkeys(caches.values(), 10**12)) == {}


def test_the_transfer_of_the_month_is_near_from_80_percent_on(
    owner: Client, control: Control, caches: dict[str, int]
) -> None:
    limit(owner, transfer_bytes_per_month=1_000)
    found = []
    for number, more in enumerate((799, 1, 200, 500), start=1):
        use(control, number, Used(caches["shop"], "key", "Set", bytes_in=more))
        found.append(measured(control)["transfer_bytes_per_month"])

    assert found == [
        LimitUse(0, 0, 0.799),
        LimitUse(1, 0, 0.8),
        LimitUse(1, 1, 1.0),
        LimitUse(1, 1, 1.5),
    ]


def test_caches_keys_and_stored_bytes_are_those_that_there_are_now(
    owner: Client, neighbour: Client, control: Control, caches: dict[str, int]
) -> None:
    limit(owner, caches=3, keys=1, stored_bytes=1_000)
    owner.ask("PUT", "/caches/more")
    made = neighbour.ask("POST", "/api-keys", {"description": "d", "role_id": "viewer"})

    found = measured(control, {caches["shop"]: 500, caches["desk"]: 300, caches["own"]: 900})

    assert made.status_code == 200, made.text
    assert found["caches"] == LimitUse(0, 0, 2 / 3)
    assert found["keys"] == LimitUse(1, 1, 1.0)
    assert found["stored_bytes"] == LimitUse(1, 0, 0.8)


def test_a_rate_is_the_mean_of_the_last_whole_minute_of_the_busiest_cache_and_key(
    owner: Client, control: Control, caches: dict[str, int], clock: Clock
) -> None:
    rates = ("operations_per_second", "bytes_in_per_second")
    scopes = ("", "cache_", "key_")
    limit(owner, **{scope + rate: 10 for scope in scopes for rate in rates})
    clock.now -= clock.now % MINUTE
    use(
        control,
        1,
        Used(caches["shop"], "a", "Set", operations=300, requests=300, bytes_in=480),
        Used(caches["shop"], "b", "Set", operations=120, requests=120),
        Used(caches["desk"], "a", "Set", operations=60, requests=60),
        Used(caches["desk"], "local", "Set", operations=480, requests=480),
        Used(caches["own"], "c", "Set", operations=10**6, requests=10**6),
    )

    during = measured(control)
    clock.now += MINUTE
    after = measured(control)
    clock.now += MINUTE

    assert during == measured(control) == {}
    assert after == {
        "operations_per_second": LimitUse(1, 1, 1.6),
        "cache_operations_per_second": LimitUse(1, 0, 0.9),
        "key_operations_per_second": LimitUse(0, 0, 0.6),
        **{f"{scope}bytes_in_per_second": LimitUse(1, 0, 0.8) for scope in scopes},
    }


def test_it_is_told_once_a_minute(control: Control) -> None:
    told: list[int] = []
    seconds = Clock()
    watch = LimitWatch(control, lambda _: 0, lambda used: told.append(len(used)), seconds)

    for _ in range(3):
        watch.look()
        watch.look()
        seconds.now += int(EVERY_SECONDS)

    assert told == [len(limit_use.NAMES)] * 3
