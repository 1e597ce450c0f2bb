"""`--memory N` is kept to by what is resident, without a container, too."""

from collections.abc import Callable

import pytest
from momento_wire_types import cacheclient_pb2 as pb

from attacks.watching import MB, resident, watched
from conformance.wire import Wire, plaintext
from faults.containers import loads
from faults.containers.loads import KB, Writer
from harness import Server

MOST = 1.15


def small_then_large(server: Server, budget: int) -> None:
    """What a small value leaves behind is of no use to a large one."""
    with Writer(server) as writer:
        for size in (300, 100 * KB, 2 * KB, 500 * KB):
            writer.fill(2 * budget, size)


def mixes(server: Server, budget: int) -> None:
    """Two clients with values of all sizes."""
    loads.together(*[lambda: _mix(server, budget)] * 2)


def _mix(server: Server, budget: int) -> None:
    with Writer(server) as writer:
        writer.write(loads.mixed(2 * budget))


def collections(server: Server, budget: int) -> None:
    """Collections that grow, shrink and are read."""
    loads.collections(server, budget)


@pytest.mark.parametrize("megabytes", [100, 200])
@pytest.mark.parametrize("load", [small_then_large, mixes, collections], ids=lambda it: it.__name__)
def test_what_is_resident_stays_within_the_budget(
    load: Callable[[Server, int], None], megabytes: int
) -> None:
    budget = megabytes * 1_000 * KB
    with Server("--memory", f"{megabytes}MB") as server:
        with watched(server) as cost:
            load(server, budget)
        assert cost.peak_growth <= MOST * budget, f"{cost.peak_growth / MB:.0f} MiB"


def test_an_item_of_a_batch_keeps_no_more_than_itself() -> None:
    """A batch arrives in one piece; each of its items must be able to leave alone."""
    with Server("--memory", "100MB") as server, plaintext(server.http_address) as channel:
        wire = Wire(channel, token=server.api_key, cache=loads.CACHE)
        before = resident(server)
        for batch in range(20):
            names = [b"kept-%d" % batch, *[b"replaced-%d" % each for each in range(40)]]
            set_batch(wire, [(name, loads.NOISE[: 100 * KB]) for name in names])
        # 20 that are kept and 40 that were replaced again and again: 6 MB, not 20 messages of 4 MB.
        assert resident(server) - before <= 60 * MB


def set_batch(wire: Wire, items: list[tuple[bytes, bytes]]) -> None:
    """Set items by one request."""
    sets = [pb._SetRequest(cache_key=k, cache_body=v, ttl_milliseconds=60_000) for k, v in items]
    answers = wire.stream("SetBatch", pb._SetBatchRequest(items=sets), pb._SetResponse)
    assert [answer.result for answer in answers] == [pb.Ok] * len(items)
