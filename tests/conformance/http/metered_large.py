"""Items and elements of more than a KiB: each is rounded up by itself."""

from momento_wire_types import cacheclient_pb2 as pb

from conformance.http.client_count import Counted
from conformance.http.metered_items import TIME, TTL, Pair

VALUE, ELEMENT, SMALL = "v" * 3_000, "e" * 1_025, "s" * 1_024

LARGE: list[tuple[str, Pair, Counted]] = [
    (
        "Set",
        Pair(
            {"cache_key": b"big", "cache_body": VALUE.encode(), **TTL},
            "PUT",
            "",
            {"key": "big"} | TIME,
            VALUE.encode(),
        ),
        Counted(sent=(3_003,)),
    ),
    (
        "Get",
        Pair({"cache_key": b"big"}, "GET", query={"key": "big"}),
        Counted(sent=(3,), found=(3_000,), hits=1),
    ),
    (
        "SetIf",
        Pair(
            {"cache_key": b"big", "cache_body": VALUE.encode(), "present": {}, **TTL},
            "PUT",
            "",
            {"key": "big"} | TIME,
            VALUE.encode(),
            {"if-match": "*"},
        ),
        Counted(sent=(3_003,)),
    ),
    (
        "GetBatch",
        Pair(
            {"items": [pb._GetRequest(cache_key=b"big")] * 2},
            "POST",
            "get",
            {},
            {"keys": ["big", "big"]},
        ),
        Counted(sent=(3, 3), found=(3_000, 3_000), hits=2, commands=2),
    ),
    (
        "DictionarySet",
        Pair(
            {
                "dictionary_name": b"bigs",
                "items": [
                    pb._DictionaryFieldValuePair(field=b"a", value=SMALL.encode()),
                    pb._DictionaryFieldValuePair(field=b"b", value=b"1"),
                ],
                **TTL,
            },
            "POST",
            "dictionary",
            {"key": "bigs"} | TIME,
            {"fields": [{"field": "a", "value": SMALL}, {"field": "b", "value": "1"}]},
        ),
        Counted(sent=(1_025, 2), name=4),
    ),
    (
        "DictionaryFetch",
        Pair({"dictionary_name": b"bigs"}, "GET", "dictionary", {"key": "bigs"}),
        Counted(sent=(4,), found=(1_025, 2), hits=1),
    ),
    (
        "DictionaryGet",
        Pair(
            {"dictionary_name": b"bigs", "fields": [b"a", b"b"]},
            "GET",
            "dictionary",
            {"key": "bigs", "field": ["a", "b"]},
        ),
        Counted(sent=(1, 1), name=4, found=(1_024, 1), hits=2),
    ),
    (
        "ListConcatenateBack",
        Pair(
            {"list_name": b"bigl", "values": [ELEMENT.encode(), b"", b"x"], **TTL},
            "POST",
            "list/push-back",
            {"key": "bigl"} | TIME,
            {"values": [ELEMENT, "", "x"]},
        ),
        Counted(sent=(1_025, 0, 1), name=4),
    ),
    (
        "ListFetch",
        Pair({"list_name": b"bigl"}, "GET", "list", {"key": "bigl"}),
        Counted(sent=(4,), found=(1_025, 0, 1), hits=1),
    ),
    (
        "ListPopFront",
        Pair({"list_name": b"bigl"}, "POST", "list/pop-front", {"key": "bigl"}),
        Counted(sent=(4,), found=(1_025,), hits=1),
    ),
    (
        "SetUnion",
        Pair(
            {"set_name": b"bige", "elements": [ELEMENT.encode(), SMALL.encode()], **TTL},
            "POST",
            "set",
            {"key": "bige"} | TIME,
            {"elements": [ELEMENT, SMALL]},
        ),
        Counted(sent=(1_025, 1_024), name=4),
    ),
    (
        "SetFetch",
        Pair({"set_name": b"bige"}, "GET", "set", {"key": "bige"}),
        Counted(sent=(4,), found=(1_025, 1_024), hits=1),
    ),
    (
        "SetPop",
        Pair({"set_name": b"bige", "count": 9}, "POST", "set/pop", {"key": "bige", "count": 9}),
        Counted(sent=(4,), found=(1_025, 1_024), hits=1),
    ),
    (
        "SortedSetPut",
        Pair(
            {
                "set_name": b"bigz",
                "elements": [pb._SortedSetElement(value=SMALL.encode(), score=3)],
                **TTL,
            },
            "POST",
            "sorted-set",
            {"key": "bigz"} | TIME,
            {"elements": [{"value": SMALL, "score": 3}]},
        ),
        Counted(sent=(1_032,), name=4),
    ),
    (
        "SortedSetFetch",
        Pair({"set_name": b"bigz", "with_scores": True}, "GET", "sorted-set", {"key": "bigz"}),
        Counted(sent=(4,), found=(1_032,), hits=1),
    ),
]
