"""Every way in which Momento's Python clients reach a server: the same calls, the same answers.

Sync and async, on plaintext and TLS, with a v1 and a v2 key. What each call does in detail is in
the other files, on one way.
"""

from datetime import timedelta

from momento.errors import MomentoErrorCode
from momento.responses import (
    CacheDelete,
    CacheDictionaryFetch,
    CacheFlush,
    CacheGet,
    CacheIncrement,
    CacheListFetch,
    CacheListPopFront,
    CacheSet,
    CacheSetFetch,
    CacheSetIfNotExists,
    CacheSortedSetFetch,
    CacheSortedSetGetRank,
    CreateCache,
    CreateSigningKey,
    DeleteCache,
    ListCaches,
    ListSigningKeys,
    RevokeSigningKey,
)

from conformance.python.clients import Client, error_of, expect

BYTES = bytes(range(256))


def test_a_cache_is_created_listed_flushed_and_deleted(every_client: Client, new_name: str) -> None:
    expect(every_client.create_cache(new_name), CreateCache.Success)
    expect(every_client.create_cache(new_name), CreateCache.CacheAlreadyExists)
    listed = expect(every_client.list_caches(), ListCaches.Success)
    assert [cache.name for cache in listed.caches].count(new_name) == 1
    expect(every_client.set(new_name, "key", "value"), CacheSet.Success)

    expect(every_client.flush_cache(new_name), CacheFlush.Success)
    expect(every_client.get(new_name, "key"), CacheGet.Miss)

    expect(every_client.delete_cache(new_name), DeleteCache.Success)
    assert error_of(every_client.get(new_name, "key")) is MomentoErrorCode.NOT_FOUND_ERROR
    expect(every_client.create_cache(new_name), CreateCache.Success)


def test_a_signing_key_is_made_listed_and_revoked(every_client: Client) -> None:
    made = expect(every_client.create_signing_key(timedelta(minutes=30)), CreateSigningKey.Success)
    listed = expect(every_client.list_signing_keys(), ListSigningKeys.Success)
    assert made.key_id in {key.key_id for key in listed.signing_keys}

    expect(every_client.revoke_signing_key(made.key_id), RevokeSigningKey.Success)

    listed = expect(every_client.list_signing_keys(), ListSigningKeys.Success)
    assert made.key_id not in {key.key_id for key in listed.signing_keys}


def test_any_bytes_are_a_key_and_a_value(every_client: Client, cache: str) -> None:
    for data in (b"", b"\x00", "ключ".encode(), BYTES * 16):
        expect(every_client.get(cache, data), CacheGet.Miss)
        expect(every_client.set(cache, data, data), CacheSet.Success)
        assert every_client.get(cache, data) == CacheGet.Hit(data)
        expect(every_client.delete(cache, data), CacheDelete.Success)
        expect(every_client.get(cache, data), CacheGet.Miss)


def test_five_million_bytes_come_back(every_client: Client, cache: str) -> None:
    value = BYTES * (5_000_000 // 256)

    expect(every_client.set(cache, "key", value), CacheSet.Success)

    assert every_client.get(cache, "key") == CacheGet.Hit(value)


def test_conditions_and_counts_are_answered(every_client: Client, cache: str) -> None:
    expect(every_client.set_if_not_exists(cache, "key", "1"), CacheSetIfNotExists.Stored)
    expect(every_client.set_if_not_exists(cache, "key", "2"), CacheSetIfNotExists.NotStored)
    assert expect(every_client.increment(cache, "key", 41), CacheIncrement.Success).value == 42


def test_a_dictionary_comes_back(every_client: Client, cache: str) -> None:
    every_client.dictionary_set_fields(cache, "dictionary", {"a": "1", "b": "2"})
    every_client.dictionary_increment(cache, "dictionary", "b", 40)

    fetched = expect(every_client.dictionary_fetch(cache, "dictionary"), CacheDictionaryFetch.Hit)

    assert fetched.value_dictionary_string_string == {"a": "1", "b": "42"}


def test_a_list_comes_back(every_client: Client, cache: str) -> None:
    every_client.list_concatenate_back(cache, "list", ["b", "c"])
    every_client.list_push_front(cache, "list", "a")

    fetched = expect(every_client.list_fetch(cache, "list"), CacheListFetch.Hit)
    popped = expect(every_client.list_pop_front(cache, "list"), CacheListPopFront.Hit)

    assert fetched.value_list_string == ["a", "b", "c"]
    assert popped.value_string == "a"


def test_a_set_comes_back(every_client: Client, cache: str) -> None:
    every_client.set_add_elements(cache, "set", {"a", "b", "c"})
    every_client.set_remove_element(cache, "set", "b")

    fetched = expect(every_client.set_fetch(cache, "set"), CacheSetFetch.Hit)

    assert fetched.value_set_string == {"a", "c"}


def test_a_sorted_set_comes_back_in_order(every_client: Client, cache: str) -> None:
    every_client.sorted_set_put_elements(cache, "ranking", {"b": 2.5, "a": -1.0})

    fetched = every_client.sorted_set_fetch_by_rank(cache, "ranking")
    rank = every_client.sorted_set_get_rank(cache, "ranking", "b")

    assert expect(fetched, CacheSortedSetFetch.Hit).value_list_string == [("a", -1.0), ("b", 2.5)]
    assert expect(rank, CacheSortedSetGetRank.Hit).rank == 1


def test_a_refusal_has_the_error_of_the_client(every_client: Client, cache: str) -> None:
    every_client.set(cache, "text", "forty-one")
    refusals = {
        MomentoErrorCode.FAILED_PRECONDITION_ERROR: every_client.increment(cache, "text", 1),
        MomentoErrorCode.LIMIT_EXCEEDED_ERROR: every_client.set(cache, "large", bytes(5_300_000)),
        MomentoErrorCode.INVALID_ARGUMENT_ERROR: every_client.sorted_set_put_element(
            cache, "ranking", "a", float("nan")
        ),
    }

    assert {code: error_of(answer) for code, answer in refusals.items()} == {
        code: code for code in refusals
    }


def test_an_item_is_a_miss_when_its_time_is_over(every_client: Client, cache: str) -> None:
    """Both clients send the time in milliseconds, of their own default or of one call."""
    every_client.set(cache, "short", "value", ttl=timedelta(milliseconds=1))
    every_client.set(cache, "long", "value")

    while isinstance(every_client.get(cache, "short"), CacheGet.Hit):
        pass

    assert every_client.get(cache, "long") == CacheGet.Hit(b"value")
