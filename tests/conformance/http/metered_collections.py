"""The methods of collections and leaderboards, as `metered_items.py` has those of single values."""

from typing import Any

from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common

from conformance.http.client_count import Counted
from conformance.http.metered_items import GONE, TIME, TTL, Pair

UNBOUNDED = common._Unbounded()


def _source(name: bytes) -> Any:
    return pb._SortedSetUnionStoreRequest._Source(set_name=name, weight=1)


COLLECTIONS: list[tuple[str, Pair, Counted]] = [
    (
        "DictionaryFetch",
        Pair({"dictionary_name": b"d"}, "GET", "dictionary", {"key": "d"}),
        Counted(sent=(1,), found=(3,), hits=1),
    ),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": b"d", "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "d", "field": ["a", "no"]},
        ),
        Counted(sent=(1, 2), name=1, found=(2,), hits=1, misses=1),
    ),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": GONE, "fields": [b"a", b"no"]},
            "GET",
            "dictionary",
            {"key": "gone", "field": ["a", "no"]},
        ),
        Counted(sent=(1, 2), name=4, misses=2),
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
        Counted(sent=(4,), name=1),
    ),
    (
        "DictionaryLength",
        Pair({"dictionary_name": b"d"}, "GET", "dictionary/length", {"key": "d"}),
        Counted(sent=(1,), hits=1),
    ),
    (
        "DictionaryIncrement",
        Pair(
            {"dictionary_name": b"d", "field": b"n", "amount": 1, **TTL},
            "POST",
            "dictionary/increment",
            {"key": "d", "field": "n"} | TIME,
        ),
        Counted(sent=(9,), name=1),
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
        Counted(sent=(1, 2), name=1),
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
        Counted(sent=(1, 2), name=1),
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
        Counted(sent=(5,), name=1),
    ),
    (
        "ListRetain",
        Pair(
            {"list_name": b"l", "inclusive_start": 1, "unbounded_end": UNBOUNDED, **TTL},
            "POST",
            "list/retain",
            {"key": "l", "start": 1},
        ),
        Counted(sent=(1,)),
    ),
    (
        "ListRetain",
        Pair({"list_name": GONE, **TTL}, "POST", "list/retain", {"key": "gone"}),
        Counted(sent=(4,)),
    ),
    (
        "ListFetch",
        Pair({"list_name": b"l"}, "GET", "list", {"key": "l"}),
        Counted(sent=(1,), found=(1, 3, 1, 2), hits=1),
    ),
    (
        "ListFetch",  # of an empty part
        Pair(
            {"list_name": b"l", "inclusive_start": 100, "unbounded_end": UNBOUNDED},
            "GET",
            "list",
            {"key": "l", "start": 100},
        ),
        Counted(sent=(1,), hits=1),
    ),
    (
        "ListFetch",
        Pair({"list_name": GONE}, "GET", "list", {"key": "gone"}),
        Counted(sent=(4,), misses=1),
    ),
    (
        "ListLength",
        Pair({"list_name": b"l"}, "GET", "list/length", {"key": "l"}),
        Counted(sent=(1,), hits=1),
    ),
    (
        "ListPopFront",
        Pair({"list_name": b"l"}, "POST", "list/pop-front", {"key": "l"}),
        Counted(sent=(1,), found=(1,), hits=1),
    ),
    (
        "ListPopBack",
        Pair({"list_name": GONE}, "POST", "list/pop-back", {"key": "gone"}),
        Counted(sent=(4,), misses=1),
    ),
    (
        "ListRemove",
        Pair(
            {"list_name": b"l", "all_elements_with_value": b"x"},
            "DELETE",
            "list",
            {"key": "l", "value": "x"},
        ),
        Counted(sent=(1,), name=1),
    ),
    (
        "ListErase",
        Pair(
            {"list_name": b"l", "all": pb._ListEraseRequest._All()}, "DELETE", "list", {"key": "l"}
        ),
        Counted(sent=(1,)),
    ),
    (
        "SetFetch",
        Pair({"set_name": b"s"}, "GET", "set", {"key": "s"}),
        Counted(sent=(1,), found=(1, 2), hits=1),
    ),
    (
        "SetLength",
        Pair({"set_name": b"s"}, "GET", "set/length", {"key": "s"}),
        Counted(sent=(1,), hits=1),
    ),
    (
        "SetContains",
        Pair(
            {"set_name": b"s", "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "s", "element": ["a", "no"]},
        ),
        Counted(sent=(1, 2), name=1, hits=1, misses=1),
    ),
    (
        "SetContains",
        Pair(
            {"set_name": GONE, "elements": [b"a", b"no"]},
            "GET",
            "set/contains",
            {"key": "gone", "element": ["a", "no"]},
        ),
        Counted(sent=(1, 2), name=4, misses=2),
    ),
    (
        "SetSample",
        Pair({"set_name": b"s", "limit": 9}, "GET", "set/sample", {"key": "s", "limit": 9}),
        Counted(sent=(1,), found=(1, 2), hits=1),
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
        Counted(sent=(3,), name=1),
    ),
    (
        "SetDifference",
        Pair(
            {"set_name": b"s", "subtrahend": {"set": {"elements": [b"ccc", b"no"]}}},
            "DELETE",
            "set",
            {"key": "s", "element": ["ccc", "no"]},
        ),
        Counted(sent=(3, 2), name=1),
    ),
    (
        "SetPop",
        Pair({"set_name": b"s", "count": 9}, "POST", "set/pop", {"key": "s", "count": 9}),
        Counted(sent=(1,), found=(1, 2), hits=1),
    ),
    (
        "SortedSetPut",
        Pair(
            {"set_name": b"z", "elements": [pb._SortedSetElement(value=b"cc", score=3)], **TTL},
            "POST",
            "sorted-set",
            {"key": "z"} | TIME,
            {"elements": [{"value": "cc", "score": 3}]},
        ),
        Counted(sent=(10,), name=1),
    ),
    (
        "SortedSetFetch",
        Pair({"set_name": b"z", "with_scores": True}, "GET", "sorted-set", {"key": "z"}),
        Counted(sent=(1,), found=(9, 10), hits=1),
    ),
    (
        "SortedSetGetScore",
        Pair(
            {"set_name": b"z", "values": [b"a", b"no"]},
            "GET",
            "sorted-set/scores",
            {"key": "z", "value": ["a", "no"]},
        ),
        Counted(sent=(1, 2), name=1, found=(8,), hits=1, misses=1),
    ),
    (
        "SortedSetGetRank",
        Pair(
            {"set_name": b"z", "value": b"a"}, "GET", "sorted-set/rank", {"key": "z", "value": "a"}
        ),
        Counted(sent=(1,), name=1, hits=1),
    ),
    (
        "SortedSetLength",
        Pair({"set_name": b"z"}, "GET", "sorted-set/length", {"key": "z"}),
        Counted(sent=(1,), hits=1),
    ),
    (
        "SortedSetLengthByScore",
        Pair(
            {"set_name": GONE, "inclusive_min": 0.0},
            "GET",
            "sorted-set/length",
            {"key": "gone", "min": 0},
        ),
        Counted(sent=(4,), misses=1),
    ),
    (
        "SortedSetIncrement",
        Pair(
            {"set_name": b"z", "value": b"a", "amount": 1.0, **TTL},
            "POST",
            "sorted-set/increment",
            {"key": "z", "value": "a"} | TIME,
        ),
        Counted(sent=(9,), name=1),
    ),
    (
        "SortedSetRemove",
        Pair(
            {"set_name": b"z", "some": {"values": [b"cc", b"no"]}},
            "DELETE",
            "sorted-set",
            {"key": "z", "value": ["cc", "no"]},
        ),
        Counted(sent=(2, 2), name=1),
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
        Counted(sent=(1, 1, 4)),
    ),
]

