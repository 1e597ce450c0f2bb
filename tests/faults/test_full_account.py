"""An account that writes three times what it may store loses its own items, and nobody else any.

The server takes no more memory for data than it was told to.
"""

import pytest
from momento_wire_types import cacheclient_pb2 as pb

from attacks.watching import resident, watched
from conformance.teams import CACHE, new_team
from conformance.wire import Wire, plaintext
from faults.containers.loads import KB, Writer
from harness import Server

MB = 1_000 * KB
MEMORY = 150 * MB
MOST = 1.15
QUOTA = 60 * MB
NEIGHBOURS = range(20_000)
NEIGHBOURS_VALUE = 500
BATCH = 1_000


def found(server: Server) -> int:
    """How many of the neighbour's items are there, whole."""
    count = 0
    with plaintext(server.http_address) as channel:
        wire = Wire(channel, server.api_key, CACHE)
        for first in range(0, len(NEIGHBOURS), BATCH):
            keys = [b"%d" % key for key in NEIGHBOURS[first : first + BATCH]]
            batch = pb._GetBatchRequest(items=[pb._GetRequest(cache_key=key) for key in keys])
            answers = wire.stream("GetBatch", batch, pb._GetResponse)
            count += sum(answer.result == pb.Hit for answer in answers)
            assert {len(answer.cache_body) for answer in answers} == {NEIGHBOURS_VALUE}
    return count


@pytest.mark.parametrize("size", [300, 100 * KB])
def test_an_account_over_its_stored_bytes_leaves_others_and_the_memory_alone(size: int) -> None:
    with Server("--memory", str(MEMORY)) as server, new_team(server) as team:
        without_data = resident(server)
        team.limit(stored_bytes=QUOTA)
        with Writer(server) as neighbour:
            neighbour.write([NEIGHBOURS_VALUE] * len(NEIGHBOURS), iter(NEIGHBOURS))

        with_neighbour = resident(server)
        with watched(server) as cost, Writer(server, api_key=team.key) as writer:
            writer.fill(3 * QUOTA, size)

        stats = team.web.get(f"/caches/{CACHE}/stats").json()
        assert found(server) == len(NEIGHBOURS)
        assert QUOTA * 0.9 < stats["stored_bytes"] <= QUOTA
        assert stats["counts"]["evicted"] > 0
        assert with_neighbour + cost.peak_growth - without_data <= MEMORY * MOST
