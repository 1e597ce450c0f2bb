"""Dictionaries, through Momento's own Python clients; by raw message where these have no method."""

from itertools import product

import grpc
import pytest
from momento.errors import MomentoErrorCode
from momento.responses import (
    CacheDictionaryFetch,
    CacheDictionaryGetField,
    CacheDictionaryGetFields,
    CacheDictionaryIncrement,
    CacheDictionaryRemoveField,
    CacheDictionaryRemoveFields,
    CacheDictionarySetField,
    CacheDictionarySetFields,
)

from conformance.python.clients import Client, error_of, expect
from conformance.wire import MINUTE, Wire, refusal

BYTES = bytes(range(256))
HIGHEST = 2**63 - 1


def write(client: Client, cache: str, items: dict[str, str]) -> None:
    """Set fields, and see that it was done."""
    expect(
        client.dictionary_set_fields(cache, "dictionary", items), CacheDictionarySetFields.Success
    )


def all_of(client: Client, cache: str) -> dict[bytes, bytes] | None:
    """What a fetch finds, or None for a miss."""
    fetched = client.dictionary_fetch(cache, "dictionary")
    if isinstance(fetched, CacheDictionaryFetch.Miss):
        return None
    return expect(fetched, CacheDictionaryFetch.Hit).value_dictionary_bytes_bytes


def length(scs: Wire) -> int | None:
    """How many fields there are, or None for a miss."""
    reply = scs.ask("DictionaryLength", dictionary_name=b"dictionary")
    if reply.WhichOneof("dictionary") == "missing":
        return None
    assert reply.WhichOneof("dictionary") == "found"
    return int(reply.found.length)


def test_a_field_comes_back(client: Client, cache: str) -> None:
    for field, value in product((b"", b"field", BYTES), (b"", b"\x00", BYTES, b"x" * 100_000)):
        written = client.dictionary_set_field(cache, "dictionary", field, value)
        got = client.dictionary_get_field(cache, "dictionary", field)

        expect(written, CacheDictionarySetField.Success)
        assert expect(got, CacheDictionaryGetField.Hit).value_bytes == value


def test_fields_come_back_together(client: Client, cache: str) -> None:
    items = {f"field {i}": f"value {i}" for i in range(1000)}
    write(client, cache, items)

    fetched = expect(client.dictionary_fetch(cache, "dictionary"), CacheDictionaryFetch.Hit)

    assert fetched.value_dictionary_string_string == items


def test_what_is_not_there_is_a_miss(client: Client, cache: str) -> None:
    assert all_of(client, cache) is None
    one = client.dictionary_get_field(cache, "dictionary", "field")
    expect(one, CacheDictionaryGetField.Miss)
    several = client.dictionary_get_fields(cache, "dictionary", ["a", "b"])
    expect(several, CacheDictionaryGetFields.Miss)


def test_each_field_is_answered_where_it_was_asked_for(client: Client, cache: str) -> None:
    write(client, cache, {"a": "1", "c": "3"})

    asked = client.dictionary_get_fields(cache, "dictionary", ["c", "b", "a", "c"])

    responses = expect(asked, CacheDictionaryGetFields.Hit).responses
    assert [getattr(response, "value_string", None) for response in responses] == [
        "3",
        None,
        "1",
        "3",
    ]
    expect(responses[1], CacheDictionaryGetField.Miss)


def test_a_field_that_is_written_again_is_replaced_and_others_stay(
    client: Client, cache: str
) -> None:
    write(client, cache, {"a": "a long first value", "b": "2"})
    write(client, cache, {"a": "1", "c": "3"})

    assert all_of(client, cache) == {b"a": b"1", b"b": b"2", b"c": b"3"}


def test_of_one_field_twice_in_a_request_the_later_stays(scs: Wire) -> None:
    items = [{"field": b"a", "value": value} for value in (b"1", b"2")]

    scs.ask("DictionarySet", dictionary_name=b"d", items=items, ttl_milliseconds=MINUTE)

    (item,) = scs.ask("DictionaryFetch", dictionary_name=b"d").found.items
    assert (item.field, item.value) == (b"a", b"2")


