"""Making, emptying and removing caches, through Momento's own clients and by raw message."""

import dataclasses
import json
from datetime import timedelta

import grpc
import pytest
from momento.errors import MomentoErrorCode, NotFoundException
from momento.responses import (
    CacheFlush,
    CacheGet,
    CacheSet,
    CreateCache,
    CreateSigningKey,
    DeleteCache,
    ListCaches,
    ListSigningKeys,
    RevokeSigningKey,
)

from conformance.python.clients import Client
from conformance.wire import Wire, refusal

# What Momento's own suites expect of every cache on a plan without contract.
ITEM_KILOBYTES, UNLIMITED = 4883, 2**31 - 1


def names(client: Client) -> list[str]:
    """The caches that the client lists."""
    listed = client.list_caches()
    assert isinstance(listed, ListCaches.Success), listed
    return [cache.name for cache in listed.caches]


def test_a_created_cache_is_listed_and_works_at_once(client: Client, new_name: str) -> None:
    created = client.create_cache(new_name)

    assert isinstance(created, CreateCache.Success)
    assert names(client).count(new_name) == 1
    assert isinstance(client.set(new_name, "key", "value"), CacheSet.Success)


def test_a_cache_is_created_once(client: Client, cache: str) -> None:
    assert isinstance(client.create_cache(cache), CreateCache.CacheAlreadyExists)


def test_a_deleted_cache_is_gone_at_once(client: Client, cache: str) -> None:
    client.set(cache, "key", "value")

    deleted = client.delete_cache(cache)

    assert isinstance(deleted, DeleteCache.Success)
    assert cache not in names(client)
    gone = client.get(cache, "key")
    assert isinstance(gone, CacheGet.Error)
    assert isinstance(gone.inner_exception, NotFoundException)
    again = client.delete_cache(cache)
    assert isinstance(again, DeleteCache.Error)
    assert again.error_code is MomentoErrorCode.NOT_FOUND_ERROR


def test_a_cache_that_comes_again_is_empty(client: Client, cache: str) -> None:
    client.set(cache, "key", "value")
    client.delete_cache(cache)

    assert isinstance(client.create_cache(cache), CreateCache.Success)
    assert isinstance(client.get(cache, "key"), CacheGet.Miss)


def test_a_flushed_cache_is_empty_and_works(client: Client, cache: str, other_cache: str) -> None:
    client.set(cache, "key", "value")
    client.set(other_cache, "key", "value")

    flushed = client.flush_cache(cache)

    assert isinstance(flushed, CacheFlush.Success)
    assert isinstance(client.get(cache, "key"), CacheGet.Miss)
    assert isinstance(client.get(other_cache, "key"), CacheGet.Hit)
    client.set(cache, "key", "new")
    assert client.get(cache, "key") == CacheGet.Hit(b"new")


def test_the_first_cache_is_there(client: Client) -> None:
    assert "default-cache" in names(client)


def test_every_cache_tells_its_limits(owner: Wire, cache: str) -> None:
    listed = {info.cache_name: info for info in owner.list_caches().cache}

    limits, topics = listed[cache].cache_limits, listed[cache].topic_limits
    assert limits.max_traffic_rate == UNLIMITED
    assert limits.max_throughput_kbps == UNLIMITED
    assert limits.max_item_size_kb == ITEM_KILOBYTES
    assert limits.max_ttl_seconds == UNLIMITED
    assert topics.max_publish_rate == UNLIMITED
    assert topics.max_subscription_count == UNLIMITED
    assert topics.max_publish_message_size_kb == 1_024


def test_many_caches_are_all_listed(owner: Wire) -> None:
    """The Python client asks for one page only, so one page must hold them all."""
    made = [f"many-{i}" for i in range(150)]
    for name in made:
        owner.create_cache(name)

    listed = owner.list_caches()
    for name in made:
        owner.delete_cache(name)

    assert {info.cache_name for info in listed.cache} >= set(made)
    assert listed.next_token == ""


@pytest.mark.parametrize("name", ["", " ", "      ", "\t", "a\nb", "a\x00b", "a/b", "x" * 2000])
def test_a_blank_or_malformed_name_is_refused(owner: Wire, name: str) -> None:
    refused = refusal(lambda: owner.create_cache(name))

    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert refused.message


@pytest.mark.parametrize("name", ["ab", "A-b_c.9", "x" * 100])
def test_these_names_are_names(owner: Wire, name: str) -> None:
    owner.create_cache(name)
    scs = dataclasses.replace(owner, cache=name)
    scs.set(b"key", b"value")

    assert scs.get(b"key") == b"value"
    owner.delete_cache(name)


def test_what_is_refused_leaves_nothing(owner: Wire) -> None:
    before = {info.cache_name for info in owner.list_caches().cache}

    refusal(lambda: owner.create_cache(" "))

    assert {info.cache_name for info in owner.list_caches().cache} == before


@pytest.mark.parametrize("name", ["no-such-cache", ""])
def test_flushing_or_deleting_what_is_not_there(owner: Wire, name: str) -> None:
    flushed = refusal(lambda: owner.flush_cache(name))
    deleted = refusal(lambda: owner.delete_cache(name))

    expected = grpc.StatusCode.NOT_FOUND if name else grpc.StatusCode.INVALID_ARGUMENT
    assert flushed.code is expected
    assert deleted.code is expected
    assert flushed.err is None
    assert deleted.err is None


def test_a_signing_key_is_made_listed_and_revoked(client: Client) -> None:
    made = client.create_signing_key(timedelta(minutes=30))
    assert isinstance(made, CreateSigningKey.Success), made
    assert json.loads(made.key)["kid"] == made.key_id
    assert made.key_id in signing_keys(client)

    assert isinstance(client.revoke_signing_key(made.key_id), RevokeSigningKey.Success)

    assert made.key_id not in signing_keys(client)


def signing_keys(client: Client) -> list[str]:
    """The ids of the keys that the client lists."""
    listed = client.list_signing_keys()
    assert isinstance(listed, ListSigningKeys.Success), listed
    return [key.key_id for key in listed.signing_keys]