BOARDS: list[tuple[str, Pair, Counted]] = [
    (
        "UpsertElements",
        Pair(
            {"elements": [{"id": 7, "score": 2.0}]},
            "POST",
            "leaderboard",
            {"key": "b"},
            {"elements": [{"id": 7, "score": 2}]},
        ),
        Counted(sent=(12,), name=1),
    ),
    (
        "GetLeaderboardLength",
        Pair({}, "GET", "leaderboard/length", {"key": "b"}),
        Counted(sent=(1,), hits=1),
    ),
    (
        "GetByScore",
        Pair({}, "GET", "leaderboard", {"key": "b"}),
        Counted(sent=(1,), found=(12,), hits=1),
    ),
    (
        "GetByRank",
        Pair(
            {"rank_range": {"start_inclusive": 0, "end_exclusive": 1}},
            "GET",
            "leaderboard",
            {"key": "b", "end": 1},
        ),
        Counted(sent=(1,), found=(12,), hits=1),
    ),
    (
        "GetCompetitionRank",
        Pair(
            {"ids": [7, 8], "order": 1},
            "GET",
            "leaderboard/ranks",
            {"key": "b", "id": [7, 8], "competition": "true"},
        ),
        Counted(sent=(4, 4), name=1, found=(12,), hits=1, misses=1),
    ),
    (
        "GetRank",
        Pair({"ids": [7, 8]}, "GET", "leaderboard/ranks", {"key": "b", "id": [7, 8]}),
        Counted(sent=(4, 4), name=1, found=(12,), hits=1, misses=1),
    ),
    (
        "RemoveElements",
        Pair({"ids": [7, 8]}, "DELETE", "leaderboard", {"key": "b", "id": [7, 8]}),
        Counted(sent=(4, 4), name=1),
    ),
    ("DeleteLeaderboard", Pair({}, "DELETE", "leaderboard", {"key": "b"}), Counted(sent=(1,))),
]
