"""One well-formed request for every data and control method that Attimo has, by raw message."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import common_pb2 as common
from momento_wire_types import controlclient_pb2 as control_pb

from conformance import leaderboard_messages
from conformance.wire import CONTROL, LEADERBOARD, SCS, Message, Refusal, Wire, messages, refusal

KEY = b"key"


@dataclass(frozen=True)
class Call:
    """One method and a request that it takes."""

    service: str
    method: str
    request: Message
    reply: type[Message]
    streams: bool = False

    def __str__(self) -> str:
        return self.method

    def on(self, wire: Wire) -> object:
        """Send it."""
        if self.streams:
            return wire.stream(self.method, self.request, self.reply)
        return wire.unary(self.service, self.method, self.request, self.reply)


def refusals(wire: Wire, calls: Iterable[Call]) -> list[tuple[str, Refusal]]:
    """How each of these calls, none of which may succeed, was refused."""
    return [(str(call), refusal(partial(call.on, wire))) for call in calls]


def codes(wire: Wire, calls: Iterable[Call]) -> set[grpc.StatusCode]:
    """By which codes these calls, none of which may succeed, were refused."""
    return {each.code for _, each in refusals(wire, calls)}


def _scs(method: str, **fields: Any) -> Call:
    """A data call, with the messages that the published descriptor names."""
    request, reply = messages(method)
    return Call(SCS, method, request(**fields), reply, streams=method.endswith("Batch"))


def _board(method: str, **fields: Any) -> Call:
    """A call about a leaderboard."""
    request = leaderboard_messages.request(method, leaderboard=KEY.decode(), **fields)
    return Call(LEADERBOARD, method, request, leaderboard_messages.reply(method))


def _control(method: str, **fields: Any) -> Call:
    """A control call."""
    request, reply = (getattr(control_pb, f"_{method}{end}") for end in ("Request", "Response"))
    return Call(CONTROL, method, request(**fields), reply)


_ONE_ITEM: dict[str, Any] = {"cache_key": KEY}
_WRITES: dict[str, Any] = {"ttl_milliseconds": 1}
_SOURCE = pb._SortedSetUnionStoreRequest._Source(set_name=KEY, weight=1)

PLAIN = [
    _scs("Get", **_ONE_ITEM),
    _scs("Set", **_ONE_ITEM, **_WRITES),
    _scs("Delete", **_ONE_ITEM),
    _scs("KeysExist", cache_keys=[KEY]),
    _scs("Increment", amount=1, **_ONE_ITEM, **_WRITES),
    _scs("SetIf", absent=common.Absent(), **_ONE_ITEM, **_WRITES),
    _scs("SetIfNotExists", **_ONE_ITEM, **_WRITES),
    _scs("GetWithHash", **_ONE_ITEM),
    _scs("SetIfHash", unconditional=common.Unconditional(), **_ONE_ITEM, **_WRITES),
    _scs("GetBatch", items=[pb._GetRequest(**_ONE_ITEM)]),
    _scs("SetBatch", items=[pb._SetRequest(**_ONE_ITEM, **_WRITES)]),
    _scs("UpdateTtl", overwrite_to_milliseconds=1, **_ONE_ITEM),
    _scs("ItemGetTtl", **_ONE_ITEM),
    _scs("ItemGetType", **_ONE_ITEM),
]

DICTIONARIES = [
    _scs("DictionaryGet", dictionary_name=KEY, fields=[b"field"]),
    _scs("DictionaryFetch", dictionary_name=KEY),
    _scs(
        "DictionarySet",
        dictionary_name=KEY,
        items=[pb._DictionaryFieldValuePair(field=b"field", value=b"value")],
        **_WRITES,
    ),
    _scs("DictionaryIncrement", dictionary_name=KEY, field=b"field", amount=1, **_WRITES),
    _scs("DictionaryDelete", dictionary_name=KEY, some={"fields": [b"field"]}),
    _scs("DictionaryDelete", dictionary_name=KEY, all={}),
    _scs("DictionaryLength", dictionary_name=KEY),
]

SETS = [
    _scs("SetFetch", set_name=KEY),
    _scs("SetSample", set_name=KEY, limit=1),
    _scs("SetUnion", set_name=KEY, elements=[b"a"], **_WRITES),
    _scs("SetDifference", set_name=KEY, subtrahend={"set": {"elements": [b"a"]}}),
    _scs("SetDifference", set_name=KEY, subtrahend={"identity": {}}),
    _scs("SetContains", set_name=KEY, elements=[b"a"]),
    _scs("SetLength", set_name=KEY),
    _scs("SetPop", set_name=KEY, count=1),
]

LISTS = [
    _scs("ListPushFront", list_name=KEY, value=b"a", **_WRITES),
    _scs("ListPushBack", list_name=KEY, value=b"a", **_WRITES),
    _scs("ListPopFront", list_name=KEY),
    _scs("ListPopBack", list_name=KEY),
    _scs("ListErase", list_name=KEY, some={"ranges": [{"begin_index": 0, "count": 1}]}),
    _scs("ListErase", list_name=KEY, all={}),
    _scs("ListRemove", list_name=KEY, all_elements_with_value=b"a"),
    _scs("ListFetch", list_name=KEY),
    _scs("ListLength", list_name=KEY),
    _scs("ListConcatenateFront", list_name=KEY, values=[b"a"], **_WRITES),
    _scs("ListConcatenateBack", list_name=KEY, values=[b"a"], **_WRITES),
    _scs("ListRetain", list_name=KEY, **_WRITES),
]

SORTED_SETS = [
    _scs(
        "SortedSetPut",
        set_name=KEY,
        elements=[pb._SortedSetElement(value=b"a", score=1)],
        **_WRITES,
    ),
    _scs("SortedSetFetch", set_name=KEY, by_index={}),
    _scs("SortedSetFetch", set_name=KEY, by_score={"count": -1}),
    _scs("SortedSetGetScore", set_name=KEY, values=[b"a"]),
    _scs("SortedSetRemove", set_name=KEY, some={"values": [b"a"]}),
    _scs("SortedSetRemove", set_name=KEY, all={}),
    _scs("SortedSetIncrement", set_name=KEY, value=b"a", amount=1, **_WRITES),
    _scs("SortedSetGetRank", set_name=KEY, value=b"a"),
    _scs("SortedSetLength", set_name=KEY),
    _scs("SortedSetLengthByScore", set_name=KEY),
]

UNION_STORE = _scs("SortedSetUnionStore", set_name=b"target", sources=[_SOURCE], **_WRITES)

LEADERBOARDS = [
    _board("UpsertElements", elements=[{"id": 1, "score": 1.0}]),
    _board("GetByRank", rank_range={"start_inclusive": 0, "end_exclusive": 1}),
    _board("GetByScore"),
    _board("GetRank", ids=[1]),
    _board("GetCompetitionRank", ids=[1]),
    _board("GetLeaderboardLength"),
    _board("RemoveElements", ids=[1]),
    _board("DeleteLeaderboard"),
]

DATA = [
    *PLAIN,
    *DICTIONARIES,
    *SETS,
    *LISTS,
    *SORTED_SETS,
    UNION_STORE,
    *LEADERBOARDS,
]

CONTROLS = [
    _control("CreateCache", cache_name="never-made"),
    _control("DeleteCache", cache_name="never-made"),
    _control("FlushCache", cache_name="never-made"),
    _control("ListCaches"),
]
