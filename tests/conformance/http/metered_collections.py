"""The methods of collections and leaderboards, as `metered_items.py` has those of single values."""

from typing import Any

from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.http.metered_items import GONE, TIME, TTL, Pair

UNBOUNDED = common._Unbounded()


def _source(name: bytes) -> Any:
    return pb._SortedSetUnionStoreRequest._Source(set_name=name, weight=1)


COLLECTIONS: list[tuple[str, Pair]] = [
    ("DictionaryFetch", Pair({"dictionary_name": b"d"}, "GET", "dictionary", {"key": "d"})),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": b"d", "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "d", "field": ["a", "no"]},
        ),
    ),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": GONE, "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "gone", "field": ["a", "no"]},
        ),
    ),
    (
        "DictionarySet",
        Pair(
            {
                "dictionary_name": b"d",
                "items": [pb._DictionaryFieldValuePair(field=b"f", value=b"val")],
                **TTL,
            },
            "POST",
            "dictionary",
            {"key": "d"} | TIME,
            {"fields": [{"field": "f", "value": "val"}]},
        ),
    ),
    ("DictionaryLength", Pair({"dictionary_name": b"d"}, "GET", "dictionary/length", {"key": "d"})),
    (
        "DictionaryIncrement",
        Pair(
            {"dictionary_name": b"d", "field": b"n", "amount": 1, **TTL},
            "POST",
            "dictionary/increment",
            {"key": "d", "field": "n"} | TIME,
        ),
    ),
    (
        "DictionaryDelete",
        Pair(
            {
                "dictionary_name": b"d",
                "some": pb._DictionaryDeleteRequest.Some(fields=[b"a", b"no"]),
            },
            "DELETE",
            "dictionary",
            {"key": "d", "field": ["a", "no"]},
        ),
    ),
    (
        "ListConcatenateBack",
        Pair(
            {"list_name": b"l", "values": [b"x", b"yy"], **TTL},
            "POST",
            "list/push-back",
            {"key": "l"} | TIME,
            {"values": ["x", "yy"]},
        ),
    ),
    (
        "ListConcatenateFront",
        Pair(
            {"list_name": b"l", "values": [b"first"], **TTL},
            "POST",
            "list/push-front",
            {"key": "l"} | TIME,
            {"values": ["first"]},
        ),
    ),
    (
        "ListRetain",
        Pair(
            {"list_name": b"l", "inclusive_start": 1, "unbounded_end": UNBOUNDED, **TTL},
            "POST",
            "list/retain",
            {"key": "l", "start": 1},
        ),
    ),
    (
        "ListRetain",
        Pair({"list_name": GONE, **TTL}, "POST", "list/retain", {"key": "gone"}),
    ),
    ("ListFetch", Pair({"list_name": b"l"}, "GET", "list", {"key": "l"})),
    (
        "ListFetch",  # of an empty part
        Pair(
            {"list_name": b"l", "inclusive_start": 100, "unbounded_end": UNBOUNDED},
            "GET",
            "list",
            {"key": "l", "start": 100},
        ),
    ),
    ("ListFetch", Pair({"list_name": GONE}, "GET", "list", {"key": "gone"})),
    ("ListLength", Pair({"list_name": b"l"}, "GET", "list/length", {"key": "l"})),
    ("ListPopFront", Pair({"list_name": b"l"}, "POST", "list/pop-front", {"key": "l"})),
    ("ListPopBack", Pair({"list_name": GONE}, "POST", "list/pop-back", {"key": "gone"})),
    (
        "ListRemove",
        Pair(
            {"list_name": b"l", "all_elements_with_value": b"x"},
            "DELETE",
            "list",
            {"key": "l", "value": "x"},
        ),
    ),
    (
        "ListErase",
        Pair(
            {"list_name": b"l", "all": pb._ListEraseRequest._All()}, "DELETE", "list", {"key": "l"}
        ),
    ),
    ("SetFetch", Pair({"set_name": b"s"}, "GET", "set", {"key": "s"})),
    ("SetLength", Pair({"set_name": b"s"}, "GET", "set/length", {"key": "s"})),
    (
        "SetContains",
        Pair(
            {"set_name": b"s", "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "s", "element": ["a", "no"]},
        ),
    ),
    (
        "SetContains",
        Pair(
            {"set_name": GONE, "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "gone", "element": ["a", "no"]},
        ),
    ),
    (
        "SetSample",
        Pair({"set_name": b"s", "limit": 9}, "GET", "set/sample", {"key": "s", "limit": 9}),
    ),
    (
        "SetUnion",
        Pair(
            {"set_name": b"s", "elements": [b"ccc"], **TTL},
            "POST",
            "set",
            {"key": "s"} | TIME,
            {"elements": ["ccc"]},
        ),
    ),
    (
        "SetDifference",
        Pair(
            {"set_name": b"s", "subtrahend": {"set": {"elements": [b"ccc", b"no"]}}},
            "DELETE",
            "set",
            {"key": "s", "element": ["ccc", "no"]},
        ),
    ),
    ("SetPop", Pair({"set_name": b"s", "count": 9}, "POST", "set/pop", {"key": "s", "count": 9})),
    (
        "SortedSetPut",
        Pair(
            {"set_name": b"z", "elements": [pb._SortedSetElement(value=b"cc", score=3)], **TTL},
            "POST",
            "sorted-set",
            {"key": "z"} | TIME,
            {"elements": [{"value": "cc", "score": 3}]},
        ),
    ),
    (
        "SortedSetFetch",
        Pair({"set_name": b"z", "with_scores": True}, "GET", "sorted-set", {"key": "z"}),
    ),
    (
        "SortedSetGetScore",
        Pair(
            {"set_name": b"z", "values": [b"a", b"no"]},
            "GET",
            "sorted-set/scores",
            {"key": "z", "value": ["a", "no"]},
        ),
    ),
    (
        "SortedSetGetRank",
        Pair(
            {"set_name": b"z", "value": b"a"}, "GET", "sorted-set/rank", {"key": "z", "value": "a"}
        ),
    ),
    ("SortedSetLength", Pair({"set_name": b"z"}, "GET", "sorted-set/length", {"key": "z"})),
    (
        "SortedSetLengthByScore",
        Pair(
            {"set_name": GONE, "inclusive_min": 0.0},
            "GET",
            "sorted-set/length",
            {"key": "gone", "min": 0},
        ),
    ),
    (
        "SortedSetIncrement",
        Pair(
            {"set_name": b"z", "value": b"a", "amount": 1.0, **TTL},
            "POST",
            "sorted-set/increment",
            {"key": "z", "value": "a"} | TIME,
        ),
    ),
    (
        "SortedSetRemove",
        Pair(
            {"set_name": b"z", "some": {"values": [b"cc", b"no"]}},
            "DELETE",
            "sorted-set",
            {"key": "z", "value": ["cc", "no"]},
        ),
    ),
    (
        "SortedSetUnionStore",
        Pair(
            {"set_name": b"u", "sources": [_source(b"z"), _source(GONE)], **TTL},
            "POST",
            "sorted-set/union",
            {"key": "u"} | TIME,
            {"sources": [{"key": "z"}, {"key": "gone"}]},
        ),
    ),
]

BOARDS: list[tuple[str, Pair]] = [
    (
        "UpsertElements",
        Pair(
            {"elements": [{"id": 7, "score": 2.0}]},
            "POST",
            "leaderboard",
            {"key": "b"},
            {"elements": [{"id": 7, "score": 2}]},
        ),
    ),
    ("GetLeaderboardLength", Pair({}, "GET", "leaderboard/length", {"key": "b"})),
    ("GetByScore", Pair({}, "GET", "leaderboard", {"key": "b"})),
    (
        "GetByRank",
        Pair(
            {"rank_range": {"start_inclusive": 0, "end_exclusive": 1}},
            "GET",
            "leaderboard",
            {"key": "b", "end": 1},
        ),
    ),
    (
        "GetCompetitionRank",
        Pair(
            {"ids": [7, 8], "order": 1},
            "GET",
            "leaderboard/ranks",
            {"key": "b", "id": [7, 8], "competition": "true"},
        ),
    ),
    ("GetRank", Pair({"ids": [7, 8]}, "GET", "leaderboard/ranks", {"key": "b", "id": [7, 8]})),
    ("RemoveElements", Pair({"ids": [7, 8]}, "DELETE", "leaderboard", {"key": "b", "id": [7, 8]})),
    ("DeleteLeaderboard", Pair({}, "DELETE", "leaderboard", {"key": "b"})),
]
