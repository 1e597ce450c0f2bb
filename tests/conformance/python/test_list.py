"""Lists, through Momento's own Python clients; by raw message where these have no method."""

from itertools import product
from typing import Any

from momento.responses import (
    CacheListConcatenateBack,
    CacheListConcatenateFront,
    CacheListFetch,
    CacheListLength,
    CacheListPopBack,
    CacheListPopFront,
    CacheListPushBack,
    CacheListPushFront,
    CacheListRemoveValue,
)

from conformance.python.clients import Client, expect
from conformance.wire import MINUTE, Wire

LETTERS = list("abcde")
ENDS = [None, -100, -6, -5, -4, -1, 0, 1, 3, 4, 5, 6, 100, -(2**31), 2**31 - 1]


def all_of(client: Client, cache: str) -> list[str] | None:
    """What a fetch finds, or None for a miss."""
    fetched = client.list_fetch(cache, "list")
    if isinstance(fetched, CacheListFetch.Miss):
        return None
    return expect(fetched, CacheListFetch.Hit).value_list_string


def make(client: Client, cache: str, values: list[str] = LETTERS) -> None:
    """A list of these values, whatever was there."""
    client.delete(cache, "list")
    made = client.list_concatenate_back(cache, "list", values)
    assert expect(made, CacheListConcatenateBack.Success).list_length == len(values)


def slice_of(start: int | None, end: int | None) -> dict[str, Any]:
    """A slice as the wire has it: unbounded ends are said."""
    first: dict[str, Any] = {"unbounded_start": {}} if start is None else {"inclusive_start": start}
    last: dict[str, Any] = {"unbounded_end": {}} if end is None else {"exclusive_end": end}
    return first | last


def fetch(scs: Wire, **slice_: Any) -> list[str] | None:
    """A slice of the list, or None for a miss."""
    reply = scs.ask("ListFetch", list_name=b"list", **slice_)
    if reply.WhichOneof("list") == "missing":
        return None
    assert reply.WhichOneof("list") == "found"
    return [value.decode() for value in reply.found.values]


def left_by(scs: Wire, method: str, **fields: Any) -> int | None:
    """How long the list is after a change, or None for a miss."""
    reply = scs.ask(method, list_name=b"list", **fields)
    if reply.WhichOneof("list") == "missing":
        return None
    assert reply.WhichOneof("list") == "found"
    return int(reply.found.list_length)


def exists(scs: Wire) -> bool:
    """Whether there is a list."""
    (there,) = scs.ask("KeysExist", cache_keys=[b"list"]).exists
    return bool(there)


def test_values_are_pushed_at_both_ends(client: Client, cache: str) -> None:
    lengths = []
    for value in "ab":
        back = client.list_push_back(cache, "list", value)
        lengths.append(expect(back, CacheListPushBack.Success).list_length)
        front = client.list_push_front(cache, "list", value.upper())
        lengths.append(expect(front, CacheListPushFront.Success).list_length)

    assert lengths == [1, 2, 3, 4]
    assert all_of(client, cache) == ["B", "A", "a", "b"]


def test_lists_are_joined_in_the_order_given_at_both_ends(client: Client, cache: str) -> None:
    make(client, cache, ["c"])

    front = client.list_concatenate_front(cache, "list", ["a", "b"])
    back = client.list_concatenate_back(cache, "list", ["d", "e"])

    assert expect(front, CacheListConcatenateFront.Success).list_length == 3
    assert expect(back, CacheListConcatenateBack.Success).list_length == 5
    assert all_of(client, cache) == LETTERS


def test_any_bytes_come_back(client: Client, cache: str) -> None:
    for value in (b"", bytes(range(256)), b"x" * 100_000):
        client.list_push_back(cache, "list", value)

        fetched = expect(client.list_fetch(cache, "list"), CacheListFetch.Hit)
        popped = expect(client.list_pop_front(cache, "list"), CacheListPopFront.Hit)

        assert fetched.value_list_bytes == [value]
        assert popped.value_bytes == value


def test_equal_values_stand_side_by_side(client: Client, cache: str) -> None:
    make(client, cache, ["a"] * 1000)

    assert all_of(client, cache) == ["a"] * 1000


def test_values_are_popped_from_both_ends_until_the_list_is_gone(
    client: Client, scs: Wire, cache: str
) -> None:
    make(client, cache, ["a", "b", "c"])

    popped = [
        expect(client.list_pop_back(cache, "list"), CacheListPopBack.Hit).value_string,
        expect(client.list_pop_front(cache, "list"), CacheListPopFront.Hit).value_string,
        expect(client.list_pop_front(cache, "list"), CacheListPopFront.Hit).value_string,
    ]

    assert popped == ["c", "a", "b"]
    expect(client.list_pop_front(cache, "list"), CacheListPopFront.Miss)
    expect(client.list_pop_back(cache, "list"), CacheListPopBack.Miss)
    assert not exists(scs)


def test_a_pop_tells_how_many_are_left(scs: Wire) -> None:
    values = [b"a", b"b", b"c"]
    scs.ask("ListConcatenateBack", list_name=b"list", values=values, ttl_milliseconds=MINUTE)

    front = scs.ask("ListPopFront", list_name=b"list").found
    back = scs.ask("ListPopBack", list_name=b"list").found
    last = scs.ask("ListPopBack", list_name=b"list").found

    assert (front.front, front.list_length) == (b"a", 2)
    assert (back.back, back.list_length) == (b"c", 1)
    assert (last.back, last.list_length) == (b"b", 0)


def test_the_length_is_the_number_of_values(client: Client, cache: str) -> None:
    expect(client.list_length(cache, "list"), CacheListLength.Miss)

    make(client, cache)

    assert expect(client.list_length(cache, "list"), CacheListLength.Hit).length == 5


