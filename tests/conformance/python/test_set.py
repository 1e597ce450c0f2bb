"""Sets, through Momento's own Python clients; by raw message where these have no method."""

from typing import Any

from momento.responses import (
    CacheSetAddElement,
    CacheSetAddElements,
    CacheSetFetch,
    CacheSetRemoveElement,
    CacheSetRemoveElements,
)

from conformance.python.clients import Client, expect
from conformance.wire import MINUTE, Wire

LETTERS = {"a", "b", "c", "d", "e"}


def all_of(client: Client, cache: str) -> set[str] | None:
    """What a fetch finds, or None for a miss."""
    fetched = client.set_fetch(cache, "set")
    if isinstance(fetched, CacheSetFetch.Miss):
        return None
    return expect(fetched, CacheSetFetch.Hit).value_set_string


def make(client: Client, cache: str, elements: set[str] = LETTERS) -> None:
    """A set of these elements."""
    expect(client.set_add_elements(cache, "set", elements), CacheSetAddElements.Success)


def found(scs: Wire, method: str, **fields: Any) -> Any:
    """What a call finds, or None for a miss."""
    reply = scs.ask(method, set_name=b"set", **fields)
    if reply.WhichOneof("set") == "missing":
        return None
    assert reply.WhichOneof("set") == "found"
    return reply.found


def taken(scs: Wire, method: str, **fields: Any) -> list[str] | None:
    """The elements that a sample or a pop brings, or None for a miss."""
    answer = found(scs, method, **fields)
    return None if answer is None else [element.decode() for element in answer.elements]


def exists(scs: Wire) -> bool:
    """Whether there is a set."""
    (there,) = scs.ask("KeysExist", cache_keys=[b"set"]).exists
    return bool(there)


def test_an_element_is_in_it_once(client: Client, cache: str) -> None:
    for element in ("a", "b", "a"):
        added = client.set_add_element(cache, "set", element)
        expect(added, CacheSetAddElement.Success)
    make(client, cache, {"b", "c"})

    assert all_of(client, cache) == {"a", "b", "c"}


def test_any_bytes_come_back(client: Client, cache: str) -> None:
    elements = {b"", bytes(range(256)), b"x" * 100_000}
    for element in elements:
        client.set_add_element(cache, "set", element)

    fetched = expect(client.set_fetch(cache, "set"), CacheSetFetch.Hit)

    assert fetched.value_set_bytes == elements


def test_many_elements_come_back(client: Client, cache: str) -> None:
    elements = {f"element {i}" for i in range(5000)}
    make(client, cache, elements)

    assert all_of(client, cache) == elements


def test_nothing_is_a_miss(client: Client, scs: Wire, cache: str) -> None:
    assert all_of(client, cache) is None
    asked: dict[str, dict[str, Any]] = {
        "SetLength": {},
        "SetContains": {"elements": [b"a"]},
        "SetSample": {"limit": 1},
        "SetPop": {"count": 1},
        "SetDifference": {"subtrahend": {"set": {"elements": [b"a"]}}},
    }
    for method, fields in asked.items():
        assert found(scs, method, **fields) is None


def test_removed_elements_are_gone(client: Client, cache: str) -> None:
    make(client, cache)

    one = client.set_remove_element(cache, "set", "a")
    several = client.set_remove_elements(cache, "set", ["b", "c", "never there"])

    expect(one, CacheSetRemoveElement.Success)
    expect(several, CacheSetRemoveElements.Success)
    assert all_of(client, cache) == {"d", "e"}


def test_removing_from_nothing_succeeds(client: Client, cache: str) -> None:
    expect(client.set_remove_element(cache, "set", "a"), CacheSetRemoveElement.Success)
    expect(client.set_remove_elements(cache, "set", ["a"]), CacheSetRemoveElements.Success)

    assert all_of(client, cache) is None


def test_a_set_without_elements_is_gone(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)

    client.set_remove_elements(cache, "set", LETTERS)

    assert all_of(client, cache) is None
    assert not exists(scs)


def test_all_is_removed_by_identity(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)

    scs.ask("SetDifference", set_name=b"set", subtrahend={"identity": {}})

    assert all_of(client, cache) is None
    assert not exists(scs)


def test_a_set_is_subtracted_from_elements(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)

    assert found(scs, "SetDifference", minuend={"elements": [b"d", b"e", b"f", b"g"]}) is not None
    assert all_of(client, cache) == {"f", "g"}

    assert found(scs, "SetDifference", minuend={"elements": [b"f"]}) is not None
    assert all_of(client, cache) is None
    assert not exists(scs)


def test_contains_is_answered_where_it_was_asked(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache, {"a", "c"})

    answer = found(scs, "SetContains", elements=[b"c", b"b", b"a", b"c", b""])

    assert list(answer.contains) == [True, False, True, True, False]
    assert list(found(scs, "SetContains", elements=[]).contains) == []


def test_the_length_is_the_number_of_elements(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)
    make(client, cache, {"a", "z"})

    assert found(scs, "SetLength").length == 6


def test_a_sample_is_of_distinct_elements_and_changes_nothing(
    client: Client, scs: Wire, cache: str
) -> None:
    make(client, cache)

    for limit in (0, 1, 3, 5, 6, 2**64 - 1):
        sample = taken(scs, "SetSample", limit=limit)

        assert sample is not None
        assert len(sample) == len(set(sample)) == min(limit, 5)
        assert set(sample) <= LETTERS
        assert all_of(client, cache) == LETTERS


def test_every_element_comes_in_a_sample_some_time(client: Client, scs: Wire, cache: str) -> None:
    """One of five stays away from 400 samples once in 10^38 runs."""
    make(client, cache)

    seen = {(taken(scs, "SetSample", limit=1) or [""])[0] for _ in range(400)}

    assert seen == LETTERS


def test_what_is_popped_is_distinct_and_gone(client: Client, scs: Wire, cache: str) -> None:
    for count in (0, 1, 3, 5, 6, 2**32 - 1):
        make(client, cache)

        popped = taken(scs, "SetPop", count=count)

        assert popped is not None
        assert len(popped) == len(set(popped)) == min(count, 5)
        assert all_of(client, cache) == (LETTERS - set(popped) or None)
        assert exists(scs) == (count < 5)


def test_a_set_is_popped_to_its_end(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache, {str(i) for i in range(100)})

    popped = [taken(scs, "SetPop", count=7) for _ in range(15)]

    values = [element for part in popped for element in part or []]
    assert sorted(values, key=int) == [str(i) for i in range(100)]
    assert taken(scs, "SetPop", count=1) is None


def test_adding_nothing_makes_no_set(scs: Wire) -> None:
    scs.ask("SetUnion", set_name=b"set", elements=[], ttl_milliseconds=MINUTE)

    assert not exists(scs)
