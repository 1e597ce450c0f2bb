"""What a token may: every data method, for every kind of grant, as a token and as a key's role.

The expectations are written here anew, by what each method tells and changes, so that the server's
own table is judged and not repeated.
"""

import time
from dataclasses import dataclass
from typing import Any

import grpc
import httpx
import pytest

from conformance.calls import CONTROLS, DATA, KEY, UNION_STORE, Call
from conformance.wire import LEADERBOARD, Wire, messages, refusal
from harness import Server

CACHE = "default-cache"
OTHER = "no-such-cache"
DENIED = grpc.StatusCode.PERMISSION_DENIED
UNAUTHENTICATED = grpc.StatusCode.UNAUTHENTICATED

READS = {"read"}
WRITES = {"write"}
BOTH = {"read", "write"}

ONLY_WRITE = {
    "Set",
    "SetBatch",
    "Delete",
    "DictionarySet",
    "DictionaryDelete",
    "SetUnion",
    "SortedSetPut",
    "SortedSetRemove",
    "UpsertElements",
    "RemoveElements",
    "DeleteLeaderboard",
}
"""Methods whose answer tells nothing of what was there."""

CHANGE_AND_TELL = {
    "Increment",
    "SetIf",
    "SetIfNotExists",
    "SetIfHash",
    "UpdateTtl",
    "DictionaryIncrement",
    "SetDifference",
    "SetPop",
    "ListPushFront",
    "ListPushBack",
    "ListPopFront",
    "ListPopBack",
    "ListErase",
    "ListRemove",
    "ListConcatenateFront",
    "ListConcatenateBack",
    "ListRetain",
    "SortedSetIncrement",
    "SortedSetUnionStore",
}


def needed(method: str) -> set[str]:
    """What a caller must be allowed for a method."""
    if method in ONLY_WRITE:
        return WRITES
    return BOTH if method in CHANGE_AND_TELL else READS


def rule(verbs: set[str], cache: str = "*", items: object = "*") -> dict[str, Any]:
    return about("*" if cache == "*" else {"name": cache}, verbs, items)


def about(caches: object, verbs: set[str], items: object = "*") -> dict[str, Any]:
    return {"type": "cache", "permissions": sorted(verbs), "caches": caches, "items": items}


TOPICS = {"type": "topic", "permissions": ["read", "write"], "caches": "*", "topics": "*"}

GRANTS: dict[str, tuple[list[dict[str, Any]], list[set[str]]]] = {
    "everything": ([rule(BOTH)], [BOTH]),
    "reading": ([rule(READS)], [READS]),
    "writing": ([rule(WRITES)], [WRITES]),
    "reading and writing by two rules": ([rule(READS), rule(WRITES)], [READS, WRITES]),
    "this cache": ([rule(BOTH, CACHE)], [BOTH]),
    "this key": ([rule(BOTH, CACHE, {"key": "key"})], [BOTH]),
    "its exact prefix": ([rule(BOTH, CACHE, {"key_prefix": "key"})], [BOTH]),
    "a shorter prefix": ([rule(READS, CACHE, {"key_prefix": "k"})], [READS]),
    "this key in base64": ([rule(WRITES, CACHE, {"key_base64": "a2V5"})], [WRITES]),
    "another cache": ([rule(BOTH, "another")], []),
    "caches of a prefix": ([about({"prefix": "default-"}, BOTH)], [BOTH]),
    "caches of the whole name as a prefix": ([about({"prefix": CACHE}, READS)], [READS]),
    "caches of another prefix": ([about({"prefix": "default_"}, BOTH)], []),
    "caches of a longer prefix": ([about({"prefix": f"{CACHE}-"}, BOTH)], []),
    "a prefix of caches and one of keys": (
        [about({"prefix": "d"}, READS, {"key_prefix": "k"})],
        [READS],
    ),
    "listing": ([rule({"list"})], []),
    "reading and listing": ([rule(READS | {"list"})], [READS]),
    "another key": ([rule(BOTH, CACHE, {"key": "keys"})], []),
    "a longer prefix": ([rule(BOTH, CACHE, {"key_prefix": "key/"})], []),
    "a narrow rule beside one for elsewhere": (
        [rule(BOTH, "another"), rule(READS, CACHE, {"key": "key"})],
        [READS],
    ),
    "topics": ([TOPICS], []),
}
"""Rules, and which verbs each of them grants on the key of the calls."""


