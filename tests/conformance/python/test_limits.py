"""How large elements and items may be. What is over a limit is refused by name, as a whole."""

from typing import Any

import grpc
import pytest
from momento.errors import MomentoErrorCode
from momento.responses import (
    CacheDictionarySetField,
    CacheListPushBack,
    CacheSetAddElement,
    CacheSortedSetPutElement,
)
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import controlclient_pb2 as control_pb

from conformance.python.clients import Client, error_of, expect
from conformance.wire import MINUTE, Refusal, Wire, plaintext, refusal
from harness import Server

ELEMENT = 128 * 1024
ITEM = 4883 * 1024
KEY = b"key"
EXHAUSTED = grpc.StatusCode.RESOURCE_EXHAUSTED
TTL: dict[str, Any] = {"ttl_milliseconds": MINUTE}
SCORE = 8


def parts(method: str, sizes: list[int]) -> dict[str, Any]:
    """The fields of a write of different elements of these sizes."""
    values = [bytes([65 + i]) * size for i, size in enumerate(sizes)]
    if method == "DictionarySet":
        pairs = [{"field": b"", "value": value} for value in values[:1]]
        pairs += [{"field": bytes([i]), "value": value} for i, value in enumerate(values[1:])]
        return {"dictionary_name": KEY, "items": pairs, **TTL}
    if method == "SortedSetPut":
        elements = [{"value": value, "score": 1.0} for value in values]
        return {"set_name": KEY, "elements": elements, **TTL}
    if method == "SetUnion":
        return {"set_name": KEY, "elements": values, **TTL}
    return {"list_name": KEY, "values": values, **TTL}


WRITES = [
    "DictionarySet",
    "SetUnion",
    "ListConcatenateBack",
    "ListConcatenateFront",
    "SortedSetPut",
]
LENGTHS = {
    "DictionarySet": ("DictionaryLength", {"dictionary_name": KEY}),
    "SetUnion": ("SetLength", {"set_name": KEY}),
    "ListConcatenateBack": ("ListLength", {"list_name": KEY}),
    "ListConcatenateFront": ("ListLength", {"list_name": KEY}),
    "SortedSetPut": ("SortedSetLength", {"set_name": KEY}),
}


def length(scs: Wire, write: str) -> int:
    """How many elements there are."""
    method, fields = LENGTHS[write]
    return int(scs.ask(method, **fields).found.length)


def refused_for(refused: Refusal, words: str, err: str) -> bool:
    """Whether a refusal says which limit was met, in both of the ways that clients read."""
    return (
        refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
        and words in refused.message.lower()
        and refused.err == err
    )


@pytest.mark.parametrize("write", WRITES)
def test_an_element_has_at_most_128_kib(scs: Wire, write: str) -> None:
    scs.ask(write, **parts(write, [ELEMENT]))

    refused = refusal(lambda: scs.ask(write, **parts(write, [1, 2, ELEMENT + 1])))

    assert refused_for(refused, "element size", "element_size_limit_exceeded")
    assert length(scs, write) == 1


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("DictionarySet", {"dictionary_name": KEY, "items": [{"field": bytes(ELEMENT + 1)}]}),
        ("DictionaryIncrement", {"dictionary_name": KEY, "field": bytes(ELEMENT + 1)}),
        ("ListPushBack", {"list_name": KEY, "value": bytes(ELEMENT + 1)}),
        ("ListPushFront", {"list_name": KEY, "value": bytes(ELEMENT + 1)}),
        ("SortedSetIncrement", {"set_name": KEY, "value": bytes(ELEMENT + 1)}),
    ],
)
def test_no_other_write_takes_a_larger_element(
    scs: Wire, method: str, fields: dict[str, Any]
) -> None:
    refused = refusal(lambda: scs.ask(method, **fields, **TTL))

    assert refused_for(refused, "element size", "element_size_limit_exceeded")
    assert list(scs.ask("KeysExist", cache_keys=[KEY]).exists) == [False]


def test_the_client_says_that_the_element_is_too_large(client: Client, cache: str) -> None:
    large = "x" * (ELEMENT + 1)
    refusals = {
        "dictionary": client.dictionary_set_field(cache, "dictionary", "field", large),
        "list": client.list_push_back(cache, "list", large),
        "set": client.set_add_element(cache, "set", large),
        "sorted set": client.sorted_set_put_element(cache, "sorted set", large, 1.0),
    }

    for refused in refusals.values():
        assert error_of(refused) is MomentoErrorCode.LIMIT_EXCEEDED_ERROR
        assert str(getattr(refused, "message", "")).startswith("Element size limit exceeded")


def test_the_client_writes_the_largest_element(client: Client, cache: str) -> None:
    large = "x" * ELEMENT

    expect(
        client.dictionary_set_field(cache, "dictionary", large, large),
        CacheDictionarySetField.Success,
    )
    expect(client.list_push_back(cache, "list", large), CacheListPushBack.Success)
    expect(client.set_add_element(cache, "set", large), CacheSetAddElement.Success)
    expect(
        client.sorted_set_put_element(cache, "sorted set", large, 1.0),
        CacheSortedSetPutElement.Success,
    )


