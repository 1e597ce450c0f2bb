"""Single values, through Momento's own Python client."""

import time
from datetime import timedelta

from momento.errors import MomentoErrorCode
from momento.responses import (
    CacheDelete,
    CacheGet,
    CacheIncrement,
    CacheSet,
    CacheSetIfNotExists,
)

from conformance.python.clients import Client

SECOND = timedelta(seconds=1)
BYTES = bytes(range(256))


def value_of(client: Client, cache: str, key: str | bytes) -> bytes | None:
    """What `get` finds, or None for a miss."""
    got = client.get(cache, key)
    if isinstance(got, CacheGet.Miss):
        return None
    assert isinstance(got, CacheGet.Hit), got
    return got.value_bytes


def write(client: Client, cache: str, key: str | bytes, value: str | bytes) -> None:
    """Set, and see that it was done."""
    written = client.set(cache, key, value)
    assert isinstance(written, CacheSet.Success), written


def test_what_set_writes_get_reads(client: Client, cache: str) -> None:
    for value in (b"", b"\x00", BYTES, b"x" * 100_000):
        write(client, cache, "key", value)

        assert value_of(client, cache, "key") == value


def test_every_key_is_a_key(client: Client, cache: str) -> None:
    keys: list[str | bytes] = ["", "key", "a b/c?d=e", "ключ", b"\x00\xff", BYTES * 16]
    for i, key in enumerate(keys):
        assert value_of(client, cache, key) is None
        write(client, cache, key, f"value {i}")

    assert [value_of(client, cache, key) for key in keys] == [
        f"value {i}".encode() for i in range(len(keys))
    ]


def test_text_comes_back_as_text(client: Client, cache: str) -> None:
    write(client, cache, "key", "grüße")

    got = client.get(cache, "key")

    assert isinstance(got, CacheGet.Hit)
    assert got.value_string == "grüße"


def test_set_replaces_what_was_there(client: Client, cache: str) -> None:
    write(client, cache, "key", "a long first value")
    write(client, cache, "key", "2nd")

    assert value_of(client, cache, "key") == b"2nd"


def test_what_is_deleted_is_gone(client: Client, cache: str) -> None:
    write(client, cache, "key", "value")

    deleted = client.delete(cache, "key")

    assert isinstance(deleted, CacheDelete.Success)
    assert value_of(client, cache, "key") is None


def test_deleting_what_is_not_there_succeeds(client: Client, cache: str) -> None:
    assert isinstance(client.delete(cache, "key"), CacheDelete.Success)


def test_increment_counts_from_nothing_up_and_down(client: Client, cache: str) -> None:
    values = []
    for amount in (1, 41, -1042, 0):
        counted = client.increment(cache, "key", amount)
        assert isinstance(counted, CacheIncrement.Success), counted
        values.append(counted.value)

    assert values == [1, 42, -1000, -1000]
    assert value_of(client, cache, "key") == b"-1000"


def test_increment_goes_on_from_a_number_that_was_set(client: Client, cache: str) -> None:
    write(client, cache, "key", "10")

    counted = client.increment(cache, "key", 5)

    assert isinstance(counted, CacheIncrement.Success)
    assert counted.value == 15


def test_increment_refuses_what_is_no_number(client: Client, cache: str) -> None:
    for value in (b"forty-one", b"", b"1.5", b" 1", b"1 ", b"0x10", b"\xff", b"9" * 30):
        write(client, cache, "key", value)

        refused = client.increment(cache, "key", 1)

        assert isinstance(refused, CacheIncrement.Error), value
        assert refused.error_code is MomentoErrorCode.FAILED_PRECONDITION_ERROR
        assert value_of(client, cache, "key") == value


def test_set_if_not_exists_writes_once(client: Client, cache: str) -> None:
    first = client.set_if_not_exists(cache, "key", "first")
    second = client.set_if_not_exists(cache, "key", "second")

    assert isinstance(first, CacheSetIfNotExists.Stored)
    assert isinstance(second, CacheSetIfNotExists.NotStored)
    assert value_of(client, cache, "key") == b"first"


def test_an_empty_value_exists(client: Client, cache: str) -> None:
    write(client, cache, "key", "")

    refused = client.set_if_not_exists(cache, "key", "second")

    assert isinstance(refused, CacheSetIfNotExists.NotStored)


def test_caches_share_no_keys(client: Client, cache: str, other_cache: str) -> None:
    write(client, cache, "key", "here")

    assert value_of(client, other_cache, "key") is None


def test_an_item_is_a_miss_when_its_second_is_over(client: Client, cache: str) -> None:
    """Time is the promise here: the miss must come after exactly one second."""
    assert isinstance(client.set(cache, "set", "value", ttl=SECOND), CacheSet.Success)
    client.increment(cache, "increment", 1, ttl=SECOND)
    client.set_if_not_exists(cache, "absent", "value", ttl=SECOND)
    written = time.monotonic()
    assert value_of(client, cache, "set") == b"value"

    time.sleep(max(0.0, written + 1 - time.monotonic()))

    assert value_of(client, cache, "set") is None
    assert value_of(client, cache, "increment") is None
    assert value_of(client, cache, "absent") is None


def test_five_million_bytes_come_back(client: Client, cache: str) -> None:
    value = BYTES * (5_000_000 // 256) + bytes(5_000_000 % 256)

    write(client, cache, "key", value)

    assert value_of(client, cache, "key") == value


def test_more_than_the_limit_is_refused_by_name(client: Client, cache: str) -> None:
    refused = client.set(cache, "key", bytes(5_300_000))

    assert isinstance(refused, CacheSet.Error)
    assert refused.error_code is MomentoErrorCode.LIMIT_EXCEEDED_ERROR
    assert refused.message.startswith("Request size limit exceeded")
    assert "request limit" in refused.inner_exception.message.lower()
    assert value_of(client, cache, "key") is None
