"""What is resident stays within 1.05 times the budget and what a server takes without any data.

A server meets all loads in turn: what one leaves behind is in the way of the next. One has a
container of 1.3 times its budget; the other's budget is too small for that, since it takes more
than 0.3 times of it without data.
"""

import random
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import httpx
import pytest

from attacks.watching import MB, resident, watched
from faults.containers import loads
from faults.containers.groups import Group, NoGroupsError, group
from faults.containers.loads import KB, Writer
from faults.watching import client, eventually
from harness import Server

MOST = 1.05
RETURNED = 0.8
"""Of what a flush frees, how much is back with the system within the limit of `eventually`."""
SMALLEST, LARGEST = 20, 100 * KB


@dataclass(frozen=True)
class Contained:
    """A server, its container if it has one, its budget and what it took before it had data."""

    server: Server
    group: Group | None
    budget: int
    base: int


@pytest.fixture(
    scope="module", params=[(60, False), (400, True)], ids=["60 MB", "400 MB in a container"]
)
def contained(request: pytest.FixtureRequest) -> Iterator[Contained]:
    megabytes, has_container = request.param
    budget = megabytes * 1_000 * KB
    with ExitStack() as stack:
        made = stack.enter_context(_container(budget * 13 // 10)) if has_container else None
        prefix = made.prefix if made else ()
        server = stack.enter_context(Server("--memory", f"{megabytes}MB", prefix=prefix))
        with client(server) as http:  # the control app is loaded with the first such request
            http.get("/caches").raise_for_status()
        yield Contained(server, made, budget, resident(server))


@contextmanager
def _container(limit_bytes: int) -> Iterator[Group]:
    try:
        with group(limit_bytes) as made:
            yield made
    except NoGroupsError as error:
        pytest.fail(f"containers cannot be tested here: {error}")


def mixes(server: Server, budget: int) -> None:
    """Two clients with values of all sizes."""
    loads.together(*[lambda: _mix(server, budget)] * 2)


def small_then_large(server: Server, budget: int) -> None:
    """One size after the other, each until it takes half of the memory or more."""
    with Writer(server) as writer:
        writer.fill(budget // 10, SMALLEST)
        for size in (LARGEST, 300, 10 * KB, SMALLEST * 10, LARGEST):
            writer.fill(budget // 2, size)


def collections(server: Server, budget: int) -> None:
    """Collections that grow and shrink, beside values of all sizes."""
    loads.together(lambda: loads.collections(server, budget // 4), lambda: _mix(server, budget))


def _mix(server: Server, budget: int) -> None:
    chance = random.Random(5)  # noqa: S311
    total = 0
    with Writer(server) as writer:
        while total < budget:
            sizes = [int(SMALLEST * (LARGEST / SMALLEST) ** chance.random()) for _ in range(1_000)]
            writer.write(sizes)
            total += sum(sizes)


@pytest.mark.parametrize(
    "load", [mixes, small_then_large, collections], ids=lambda load: load.__name__
)
def test_what_is_resident_stays_within_base_and_budget(
    contained: Contained, load: Callable[[Server, int], None]
) -> None:
    before = resident(contained.server)
    with watched(contained.server) as cost:
        load(contained.server, contained.budget)

    peak, most = before + cost.peak_growth, MOST * (contained.base + contained.budget)
    assert peak <= most, f"{peak / MB:.0f} MiB of {most / MB:.0f}, base {contained.base / MB:.0f}"
    assert contained.group is None or contained.group.kills == 0


def test_most_of_what_a_flush_frees_is_back_with_the_system_soon(contained: Contained) -> None:
    mixes(contained.server, contained.budget)
    before, items = resident(contained.server), of_items(contained.server)
    assert items > contained.budget // 2

    with client(contained.server) as http:
        http.post(f"/caches/{loads.CACHE}/flush").raise_for_status()

    def returned() -> float:
        freed = items - of_items(contained.server)
        return (before - resident(contained.server)) / freed if freed > items * 0.99 else 0

    eventually(lambda: returned() >= RETURNED, f"{RETURNED:.0%} of {items / MB:.0f} MiB is back")


def of_items(server: Server) -> int:
    """The memory of items, as the server counts it."""
    text = httpx.get(f"{server.http}/metrics", headers={"Authorization": server.api_key}).text
    found = re.search(r'^attimo_memory_bytes\{part="items"\} (\S+)$', text, re.M)
    assert found, text[:500]
    return int(float(found.group(1)))
