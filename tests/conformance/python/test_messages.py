"""Limits and corners of single requests, by raw message."""

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb

from conformance.wire import (
    LARGEST_MESSAGE,
    MINUTE,
    PING,
    SCS,
    Wire,
    refusal,
)

HIGHEST = 2**63 - 1


# Ping's messages are empty, and not in Momento's Python package; this one is empty too.
Empty = pb._DeleteResponse


def request_of(size: int) -> pb._SetRequest:
    """A Set that is exactly so many bytes on the wire."""
    request = pb._SetRequest(cache_key=b"key", cache_body=bytes(size), ttl_milliseconds=MINUTE)
    over = request.ByteSize() - size
    request.cache_body = bytes(size - over)
    assert request.ByteSize() == size
    return request


def increment(scs: Wire, amount: int) -> int:
    """Add to the one counter."""
    request = pb._IncrementRequest(cache_key=b"key", amount=amount, ttl_milliseconds=MINUTE)
    return scs.scs("Increment", request, pb._IncrementResponse).value


def test_the_largest_message_is_served(scs: Wire) -> None:
    """It has more room than an item has; a batch can fill it."""
    items = [pb._SetRequest(cache_key=key, ttl_milliseconds=MINUTE) for key in (b"a", b"b")]
    for item in items:
        item.cache_body = bytes(LARGEST_MESSAGE // 2 - 17)
    request = pb._SetBatchRequest(items=items)
    assert request.ByteSize() == LARGEST_MESSAGE

    replies = scs.stream("SetBatch", request, pb._SetResponse)

    assert [reply.result for reply in replies] == [pb.Ok, pb.Ok]
    assert scs.get(b"b") == items[1].cache_body


@pytest.mark.parametrize("size", [LARGEST_MESSAGE + 1, 5_300_000, 12_000_000])
def test_a_larger_message_is_refused(scs: Wire, size: int) -> None:
    scs.set(b"key", b"before")

    refused = refusal(lambda: scs.scs("Set", request_of(size), pb._SetResponse))

    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert refused.err == "request_size_limit_exceeded"
    assert "request limit" in refused.message.lower()
    assert scs.get(b"key") == b"before"


@pytest.mark.parametrize(("value", "amount"), [(HIGHEST, 1), (-HIGHEST - 1, -1), (1, HIGHEST)])
def test_a_counter_does_not_run_over(scs: Wire, value: int, amount: int) -> None:
    scs.set(b"key", str(value).encode())

    refused = refusal(lambda: increment(scs, amount))

    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert scs.get(b"key") == str(value).encode()


def test_a_counter_reaches_both_ends(scs: Wire) -> None:
    assert increment(scs, HIGHEST) == HIGHEST
    assert increment(scs, -HIGHEST) == 0
    assert increment(scs, -HIGHEST - 1) == -HIGHEST - 1


def test_a_ping_is_answered_without_a_token(channel: grpc.Channel) -> None:
    assert Wire(channel).unary(PING, "Ping", Empty(), Empty) == Empty()


@pytest.mark.parametrize("token", ["", "not a token"])
def test_a_ping_is_answered_whatever_the_token(channel: grpc.Channel, token: str) -> None:
    assert Wire(channel, token=token).unary(PING, "Ping", Empty(), Empty) == Empty()


def test_metadata_that_nobody_knows_is_ignored(scs: Wire) -> None:
    more = (("read-concern", "consistent"), ("agent", "python:cache:0"), ("x-what", "ever"))
    curious = Wire(scs.channel, scs.token, scs.cache, more)

    curious.set(b"key", b"value")

    assert curious.get(b"key") == b"value"


@pytest.mark.parametrize("method", ["NoSuchMethod", "get", ""])
def test_what_is_not_there_is_said_to_be_not_there(scs: Wire, method: str) -> None:
    refused = refusal(lambda: scs.unary(SCS, method, Empty(), Empty))

    assert refused.code is grpc.StatusCode.UNIMPLEMENTED