def test_nothing_is_a_miss(client: Client, scs: Wire, cache: str) -> None:
    assert all_of(client, cache) is None
    expect(client.list_remove_value(cache, "list", "a"), CacheListRemoveValue.Success)
    assert left_by(scs, "ListRetain", ttl_milliseconds=MINUTE, **slice_of(0, 1)) is None
    assert left_by(scs, "ListErase", all={}) is None
    assert left_by(scs, "ListErase", some={"ranges": [{"begin_index": 0, "count": 1}]}) is None


def test_pushing_at_the_back_cuts_the_front(client: Client, cache: str) -> None:
    for size in (1, 3, 5, 6, 7):
        make(client, cache)

        pushed = client.list_push_back(cache, "list", "z", truncate_front_to_size=size)

        kept = list("abcdez")[-size:]
        assert expect(pushed, CacheListPushBack.Success).list_length == len(kept)
        assert all_of(client, cache) == kept


def test_pushing_at_the_front_cuts_the_back(client: Client, cache: str) -> None:
    for size in (1, 3, 6, 7):
        make(client, cache)

        pushed = client.list_push_front(cache, "list", "z", truncate_back_to_size=size)

        kept = list("zabcde")[:size]
        assert expect(pushed, CacheListPushFront.Success).list_length == len(kept)
        assert all_of(client, cache) == kept


def test_joining_cuts_the_other_end(client: Client, cache: str) -> None:
    for size in (1, 2, 4, 7, 8):
        make(client, cache)
        back = client.list_concatenate_back(cache, "list", ["y", "z"], truncate_front_to_size=size)
        kept = list("abcdeyz")[-size:]
        assert expect(back, CacheListConcatenateBack.Success).list_length == len(kept)
        assert all_of(client, cache) == kept

        make(client, cache)
        front = client.list_concatenate_front(cache, "list", ["y", "z"], truncate_back_to_size=size)
        kept = list("yzabcde")[:size]
        assert expect(front, CacheListConcatenateFront.Success).list_length == len(kept)
        assert all_of(client, cache) == kept


def test_cutting_to_nothing_is_no_cutting(scs: Wire) -> None:
    for _ in range(3):
        pushed = scs.ask(
            "ListPushBack",
            list_name=b"list",
            value=b"a",
            truncate_front_to_size=0,
            ttl_milliseconds=MINUTE,
        )

    assert pushed.list_length == 3


def test_a_value_is_removed_wherever_it_stands(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache, list("abacad"))

    removed = client.list_remove_value(cache, "list", "a")

    expect(removed, CacheListRemoveValue.Success)
    assert all_of(client, cache) == ["b", "c", "d"]
    expect(client.list_remove_value(cache, "list", "never there"), CacheListRemoveValue.Success)
    assert left_by(scs, "ListRemove", all_elements_with_value=b"b") == 2


def test_a_list_whose_last_value_is_removed_is_gone(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache, ["a", "a"])

    client.list_remove_value(cache, "list", "a")

    assert all_of(client, cache) is None
    assert not exists(scs)


def test_a_slice_is_what_python_makes_of_it_and_an_empty_one_a_miss(
    client: Client, scs: Wire, cache: str
) -> None:
    make(client, cache)

    fetched = {ends: fetch(scs, **slice_of(*ends)) for ends in product(ENDS, ENDS)}

    assert fetched == {(start, end): LETTERS[start:end] or None for start, end in fetched}


def test_ends_that_are_not_said_are_unbounded(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)

    assert fetch(scs) == LETTERS
    assert fetch(scs, inclusive_start=3) == ["d", "e"]
    assert fetch(scs, exclusive_end=2) == ["a", "b"]


def test_what_is_retained_is_the_slice(client: Client, scs: Wire, cache: str) -> None:
    wrong = {}
    for start, end in product(ENDS, ENDS):
        make(client, cache)
        left = left_by(scs, "ListRetain", ttl_milliseconds=MINUTE, **slice_of(start, end))

        kept = LETTERS[start:end]
        found = (left, all_of(client, cache), exists(scs))
        if found != (len(kept), kept or None, bool(kept)):
            wrong[start, end] = found

    assert wrong == {}


def test_ranges_are_erased_as_they_stood_before(client: Client, scs: Wire, cache: str) -> None:
    cases = [
        ([(0, 1)], "bcde"),
        ([(1, 3)], "ae"),
        ([(0, 1), (2, 1), (4, 1)], "bd"),
        ([(4, 1), (0, 1)], "bcd"),
        ([(0, 3), (1, 3)], "e"),
        ([(3, 100), (7, 1)], "abc"),
        ([(2, 0)], "abcde"),
        ([(0, 2**32 - 1)], ""),
        ([(2**32 - 1, 2**32 - 1)], "abcde"),
        ([], "abcde"),
    ]
    for ranges, kept in cases:
        make(client, cache)
        asked = [{"begin_index": begin, "count": count} for begin, count in ranges]

        left = left_by(scs, "ListErase", some={"ranges": asked})

        assert left == len(kept), ranges
        assert all_of(client, cache) == (list(kept) or None), ranges
        assert exists(scs) == bool(kept), ranges


def test_all_is_erased_at_once(client: Client, scs: Wire, cache: str) -> None:
    make(client, cache)

    assert left_by(scs, "ListErase", all={}) == 0
    assert all_of(client, cache) is None


def test_joining_nothing_makes_no_list(scs: Wire) -> None:
    joined = scs.ask("ListConcatenateBack", list_name=b"list", values=[], ttl_milliseconds=MINUTE)

    assert joined.list_length == 0
    assert not exists(scs)
