"""Several items in one request: one answer each, in the order of the request."""

import dataclasses
import time

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb

from conformance.wire import MINUTE, Wire, refusal


def get_batch(scs: Wire, keys: list[bytes]) -> list[bytes | None]:
    """The values of keys, None for a miss."""
    request = pb._GetBatchRequest(items=[pb._GetRequest(cache_key=key) for key in keys])
    replies = scs.stream("GetBatch", request, pb._GetResponse)
    assert {reply.result for reply in replies} <= {pb.Hit, pb.Miss}
    return [reply.cache_body if reply.result == pb.Hit else None for reply in replies]


def set_batch(scs: Wire, items: list[tuple[bytes, bytes, int]]) -> int:
    """Write items, each with its own time to live, and count the answers."""
    request = pb._SetBatchRequest(
        items=[
            pb._SetRequest(cache_key=key, cache_body=value, ttl_milliseconds=ttl)
            for key, value, ttl in items
        ]
    )
    replies = scs.stream("SetBatch", request, pb._SetResponse)
    assert {reply.result for reply in replies} <= {pb.Ok}
    return len(replies)


def test_each_item_is_answered_in_order(scs: Wire) -> None:
    items = [(f"k{i}".encode(), f"v{i}".encode(), MINUTE) for i in range(500)]
    keys = [key for key, _, _ in items]

    assert set_batch(scs, items) == 500
    assert get_batch(scs, keys[::-1]) == [value for _, value, _ in items][::-1]


def test_misses_stand_where_their_keys_stand(scs: Wire) -> None:
    scs.set(b"a", b"1")
    scs.set(b"c", b"")

    assert get_batch(scs, [b"a", b"b", b"c", b"a", b"d"]) == [b"1", None, b"", b"1", None]


def test_the_last_of_equal_keys_stays(scs: Wire) -> None:
    set_batch(scs, [(b"k", b"first", MINUTE), (b"k", b"second", MINUTE)])

    assert scs.get(b"k") == b"second"


def test_nothing_asked_is_nothing_answered(scs: Wire) -> None:
    assert get_batch(scs, []) == []
    assert set_batch(scs, []) == 0


def test_each_item_has_its_own_time(scs: Wire) -> None:
    set_batch(scs, [(b"short", b"1", 500), (b"long", b"2", MINUTE)])
    written = time.monotonic()

    time.sleep(max(0.0, written + 0.5 - time.monotonic()))

    assert get_batch(scs, [b"short", b"long"]) == [None, b"2"]


def test_large_values_stream_back(scs: Wire) -> None:
    """Together more than one message may hold; each alone is not."""
    value = bytes(range(256)) * 4096
    for i in range(8):
        scs.set(f"k{i}".encode(), value)

    assert get_batch(scs, [f"k{i}".encode() for i in range(8)]) == [value] * 8


@pytest.mark.parametrize("method", ["GetBatch", "SetBatch"])
def test_a_missing_cache_is_said_before_any_answer(owner: Wire, method: str) -> None:
    request = pb._GetBatchRequest(items=[pb._GetRequest(cache_key=b"k")] * 3)

    wire = dataclasses.replace(owner, cache="no-such-cache")
    refused = refusal(lambda: wire.stream(method, request, pb._GetResponse))

    assert refused.code is grpc.StatusCode.NOT_FOUND
