"""Time to live, and what can be asked of an item without reading it."""

import time

import pytest
from momento_wire_types import cacheclient_pb2 as pb

from conformance.wire import MINUTE, SCS, Wire

HOUR = 60 * MINUTE
SCALAR = 0


def remaining(scs: Wire, key: bytes = b"key") -> int | None:
    """The milliseconds that an item has left, or None for a miss."""
    reply = scs.scs("ItemGetTtl", pb._ItemGetTtlRequest(cache_key=key), pb._ItemGetTtlResponse)
    if reply.WhichOneof("result") == "missing":
        return None
    assert reply.WhichOneof("result") == "found"
    return reply.found.remaining_ttl_millis


def update(scs: Wire, request: pb._UpdateTtlRequest) -> str:
    """Change an item's time, and learn what was done."""
    result = scs.scs("UpdateTtl", request, pb._UpdateTtlResponse).WhichOneof("result")
    return str(result)


def exist(scs: Wire, *keys: bytes) -> list[bool]:
    """Which of the keys exist."""
    request = pb._KeysExistRequest(cache_keys=keys)
    return list(scs.scs("KeysExist", request, pb._KeysExistResponse).exists)


def test_the_time_left_is_strictly_less_than_the_time_given(scs: Wire) -> None:
    for _ in range(200):
        scs.set(b"key", b"value", ttl_milliseconds=MINUTE)
        left = remaining(scs)
        assert left is not None
        assert MINUTE - 5_000 < left < MINUTE


def test_nothing_has_no_time_and_no_type(scs: Wire) -> None:
    request = pb._ItemGetTypeRequest(cache_key=b"key")

    reply = scs.scs("ItemGetType", request, pb._ItemGetTypeResponse)

    assert reply.WhichOneof("result") == "missing"
    assert remaining(scs) is None


def test_a_value_is_a_scalar(scs: Wire) -> None:
    scs.set(b"key", b"value")
    request = pb._ItemGetTypeRequest(cache_key=b"key")

    reply = scs.scs("ItemGetType", request, pb._ItemGetTypeResponse)

    assert reply.WhichOneof("result") == "found"
    assert reply.found.item_type == SCALAR


def test_keys_exist_where_they_stand(scs: Wire) -> None:
    scs.set(b"a", b"")
    scs.set(b"", b"the empty key")

    assert exist(scs, b"a", b"b", b"a", b"") == [True, False, True, True]
    assert exist(scs) == []


@pytest.mark.parametrize(
    ("to", "result"), [(2 * HOUR, "set"), (HOUR // 2, "not_set"), (1, "not_set")]
)
def test_increase_only_makes_longer(scs: Wire, to: int, result: str) -> None:
    scs.set(b"key", b"value", ttl_milliseconds=HOUR)

    request = pb._UpdateTtlRequest(cache_key=b"key", increase_to_milliseconds=to)

    assert update(scs, request) == result
    assert_close(remaining(scs), to if result == "set" else HOUR)


@pytest.mark.parametrize(("to", "result"), [(HOUR // 2, "set"), (2 * HOUR, "not_set")])
def test_decrease_only_makes_shorter(scs: Wire, to: int, result: str) -> None:
    scs.set(b"key", b"value", ttl_milliseconds=HOUR)

    request = pb._UpdateTtlRequest(cache_key=b"key", decrease_to_milliseconds=to)

    assert update(scs, request) == result
    assert_close(remaining(scs), to if result == "set" else HOUR)


@pytest.mark.parametrize("to", [HOUR // 2, 2 * HOUR])
def test_overwrite_sets_any_time(scs: Wire, to: int) -> None:
    scs.set(b"key", b"value", ttl_milliseconds=HOUR)

    request = pb._UpdateTtlRequest(cache_key=b"key", overwrite_to_milliseconds=to)

    assert update(scs, request) == "set"
    assert_close(remaining(scs), to)
    assert scs.get(b"key") == b"value"


@pytest.mark.parametrize(
    "request_",
    [
        pb._UpdateTtlRequest(cache_key=b"key", increase_to_milliseconds=1),
        pb._UpdateTtlRequest(cache_key=b"key", decrease_to_milliseconds=1),
        pb._UpdateTtlRequest(cache_key=b"key", overwrite_to_milliseconds=1),
    ],
    ids=["increase", "decrease", "overwrite"],
)
def test_nothing_gets_no_time(scs: Wire, request_: pb._UpdateTtlRequest) -> None:
    assert update(scs, request_) == "missing"
    assert exist(scs, b"key") == [False]


def test_an_increment_replaces_the_time(scs: Wire) -> None:
    for ttl in (HOUR, MINUTE):
        request = pb._IncrementRequest(cache_key=b"key", amount=1, ttl_milliseconds=ttl)
        scs.scs("Increment", request, pb._IncrementResponse)
        assert_close(remaining(scs), ttl)


def test_an_expired_item_is_gone_for_every_question(scs: Wire) -> None:
    """Time is the promise here; half a second is waited out exactly."""
    scs.set(b"key", b"value", ttl_milliseconds=500)
    written = time.monotonic()

    time.sleep(max(0.0, written + 0.5 - time.monotonic()))

    assert exist(scs, b"key") == [False]
    assert remaining(scs) is None
    assert scs.get(b"key") is None
    longer = pb._UpdateTtlRequest(cache_key=b"key", overwrite_to_milliseconds=HOUR)
    assert update(scs, longer) == "missing"
    counted = scs.unary(
        SCS,
        "Increment",
        pb._IncrementRequest(cache_key=b"key", amount=7, ttl_milliseconds=HOUR),
        pb._IncrementResponse,
    )
    assert counted.value == 7


def test_an_item_outlives_its_first_time_when_that_was_raised(scs: Wire) -> None:
    scs.set(b"key", b"value", ttl_milliseconds=1_000)
    written = time.monotonic()
    raised = pb._UpdateTtlRequest(cache_key=b"key", increase_to_milliseconds=HOUR)
    assert update(scs, raised) == "set"

    time.sleep(max(0.0, written + 1 - time.monotonic()))

    assert scs.get(b"key") == b"value"


def test_the_longest_time_is_taken(scs: Wire) -> None:
    """No clock may overflow, whatever a client asks for."""
    scs.set(b"key", b"value", ttl_milliseconds=2**63 - 1)

    assert scs.get(b"key") == b"value"
    assert (remaining(scs) or 0) > 365 * 24 * HOUR


def assert_close(left: int | None, given: int) -> None:
    """At most five seconds of the time that was given are over."""
    assert left is not None
    assert given - 5_000 < left < given
