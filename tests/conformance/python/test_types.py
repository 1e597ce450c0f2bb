"""Every item has one type: what is for another is refused, and what is for all works on all."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest
from momento.errors import MomentoErrorCode

from conformance.calls import (
    DICTIONARIES,
    KEY,
    LISTS,
    PLAIN,
    SETS,
    SORTED_SETS,
    UNION_STORE,
    refusals,
)
from conformance.python.clients import Client, error_of
from conformance.wire import MINUTE, Wire, refusal

NAMES = {
    "scalar": "a single value",
    "dictionary": "a dictionary",
    "set": "a set",
    "list": "a list",
    "sorted set": "a sorted set",
}
NOT_COMPATIBLE = "The stored type for this key is not compatible with this operation: "
NUMBERS = {"scalar": 0, "dictionary": 1, "set": 2, "list": 3, "sorted set": 4}
OF_ANY_TYPE = {"Set", "SetBatch", "Delete", "KeysExist", "UpdateTtl", "ItemGetTtl", "ItemGetType"}
# These write whatever the key holds, or tell in each answer of a stream.
NOT_REFUSED = OF_ANY_TYPE | {"SetIfHash", "SetIfNotExists", "SetIf", "GetBatch"}
CALLS = {
    "scalar": [call for call in PLAIN if call.method not in NOT_REFUSED],
    "dictionary": DICTIONARIES,
    "set": SETS,
    "list": LISTS,
    "sorted set": SORTED_SETS,
}
THROUGH_THE_CLIENT: dict[str, Callable[[Client, str], object]] = {
    "dictionary": lambda client, cache: client.dictionary_fetch(cache, KEY.decode()),
    "set": lambda client, cache: client.set_fetch(cache, KEY.decode()),
    "list": lambda client, cache: client.list_fetch(cache, KEY.decode()),
    "sorted set": lambda client, cache: client.sorted_set_fetch_by_rank(cache, KEY.decode()),
}


def make(scs: Wire, held: str) -> None:
    """An item of this type at the key."""
    ttl: dict[str, Any] = {"ttl_milliseconds": MINUTE}
    pair = {"field": b"field", "value": b"value"}
    if held == "scalar":
        scs.set(KEY, b"value")
    elif held == "dictionary":
        scs.ask("DictionarySet", dictionary_name=KEY, items=[pair], **ttl)
    elif held == "set":
        scs.ask("SetUnion", set_name=KEY, elements=[b"element"], **ttl)
    elif held == "list":
        scs.ask("ListPushBack", list_name=KEY, value=b"value", **ttl)
    else:
        scs.ask("SortedSetPut", set_name=KEY, elements=[{"value": b"v", "score": 1}], **ttl)


def type_of(scs: Wire) -> int | None:
    """The number of the item's type, or None for a miss."""
    reply = scs.ask("ItemGetType", cache_key=KEY)
    return reply.found.item_type if reply.WhichOneof("result") == "found" else None


@pytest.mark.parametrize("held", NAMES)
def test_a_call_for_another_type_is_refused_by_the_names_of_both(scs: Wire, held: str) -> None:
    make(scs, held)

    refused = [
        (wanted, *each)
        for wanted, calls in CALLS.items()
        if wanted != held
        for each in refusals(scs, calls)
    ]

    assert [
        (method, answer)
        for wanted, method, answer in refused
        if answer.code is not grpc.StatusCode.FAILED_PRECONDITION
        or not answer.message.startswith(NOT_COMPATIBLE)
        or NAMES[held] not in answer.message
        or NAMES[wanted] not in answer.message
    ] == []
    assert type_of(scs) == NUMBERS[held]


@pytest.mark.parametrize("held", NAMES)
def test_the_client_says_that_the_type_is_another(
    client: Client, scs: Wire, cache: str, held: str
) -> None:
    make(scs, held)

    refused = {
        wanted: error_of(fetch(client, cache))
        for wanted, fetch in THROUGH_THE_CLIENT.items()
        if wanted != held
    }

    assert set(refused.values()) == {MomentoErrorCode.FAILED_PRECONDITION_ERROR}, refused


@pytest.mark.parametrize("held", [name for name in NAMES if name != "sorted set"])
def test_a_union_takes_sources_of_its_own_type_only(scs: Wire, held: str) -> None:
    make(scs, held)

    refused = refusal(lambda: UNION_STORE.on(scs))

    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    assert list(scs.ask("KeysExist", cache_keys=[b"target"]).exists) == [False]


@pytest.mark.parametrize("held", NAMES)
def test_every_type_has_its_number(scs: Wire, held: str) -> None:
    assert type_of(scs) is None

    make(scs, held)

    assert type_of(scs) == NUMBERS[held]


@pytest.mark.parametrize("held", NAMES)
def test_items_of_any_type_have_a_time_exist_and_are_deleted(scs: Wire, held: str) -> None:
    make(scs, held)

    left = scs.ask("ItemGetTtl", cache_key=KEY).found.remaining_ttl_millis
    longer = scs.ask("UpdateTtl", cache_key=KEY, increase_to_milliseconds=2 * MINUTE)
    left_then = scs.ask("ItemGetTtl", cache_key=KEY).found.remaining_ttl_millis

    assert MINUTE - 5_000 < left < MINUTE
    assert longer.WhichOneof("result") == "set"
    assert 2 * MINUTE - 5_000 < left_then < 2 * MINUTE
    assert list(scs.ask("KeysExist", cache_keys=[KEY]).exists) == [True]
    scs.ask("Delete", cache_key=KEY)
    assert type_of(scs) is None


@pytest.mark.parametrize("held", NAMES)
def test_set_writes_whatever_was_there(scs: Wire, held: str) -> None:
    make(scs, held)

    scs.set(KEY, b"new")

    assert scs.get(KEY) == b"new"


@pytest.mark.parametrize("held", NAMES)
def test_a_flushed_cache_holds_nothing_of_any_type(
    owner: Wire, scs: Wire, cache: str, held: str
) -> None:
    make(scs, held)

    owner.flush_cache(cache)

    assert type_of(scs) is None