@dataclass(frozen=True)
class Maker:
    """Makes credentials with the owner's key, over HTTP."""

    http: str
    api_key: str

    def ask(self, method: str, path: str, body: object = None) -> Any:
        headers = {"authorization": self.api_key}
        answer = httpx.request(method, f"{self.http}{path}", headers=headers, json=body)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def token(self, rules: list[dict[str, Any]], seconds: int = 600) -> str:
        asked = {"permissions": {"rules": rules}, "valid_for_seconds": seconds}
        return str(self.ask("POST", "/tokens", asked)["token"])

    def role(self, rules: list[dict[str, Any]], **more: object) -> str:
        name = f"role {time.monotonic_ns()}"
        asked = {"role_name": name, "permissions": {"rules": rules} | more}
        return str(self.ask("POST", "/roles", asked)["role_id"])

    def key(self, role_id: str) -> tuple[str, str]:
        made = self.ask("POST", "/api-keys", {"role_id": role_id, "description": "d"})
        return made["key_info"]["key_id"], made["api_key"]


@pytest.fixture(scope="session")
def maker(server: Server) -> Maker:
    return Maker(server.http, server.api_key)


@pytest.fixture(scope="module", params=["token", "key"])
def how(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def credential(maker: Maker, how: str, rules: list[dict[str, Any]]) -> str:
    return maker.token(rules) if how == "token" else maker.key(maker.role(rules))[1]


def outcome(call: Call, wire: Wire) -> grpc.StatusCode | None:
    """How a call was refused, or None."""
    try:
        call.on(wire)
    except grpc.RpcError as error:
        return error.code() if isinstance(error, grpc.Call) else None
    return None


@pytest.mark.parametrize("name", GRANTS)
def test_every_method_is_allowed_by_a_rule_or_denied(
    maker: Maker, channel: grpc.Channel, how: str, name: str
) -> None:
    rules, granted = GRANTS[name]
    wire = Wire(channel, credential(maker, how, rules), CACHE)
    wrong = {}
    for call in DATA:
        if call is UNION_STORE:
            continue
        allowed = any(verbs >= needed(call.method) for verbs in granted)
        code = outcome(call, wire)
        if (code is DENIED) is allowed or code is UNAUTHENTICATED:
            wrong[str(call)] = code

    assert wrong == {}


@pytest.mark.parametrize("name", GRANTS)
def test_a_denial_comes_before_any_word_of_the_cache(
    maker: Maker, channel: grpc.Channel, name: str
) -> None:
    rules, granted = GRANTS[name]
    wire = Wire(channel, maker.token(rules), OTHER)
    limited_to_a_cache = any(each.get("caches") != "*" for each in rules)
    wrong = {}
    for call in DATA:
        allowed = any(verbs >= needed(call.method) for verbs in granted) and not limited_to_a_cache
        expected = grpc.StatusCode.NOT_FOUND if allowed else DENIED
        if (code := outcome(call, wire)) is not expected:
            wrong[str(call)] = code

    assert wrong == {}


def test_a_union_reads_its_sources_and_writes_its_target(
    maker: Maker, channel: grpc.Channel
) -> None:
    source, target = rule(READS, CACHE, {"key": "key"}), rule(BOTH, CACHE, {"key": "target"})

    def refused(*rules: dict[str, Any]) -> bool:
        wire = Wire(channel, maker.token(list(rules)), CACHE)
        return outcome(UNION_STORE, wire) is DENIED

    assert not refused(source, target)
    assert refused(target)
    assert refused(source)
    assert refused(source, rule(WRITES, CACHE, {"key": "target"}))


def test_of_many_keys_one_that_is_not_allowed_denies_the_whole(
    maker: Maker, owner: Wire, channel: grpc.Channel
) -> None:
    wire = Wire(channel, maker.token([rule(BOTH, CACHE, {"key_prefix": "mine/"})]), CACHE)
    both = [b"mine/1", b"yours"]

    def item(key: bytes) -> dict[str, object]:
        return {"cache_key": key, "cache_body": b"v", "ttl_milliseconds": 60_000}

    calls = [
        lambda: wire.ask("KeysExist", cache_keys=both),
        lambda: batch(wire, "GetBatch", [{"cache_key": key} for key in both]),
        lambda: batch(wire, "SetBatch", [item(key) for key in both]),
    ]
    assert {refusal(call).code for call in calls} == {DENIED}
    assert Wire(channel, owner.token, CACHE).get(b"mine/1") is None
    assert len(batch(wire, "SetBatch", [item(b"mine/1"), item(b"mine/2")])) == 2


def batch(wire: Wire, method: str, items: list[dict[str, object]]) -> list[Any]:
    request, reply = messages(method)
    return wire.stream(method, request(items=items), reply)


@pytest.mark.parametrize("call", CONTROLS, ids=str)
def test_what_is_for_data_only_controls_nothing(
    maker: Maker, channel: grpc.Channel, call: Call
) -> None:
    everything = [rule(BOTH), TOPICS]

    for how in ("token", "key"):
        wire = Wire(channel, credential(maker, how, everything))
        assert refusal(lambda wire=wire: call.on(wire)).code is DENIED  # type: ignore[misc]


def test_http_asks_the_same_door(maker: Maker, how: str) -> None:
    token = credential(maker, how, [rule(READS, CACHE, {"key_prefix": "p/"})])

    def status(method: str, key: str, cache: str = CACHE) -> int:
        url = f"{maker.http}/cache/{cache}"
        query = {"key": key, "ttl_seconds": "9"}
        headers = {"authorization": token}
        return httpx.request(method, url, params=query, headers=headers).status_code

    assert [status("GET", "p/1"), status("HEAD", "p/1")] == [404, 404]
    denied = [("GET", "q"), ("PUT", "p/1"), ("DELETE", "p/1")]
    assert {status(*each) for each in denied} == {403}
    assert status("GET", "p/1", OTHER) == 403


def test_a_change_of_a_role_reaches_open_connections_at_once(
    maker: Maker, channel: grpc.Channel
) -> None:
    role_id = maker.role([rule(BOTH)])
    _, api_key = maker.key(role_id)
    wire = Wire(channel, api_key, CACHE)
    wire.set(b"changing", b"v")

    wanted = {"role_name": f"changed {role_id}", "permissions": {"rules": [rule(READS)]}}
    maker.ask("PUT", f"/roles/{role_id}", wanted)

    assert wire.get(b"changing") == b"v"
    assert refusal(lambda: wire.set(b"changing", b"w")).code is DENIED


def test_tokens_end_with_the_key_that_asked_for_them(maker: Maker, channel: grpc.Channel) -> None:
    vending = [rule(BOTH), {"type": "token_management", "permissions": ["write"]}]
    key_id, api_key = maker.key(maker.role(vending))
    wire = Wire(channel, Maker(maker.http, api_key).token([rule(BOTH)]), CACHE)
    wire.set(b"vended", b"v")

    maker.ask("DELETE", f"/api-keys/{key_id}")

    assert refusal(lambda: wire.get(b"vended")).code is UNAUTHENTICATED


def test_a_token_ends_at_its_end_on_an_open_connection(maker: Maker, channel: grpc.Channel) -> None:
    """Time is the promise here."""
    made = maker.ask(
        "POST",
        "/tokens",
        {
            "permissions": {"rules": [rule(READS)]},
            "valid_for_seconds": 2,
        },
    )
    wire = Wire(channel, made["token"], CACHE)
    assert wire.get(b"no-such-key") is None

    time.sleep(max(0.0, made["valid_until"] - time.time()))

    assert refusal(lambda: wire.get(b"no-such-key")).code is UNAUTHENTICATED


@pytest.mark.parametrize(
    ("ranges", "denied"),
    [(["10.0.0.0/8", "2001:db8::/32"], True), (["127.0.0.0/8", "::1/128"], False)],
)
def test_a_role_for_some_networks_is_refused_from_others(
    maker: Maker, channel: grpc.Channel, ranges: list[str], denied: bool
) -> None:
    filter = {"ip_filter": {"allowed_cidr_ranges": ranges}}
    listing = {"type": "resource_management", "permissions": ["list"], "resources": "*"}
    _, api_key = maker.key(maker.role([rule(BOTH), listing], conditions=[filter]))
    wire = Wire(channel, api_key, CACHE)

    codes = [outcome(DATA[0], wire), outcome(CONTROLS[-1], wire)]

    assert codes == ([DENIED, DENIED] if denied else [None, None])


def test_leaderboards_are_asked_for_by_their_names(maker: Maker, channel: grpc.Channel) -> None:
    boards = [call for call in DATA if call.service == LEADERBOARD]
    mine = Wire(channel, maker.token([rule(BOTH, CACHE, {"key": KEY.decode()})]), CACHE)
    yours = Wire(channel, maker.token([rule(BOTH, CACHE, {"key": "yours"})]), CACHE)

    assert {outcome(call, mine) for call in boards} == {None}
    assert {outcome(call, yours) for call in boards} == {DENIED}


def test_no_credential_is_in_the_log(server: Server, maker: Maker, channel: grpc.Channel) -> None:
    made = [credential(maker, how, [rule(READS)]) for how in ("token", "key")]
    for each in made:
        outcome(CONTROLS[0], Wire(channel, each))
        httpx.get(f"{maker.http}/caches?token={each}")
        httpx.get(f"{maker.http}/cache/{CACHE}?key=k&token={each}x")

    assert not [each for each in made if each.split(".")[2] in server.output]
