"""Values with their hash: read it, and write only if it is (not) what was read."""

from dataclasses import dataclass
from typing import Literal

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.wire import MINUTE, Wire, refusal

OLD, NEW, OTHER = b"old", b"new", b"other"
Condition = Literal[
    "present_and_hash_equal",
    "present_and_not_hash_equal",
    "absent_or_hash_equal",
    "absent_or_not_hash_equal",
]


@dataclass(frozen=True)
class Row:
    """One row of the truth table: is the new value stored when the key is …?"""

    condition: Condition
    absent: bool
    equal: bool
    different: bool

    def __str__(self) -> str:
        return self.condition


TABLE = [
    Row("present_and_hash_equal", absent=False, equal=True, different=False),
    Row("present_and_not_hash_equal", absent=False, equal=False, different=True),
    Row("absent_or_hash_equal", absent=True, equal=True, different=False),
    Row("absent_or_not_hash_equal", absent=True, equal=False, different=True),
]


def under(condition: Condition, known: bytes) -> pb._SetIfHashRequest:
    """Write NEW if the hash compares so with the one that is known."""
    asked = pb._SetIfHashRequest(cache_key=b"key", cache_body=NEW, ttl_milliseconds=MINUTE)
    getattr(asked, condition).hash_to_check = known
    return asked


def put(scs: Wire, key: bytes, value: bytes) -> bytes:
    """Write whatever was there, and learn the hash."""
    asked = pb._SetIfHashRequest(
        cache_key=key,
        cache_body=value,
        ttl_milliseconds=MINUTE,
        unconditional=common.Unconditional(),
    )
    reply = scs.scs("SetIfHash", asked, pb._SetIfHashResponse)
    assert reply.WhichOneof("result") == "stored"
    return reply.stored.new_hash


def read(scs: Wire, key: bytes = b"key") -> tuple[bytes, bytes] | None:
    """Value and hash, or None for a miss."""
    reply = scs.scs("GetWithHash", pb._GetWithHashRequest(cache_key=key), pb._GetWithHashResponse)
    if reply.WhichOneof("result") == "missing":
        return None
    assert reply.WhichOneof("result") == "found"
    return reply.found.value, reply.found.hash


def stored_hash(scs: Wire, asked: pb._SetIfHashRequest) -> bytes | None:
    """The new hash, or None when nothing was stored."""
    reply = scs.scs("SetIfHash", asked, pb._SetIfHashResponse)
    assert reply.WhichOneof("result") in ("stored", "not_stored")
    return reply.stored.new_hash if reply.WhichOneof("result") == "stored" else None


def test_an_absent_key_is_a_miss(scs: Wire) -> None:
    assert read(scs) is None


@pytest.mark.parametrize("value", [b"", b"\x00\xff", b"x" * 100_000], ids=len)
def test_the_hash_of_a_write_is_the_hash_of_the_read(scs: Wire, value: bytes) -> None:
    written = put(scs, b"key", value)

    assert written
    assert read(scs) == (value, written)


def test_a_value_has_one_hash_however_it_was_written(scs: Wire) -> None:
    written = put(scs, b"one", b"value")
    scs.set(b"two", b"value")

    assert read(scs, b"two") == (b"value", written)


def test_a_counter_has_the_hash_of_its_text(scs: Wire) -> None:
    asked = pb._IncrementRequest(cache_key=b"counter", amount=42, ttl_milliseconds=MINUTE)
    scs.scs("Increment", asked, pb._IncrementResponse)

    assert read(scs, b"counter") == (b"42", put(scs, b"text", b"42"))


def test_different_values_have_different_hashes(scs: Wire) -> None:
    values = [b"", b"\x00", b"\x00\x00", b"a", b"b", b"ab", b"ba", b"a" * 64, b"a" * 65]

    hashes = {put(scs, b"key", value) for value in values}

    assert len(hashes) == len(values)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_an_absent_key(scs: Wire, row: Row) -> None:
    known = put(scs, b"elsewhere", OLD)

    stored = stored_hash(scs, under(row.condition, known))

    assert (stored is not None) is row.absent
    assert read(scs) == ((NEW, stored) if row.absent else None)


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_an_equal_hash(scs: Wire, row: Row) -> None:
    known = put(scs, b"key", OLD)

    stored = stored_hash(scs, under(row.condition, known))

    assert (stored is not None) is row.equal
    assert read(scs) == ((NEW, stored) if row.equal else (OLD, known))


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_on_a_different_hash(scs: Wire, row: Row) -> None:
    known = put(scs, b"elsewhere", OLD)
    present = put(scs, b"key", OTHER)

    stored = stored_hash(scs, under(row.condition, known))

    assert (stored is not None) is row.different
    assert read(scs) == ((NEW, stored) if row.different else (OTHER, present))


@pytest.mark.parametrize("known", [b"", b"short", b"x" * 1000])
def test_what_is_no_hash_is_a_different_one(scs: Wire, known: bytes) -> None:
    put(scs, b"key", OLD)

    assert stored_hash(scs, under("present_and_hash_equal", known)) is None
    assert stored_hash(scs, under("present_and_not_hash_equal", known)) is not None


def test_without_a_condition_the_request_is_refused(scs: Wire) -> None:
    asked = pb._SetIfHashRequest(cache_key=b"key", cache_body=NEW, ttl_milliseconds=MINUTE)

    refused = refusal(lambda: stored_hash(scs, asked))

    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