def test_removed_fields_are_gone(client: Client, cache: str) -> None:
    write(client, cache, {"a": "1", "b": "2", "c": "3", "d": "4"})

    one = client.dictionary_remove_field(cache, "dictionary", "a")
    several = client.dictionary_remove_fields(cache, "dictionary", ["b", "c", "never there"])

    expect(one, CacheDictionaryRemoveField.Success)
    expect(several, CacheDictionaryRemoveFields.Success)
    assert all_of(client, cache) == {b"d": b"4"}


def test_removing_from_nothing_succeeds(client: Client, cache: str) -> None:
    one = client.dictionary_remove_field(cache, "dictionary", "a")

    expect(one, CacheDictionaryRemoveField.Success)
    assert all_of(client, cache) is None


def test_a_dictionary_without_fields_is_gone(client: Client, scs: Wire, cache: str) -> None:
    write(client, cache, {"a": "1", "b": "2"})

    client.dictionary_remove_fields(cache, "dictionary", ["a", "b"])

    assert all_of(client, cache) is None
    assert length(scs) is None
    assert list(scs.ask("KeysExist", cache_keys=[b"dictionary"]).exists) == [False]


def test_all_fields_are_removed_at_once(client: Client, scs: Wire, cache: str) -> None:
    write(client, cache, {"a": "1", "b": "2"})

    scs.ask("DictionaryDelete", dictionary_name=b"dictionary", all={})
    scs.ask("DictionaryDelete", dictionary_name=b"dictionary", all={})

    assert all_of(client, cache) is None


def test_the_length_is_the_number_of_fields(client: Client, scs: Wire, cache: str) -> None:
    assert length(scs) is None

    write(client, cache, {"a": "1", "b": "2"})
    write(client, cache, {"b": "3", "c": "4"})

    assert length(scs) == 3


def test_increment_counts_from_nothing_up_and_down(client: Client, cache: str) -> None:
    counted = [
        expect(
            client.dictionary_increment(cache, "dictionary", "n", amount),
            CacheDictionaryIncrement.Success,
        ).value
        for amount in (1, 41, -1042, 0)
    ]

    assert counted == [1, 42, -1000, -1000]
    assert all_of(client, cache) == {b"n": b"-1000"}


def test_increment_goes_on_from_a_number_that_was_set(client: Client, cache: str) -> None:
    write(client, cache, {"n": "10", "other": "1"})

    counted = client.dictionary_increment(cache, "dictionary", "n", 5)

    assert expect(counted, CacheDictionaryIncrement.Success).value == 15
    assert all_of(client, cache) == {b"n": b"15", b"other": b"1"}


def test_increment_refuses_what_is_no_number(client: Client, cache: str) -> None:
    for value in ("hello, world!", "", "1.5", " 1", "0x10", "9" * 30):
        write(client, cache, {"n": value})

        refused = client.dictionary_increment(cache, "dictionary", "n", 1)

        assert error_of(refused) is MomentoErrorCode.FAILED_PRECONDITION_ERROR
        assert all_of(client, cache) == {b"n": value.encode()}


@pytest.mark.parametrize(("value", "amount"), [(HIGHEST, 1), (-HIGHEST - 1, -1), (1, HIGHEST)])
def test_increment_does_not_run_over(scs: Wire, value: int, amount: int) -> None:
    items = [{"field": b"n", "value": str(value).encode()}]
    scs.ask("DictionarySet", dictionary_name=b"d", items=items, ttl_milliseconds=MINUTE)

    refused = refusal(
        lambda: scs.ask(
            "DictionaryIncrement",
            dictionary_name=b"d",
            field=b"n",
            amount=amount,
            ttl_milliseconds=MINUTE,
        )
    )

    assert refused.code is grpc.StatusCode.FAILED_PRECONDITION
    reply = scs.ask("DictionaryGet", dictionary_name=b"d", fields=[b"n"])
    assert reply.found.items[0].cache_body == str(value).encode()


def test_no_field_asked_for_is_no_miss(client: Client, scs: Wire, cache: str) -> None:
    write(client, cache, {"a": "1"})

    reply = scs.ask("DictionaryGet", dictionary_name=b"dictionary", fields=[])

    assert reply.WhichOneof("dictionary") == "found"
    assert list(reply.found.items) == []


def test_setting_no_field_makes_no_dictionary(scs: Wire) -> None:
    scs.ask("DictionarySet", dictionary_name=b"dictionary", items=[], ttl_milliseconds=MINUTE)

    assert length(scs) is None
