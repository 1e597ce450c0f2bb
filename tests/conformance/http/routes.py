"""Every route of data, each with a request that it takes and the methods that it is counted as.

What a caller must be allowed to do is said by method in `conformance.python.test_permissions`; here
it stands again by route, so that the server's own table is judged and not repeated.
"""

from dataclasses import dataclass, field
from typing import Any

import httpx

from conformance.http.items import Items

KEY = "key"
READS = {"read"}
WRITES = {"write"}
BOTH = {"read", "write"}


@dataclass(frozen=True)
class Route:
    """One way to ask for one thing."""

    api: str
    """The method that it is counted as."""
    needs: set[str]
    """What its caller must be allowed to do."""
    method: str
    below: str = ""
    query: dict[str, Any] = field(default_factory=dict)
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    names_key: bool = True
    """Whether the query says which item it is about, and not the body."""

    def __str__(self) -> str:
        return f"{self.method} {self.below} {self.api}"

    def ask(self, items: Items, **more: Any) -> httpx.Response:
        """Send it."""
        query = ({"key": KEY} if self.names_key else {}) | self.query | more
        return items.ask(self.method, self.below, self.body, self.headers, **query)


TIME = {"ttl_seconds": 60}
FIELDS = {"fields": [{"field": "a", "value": "1"}]}
VALUES = {"values": ["a"]}
ELEMENTS = {"elements": ["a"]}
SCORES = {"elements": [{"value": "a", "score": 1}]}
RANKED = {"elements": [{"id": 1, "score": 1}]}
SHARED = {"id": 1, "competition": "true"}
NO_TAG = '"no tag of ours"'


def _many(api: str, needs: set[str], below: str, body: object) -> Route:
    return Route(api, needs, "POST", below, TIME, body, names_key=False)


SCALARS = [
    Route("Set", WRITES, "PUT", query=TIME, body=b"1"),
    Route("Get", READS, "GET"),
    Route("Get", READS, "HEAD"),
    Route("Get", READS, "GET", headers={"if-none-match": "*"}),
    Route("SetIf", BOTH, "PUT", query=TIME, body=b"1", headers={"if-match": "*"}),
    Route("SetIf", BOTH, "PUT", query=TIME, body=b"1", headers={"if-none-match": "*"}),
    Route("SetIfHash", BOTH, "PUT", query=TIME, body=b"1", headers={"if-match": NO_TAG}),
    Route("SetIfHash", BOTH, "PUT", query=TIME, body=b"1", headers={"if-none-match": NO_TAG}),
    _many("GetBatch", READS, "get", {"keys": [KEY]}),
    _many("SetBatch", WRITES, "put", {"items": [{"key": KEY, "value": "1"}]}),
    _many("KeysExist", READS, "exists", {"keys": [KEY]}),
    Route("Increment", BOTH, "POST", "increment", TIME),
    Route("ItemGetTtl", READS, "GET", "ttl"),
    Route("UpdateTtl", BOTH, "PUT", "ttl", TIME),
    Route("ItemGetType", READS, "GET", "type"),
    Route("Delete", WRITES, "DELETE"),
]

DICTIONARIES = [
    Route("DictionarySet", WRITES, "POST", "dictionary", TIME, FIELDS),
    Route("DictionaryFetch", READS, "GET", "dictionary"),
    Route("DictionaryGet", READS, "GET", "dictionary", {"field": "a"}),
    Route("DictionaryLength", READS, "GET", "dictionary/length"),
    Route("DictionaryIncrement", BOTH, "POST", "dictionary/increment", TIME | {"field": "a"}),
    Route("DictionaryDelete", WRITES, "DELETE", "dictionary", {"field": "a"}),
    Route("DictionaryDelete", WRITES, "DELETE", "dictionary"),
]

LISTS = [
    Route("ListConcatenateBack", BOTH, "POST", "list/push-back", TIME, VALUES),
    Route("ListConcatenateFront", BOTH, "POST", "list/push-front", TIME, VALUES),
    Route("ListFetch", READS, "GET", "list"),
    Route("ListLength", READS, "GET", "list/length"),
    Route("ListRetain", BOTH, "POST", "list/retain"),
    Route("ListPopBack", BOTH, "POST", "list/pop-back"),
    Route("ListPopFront", BOTH, "POST", "list/pop-front"),
    Route("ListRemove", BOTH, "DELETE", "list", {"value": "a"}),
    Route("ListErase", BOTH, "DELETE", "list"),
]

SETS = [
    Route("SetUnion", WRITES, "POST", "set", TIME, ELEMENTS),
    Route("SetFetch", READS, "GET", "set"),
    Route("SetLength", READS, "GET", "set/length"),
    Route("SetContains", READS, "GET", "set/contains", {"element": "a"}),
    Route("SetSample", READS, "GET", "set/sample", {"limit": 1}),
    Route("SetPop", BOTH, "POST", "set/pop"),
    Route("SetDifference", BOTH, "DELETE", "set", {"element": "a"}),
    Route("SetDifference", BOTH, "DELETE", "set"),
]

SORTED_SETS = [
    Route("SortedSetPut", WRITES, "POST", "sorted-set", TIME, SCORES),
    Route("SortedSetFetch", READS, "GET", "sorted-set"),
    Route("SortedSetFetch", READS, "GET", "sorted-set", {"min": 0}),
    Route("SortedSetGetScore", READS, "GET", "sorted-set/scores", {"value": "a"}),
    Route("SortedSetGetRank", READS, "GET", "sorted-set/rank", {"value": "a"}),
    Route("SortedSetLength", READS, "GET", "sorted-set/length"),
    Route("SortedSetLengthByScore", READS, "GET", "sorted-set/length", {"min": 0}),
    Route("SortedSetIncrement", BOTH, "POST", "sorted-set/increment", TIME | {"value": "a"}),
    Route(
        "SortedSetUnionStore", BOTH, "POST", "sorted-set/union", TIME, {"sources": [{"key": KEY}]}
    ),
    Route("SortedSetRemove", WRITES, "DELETE", "sorted-set", {"value": "a"}),
    Route("SortedSetRemove", WRITES, "DELETE", "sorted-set"),
]

LEADERBOARDS = [
    Route("UpsertElements", WRITES, "POST", "leaderboard", {}, RANKED),
    Route("GetByScore", READS, "GET", "leaderboard"),
    Route("GetByRank", READS, "GET", "leaderboard", {"end": 1}),
    Route("GetLeaderboardLength", READS, "GET", "leaderboard/length"),
    Route("GetRank", READS, "GET", "leaderboard/ranks", {"id": 1}),
    Route(
        "GetCompetitionRank", READS, "GET", "leaderboard/ranks", {"id": 1, "competition": "true"}
    ),
    Route("RemoveElements", WRITES, "DELETE", "leaderboard", {"id": 1}),
    Route("DeleteLeaderboard", WRITES, "DELETE", "leaderboard"),
]

TYPES = [SCALARS, DICTIONARIES, LISTS, SETS, SORTED_SETS, LEADERBOARDS]
DATA = [route for routes in TYPES for route in routes]
PATHS = sorted({route.below for route in DATA})