@pytest.mark.parametrize("write", WRITES)
def test_a_collection_has_at_most_4883_kib_with_its_key(scs: Wire, write: str) -> None:
    """A field's name and a score count, too; a message has hardly more room than an item."""
    count = 39
    extra = {"DictionarySet": count - 1, "SortedSetPut": count * SCORE}.get(write, 0)
    room = ITEM - len(KEY) - extra
    sizes = [ELEMENT] * (count - 1) + [room - ELEMENT * (count - 1)]
    scs.ask(write, **parts(write, sizes))

    more = [*sizes, 0] if write == "DictionarySet" else [1]
    refused = refusal(lambda: scs.ask(write, **parts(write, more)))

    assert refused_for(refused, "item size", "item_size_limit_exceeded")
    assert length(scs, write) == count


def test_a_list_that_is_cut_may_be_joined_with_more_than_it_holds(scs: Wire) -> None:
    scs.ask("ListConcatenateBack", **parts("ListConcatenateBack", [ELEMENT] * 38))

    joined = scs.ask(
        "ListConcatenateBack",
        **parts("ListConcatenateBack", [ELEMENT] * 38),
        truncate_front_to_size=38,
    )

    assert joined.list_length == 38


def test_a_single_value_has_at_most_4883_kib_with_its_key(scs: Wire) -> None:
    scs.set(KEY, bytes(ITEM - len(KEY)))

    refused = refusal(lambda: scs.set(KEY, bytes(ITEM - len(KEY) + 1)))

    assert refused_for(refused, "item size", "item_size_limit_exceeded")
    assert len(scs.get(KEY) or b"") == ITEM - len(KEY)


def test_a_full_dictionary_still_replaces_and_removes(scs: Wire) -> None:
    sizes = [ELEMENT] * 38
    scs.ask("DictionarySet", **parts("DictionarySet", sizes))

    scs.ask("DictionarySet", **parts("DictionarySet", sizes))
    scs.ask("DictionaryDelete", dictionary_name=KEY, some={"fields": [b""]})

    assert length(scs, "DictionarySet") == 37


def test_a_union_over_the_limit_leaves_the_target(scs: Wire) -> None:
    for name, start in ((b"one", 0), (b"two", 100)):
        values = [bytes([start + i]) * ELEMENT for i in range(25)]
        elements = [{"value": value, "score": 1.0} for value in values]
        scs.ask("SortedSetPut", set_name=name, elements=elements, **TTL)
    scs.ask("SortedSetPut", set_name=KEY, elements=[{"value": b"old", "score": 1.0}], **TTL)
    sources = [{"set_name": name, "weight": 1.0} for name in (b"one", b"two")]

    refused = refusal(lambda: scs.ask("SortedSetUnionStore", set_name=KEY, sources=sources, **TTL))

    assert refused_for(refused, "item size", "item_size_limit_exceeded")
    assert length(scs, "SortedSetPut") == 1


def test_a_reply_that_no_client_takes_is_not_made(scs: Wire) -> None:
    field = {"field": b"f", "value": b"v" * ELEMENT}
    scs.ask("DictionarySet", dictionary_name=KEY, items=[field], **TTL)

    refused = refusal(lambda: scs.ask("DictionaryGet", dictionary_name=KEY, fields=[b"f"] * 100))

    assert refused.code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "request limit" in refused.message


def test_each_limit_that_a_cache_declares_is_the_one_that_is_kept(owner: Wire, scs: Wire) -> None:
    (declared,) = [each for each in owner.list_caches().cache if each.cache_name == scs.cache]
    limits = declared.cache_limits
    longest = limits.max_ttl_seconds * 1_000

    scs.set(KEY, b"v" * (limits.max_item_size_kb * 1_024 - len(KEY)), longest)
    left = scs.ask("ItemGetTtl", cache_key=KEY).found.remaining_ttl_millis
    assert longest - MINUTE < left <= longest
    too_large = refusal(lambda: scs.set(KEY, b"v" * (limits.max_item_size_kb * 1_024)))
    assert too_large.err == "item_size_limit_exceeded"

    # More requests at once than the 500 a second that were declared when nothing limited them.
    asks = scs.channel.unary_unary(
        "/cache_client.Scs/Get",
        request_serializer=pb._GetRequest.SerializeToString,
        response_deserializer=pb._GetResponse.FromString,
    )
    request = pb._GetRequest(cache_key=b"none")
    under_way = [asks.future(request, metadata=scs.metadata) for _ in range(2_000)]
    assert {each.result().result for each in under_way} == {pb.Miss}
    assert limits.max_traffic_rate >= len(under_way)
    topics = control_pb._TopicLimits(
        max_publish_rate=2**31 - 1,
        max_subscription_count=2**31 - 1,
        max_publish_message_size_kb=1_024,
    )
    assert declared.topic_limits == topics


def test_the_operator_sets_the_limits_and_clients_are_told() -> None:
    with (
        Server("--item-bytes", "2KiB", "--element-bytes", "100") as server,
        plaintext(server.http_address) as channel,
    ):
        wire = Wire(channel, server.api_key, "default-cache")
        (cache,) = wire.list_caches().cache

        assert cache.cache_limits.max_item_size_kb == 2
        wire.set(b"k" * 1_024, b"v" * 1_024)
        wire.ask("ListPushBack", list_name=b"list", value=b"v" * 100, **TTL)
        item = refusal(lambda: wire.set(b"k" * 1_024, b"v" * 1_025))
        element = refusal(
            lambda: wire.ask("ListPushBack", list_name=b"list", value=b"v" * 101, **TTL)
        )

    assert (item.code, item.err) == (EXHAUSTED, "item_size_limit_exceeded")
    assert (element.code, element.err) == (EXHAUSTED, "element_size_limit_exceeded")
