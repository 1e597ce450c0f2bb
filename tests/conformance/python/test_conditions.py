"""Conditional writes, by Momento's own messages: the Python client has no method for them."""

from dataclasses import dataclass

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.wire import MINUTE, Wire, refusal

OLD, NEW, OTHER = b"old", b"new", b"other"


@dataclass(frozen=True)
class Row:
    """One row of the truth table: is the new value stored when the key is …?"""

    request: pb._SetIfRequest
    absent: bool
    equal: bool
    different: bool

    def __str__(self) -> str:
        return str(self.request.WhichOneof("condition"))


def request(
    present: common.Present | None = None,
    absent: common.Absent | None = None,
    equal: common.Equal | None = None,
    not_equal: common.NotEqual | None = None,
    present_and_not_equal: common.PresentAndNotEqual | None = None,
    absent_or_equal: common.AbsentOrEqual | None = None,
) -> pb._SetIfRequest:
    """Write NEW under one condition."""
    return pb._SetIfRequest(
        cache_key=b"key",
        cache_body=NEW,
        ttl_milliseconds=MINUTE,
        present=present,
        absent=absent,
        equal=equal,
        not_equal=not_equal,
        present_and_not_equal=present_and_not_equal,
        absent_or_equal=absent_or_equal,
    )


TABLE = [
    Row(request(present=common.Present()), absent=False, equal=True, different=True),
    Row(request(absent=common.Absent()), absent=True, equal=False, different=False),
    Row(
        request(equal=common.Equal(value_to_check=OLD)),
        absent=False,
        equal=True,
        different=False,
    ),
    Row(
        request(not_equal=common.NotEqual(value_to_check=OLD)),
        absent=True,
        equal=False,
        different=True,
    ),
    Row(
        request(present_and_not_equal=common.PresentAndNotEqual(value_to_check=OLD)),
        absent=False,
        equal=False,
        different=True,
    ),
    Row(
        request(absent_or_equal=common.AbsentOrEqual(value_to_check=OLD)),
        absent=True,
        equal=True,
        different=False,
    ),
]


def stores(scs: Wire, asked: pb._SetIfRequest) -> bool:
    """Whether the server says that it stored the value."""
    result = str(scs.scs("SetIf", asked, pb._SetIfResponse).WhichOneof("result"))
    assert result in ("stored", "not_stored")
    return result == "stored"


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_an_absent_key(scs: Wire, row: Row) -> None:
    assert stores(scs, row.request) is row.absent
    assert scs.get(b"key") == (NEW if row.absent else None)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_an_equal_value(scs: Wire, row: Row) -> None:
    scs.set(b"key", OLD)

    assert stores(scs, row.request) is row.equal
    assert scs.get(b"key") == (NEW if row.equal else OLD)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_a_different_value(scs: Wire, row: Row) -> None:
    scs.set(b"key", OTHER)

    assert stores(scs, row.request) is row.different
    assert scs.get(b"key") == (NEW if row.different else OTHER)


@pytest.mark.parametrize("present", [b"", b"not empty"])
def test_an_empty_value_is_a_value(scs: Wire, present: bytes) -> None:
    scs.set(b"key", present)

    asked = request(equal=common.Equal(value_to_check=b""))

    assert stores(scs, asked) is (present == b"")


def test_the_time_of_a_refused_value_does_not_count(scs: Wire) -> None:
    scs.set(b"key", OLD, ttl_milliseconds=10 * MINUTE)

    assert not stores(scs, request(absent=common.Absent()))

    found = scs.scs("ItemGetTtl", pb._ItemGetTtlRequest(cache_key=b"key"), pb._ItemGetTtlResponse)
    assert found.found.remaining_ttl_millis > 9 * MINUTE


def test_the_time_of_a_stored_value_counts(scs: Wire) -> None:
    scs.set(b"key", OLD, ttl_milliseconds=10 * MINUTE)

    assert stores(scs, request(present=common.Present()))

    found = scs.scs("ItemGetTtl", pb._ItemGetTtlRequest(cache_key=b"key"), pb._ItemGetTtlResponse)
    assert found.found.remaining_ttl_millis < MINUTE


def test_without_a_condition_the_request_is_refused(scs: Wire) -> None:
    refused = refusal(lambda: stores(scs, request()))

    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert scs.get(b"key") is None


def test_set_if_not_exists_is_the_same_as_absent(scs: Wire) -> None:
    asked = pb._SetIfNotExistsRequest(cache_key=b"key", cache_body=NEW, ttl_milliseconds=MINUTE)

    first = scs.scs("SetIfNotExists", asked, pb._SetIfNotExistsResponse)
    second = scs.scs("SetIfNotExists", asked, pb._SetIfNotExistsResponse)

    assert first.WhichOneof("result") == "stored"
    assert second.WhichOneof("result") == "not_stored"
