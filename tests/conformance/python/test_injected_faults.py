"""Faults on demand: the metadata with which Momento's own suites make momento-local fail."""

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from functools import partial

import grpc
import pytest

from conformance.calls import DATA, codes
from conformance.pubsub import Pubsub, Stream
from conformance.wire import Wire, refusal, secure
from harness import Server

CODES = {
    "invalid-argument": grpc.StatusCode.INVALID_ARGUMENT,
    "unknown": grpc.StatusCode.UNKNOWN,
    "already-exists": grpc.StatusCode.ALREADY_EXISTS,
    "not-found": grpc.StatusCode.NOT_FOUND,
    "internal": grpc.StatusCode.INTERNAL,
    "permission-denied": grpc.StatusCode.PERMISSION_DENIED,
    "unauthenticated": grpc.StatusCode.UNAUTHENTICATED,
    "cancelled": grpc.StatusCode.CANCELLED,
    "unavailable": grpc.StatusCode.UNAVAILABLE,
    "resource-exhausted": grpc.StatusCode.RESOURCE_EXHAUSTED,
    "deadline-exceeded": grpc.StatusCode.DEADLINE_EXCEEDED,
    "failed-precondition": grpc.StatusCode.FAILED_PRECONDITION,
}

NAMES = {
    "Get": "get",
    "Set": "set",
    "Delete": "delete",
    "Increment": "increment",
    "KeysExist": "keys-exist",
    "SetIf": "set-if",
    "SetIfNotExists": "set-if",
    "GetBatch": "get-batch",
    "SetBatch": "set-batch",
    "UpdateTtl": "update-ttl",
    "ItemGetTtl": "item-get-ttl",
    "ItemGetType": "item-get-type",
    "DictionaryGet": "dictionary-get",
    "DictionaryFetch": "dictionary-fetch",
    "DictionarySet": "dictionary-set",
    "DictionaryIncrement": "dictionary-increment",
    "DictionaryDelete": "dictionary-delete",
    "DictionaryLength": "dictionary-length",
    "SetFetch": "set-fetch",
    "SetSample": "set-sample",
    "SetUnion": "set-union",
    "SetDifference": "set-difference",
    "SetContains": "set-contains",
    "SetLength": "set-length",
    "SetPop": "set-pop",
    "ListPushFront": "list-push-front",
    "ListPushBack": "list-push-back",
    "ListPopFront": "list-pop-front",
    "ListPopBack": "list-pop-back",
    "ListErase": "list-remove",
    "ListRemove": "list-remove",
    "ListFetch": "list-fetch",
    "ListLength": "list-length",
    "ListConcatenateFront": "list-concatenate-front",
    "ListConcatenateBack": "list-concatenate-back",
    "ListRetain": "list-retain",
    "SortedSetPut": "sorted-set-put",
    "SortedSetFetch": "sorted-set-fetch",
    "SortedSetGetScore": "sorted-set-get-score",
    "SortedSetRemove": "sorted-set-remove",
    "SortedSetIncrement": "sorted-set-increment",
    "SortedSetGetRank": "sorted-set-get-rank",
    "SortedSetLength": "sorted-set-length",
    "SortedSetLengthByScore": "sorted-set-length-by-score",
}

_sessions = itertools.count(1)


@pytest.fixture
def session() -> str:
    """A session's id, by which the server counts."""
    return f"session-{next(_sessions)}"


def asking(channel: grpc.Channel, session: str, **faults: str) -> Wire:
    """Calls that ask for faults."""
    more = [("request-id", session)]
    more += [(name.replace("_", "-"), value) for name, value in faults.items()]
    return Wire(channel, "", "default-cache", tuple(more))


@pytest.mark.parametrize("name", CODES)
def test_every_code_can_be_asked_for(local_channel: grpc.Channel, session: str, name: str) -> None:
    wire = asking(local_channel, session, return_error=name, error_rpcs="get")

    assert refusal(lambda: wire.get(b"key")).code is CODES[name]


def test_every_method_can_be_made_to_fail(local_channel: grpc.Channel, session: str) -> None:
    for call in DATA:
        if name := NAMES.get(call.method):
            wire = asking(local_channel, session, return_error="internal", error_rpcs=name)

            assert codes(wire, [call]) == {grpc.StatusCode.INTERNAL}, call


def test_only_the_named_methods_fail(local_channel: grpc.Channel, session: str) -> None:
    wire = asking(
        local_channel, session, return_error="unavailable", error_rpcs="delete get set-if"
    )

    wire.set(b"key", b"value")

    assert refusal(lambda: wire.get(b"key")).code is grpc.StatusCode.UNAVAILABLE


def test_an_error_without_methods_is_none(local_channel: grpc.Channel, session: str) -> None:
    wire = asking(local_channel, session, return_error="unavailable")

    wire.set(b"key", b"value")

    assert wire.get(b"key") == b"value"


def test_only_the_first_calls_fail(local_channel: grpc.Channel, session: str) -> None:
    wire = asking(
        local_channel, session, return_error="unavailable", error_rpcs="get", error_count="2"
    )

    for _ in range(2):
        assert refusal(lambda: wire.get(b"no-key")).code is grpc.StatusCode.UNAVAILABLE
    assert wire.get(b"no-key") is None
    assert wire.get(b"no-key") is None


def test_each_session_counts_for_itself(local_channel: grpc.Channel, session: str) -> None:
    for name in (session, f"{session}-other"):
        wire = asking(
            local_channel, name, return_error="internal", error_rpcs="get", error_count="1"
        )
        assert refusal(partial(wire.get, b"no-key")).code is grpc.StatusCode.INTERNAL
        assert wire.get(b"no-key") is None


def test_a_failed_write_has_not_been_written(local_channel: grpc.Channel, session: str) -> None:
    wire = asking(local_channel, session, return_error="internal", error_rpcs="set")

    refusal(lambda: wire.set(session.encode(), b"value"))

    assert wire.get(session.encode()) is None


def test_a_reply_is_delayed_and_others_are_not(local_channel: grpc.Channel, session: str) -> None:
    """Time is the promise here. The quick call is on the same connection."""
    slow = asking(local_channel, session, delay_rpcs="get", delay_ms="600", delay_count="1")
    quick = asking(local_channel, f"{session}-quick")
    ended: dict[str, float] = {}

    def delayed() -> None:
        slow.get(b"no-key")
        ended["slow"] = time.monotonic()

    quick.get(b"no-key")
    began = time.monotonic()
    thread = threading.Thread(target=delayed)
    thread.start()
    quick.get(b"no-key")
    ended["quick"] = time.monotonic()
    thread.join()

    assert ended["quick"] < ended["slow"]
    assert ended["slow"] - began >= 0.6
    again = time.monotonic()
    slow.get(b"no-key")
    assert time.monotonic() - again < 0.6


def test_the_delay_comes_before_the_error(local_channel: grpc.Channel, session: str) -> None:
    wire = asking(
        local_channel,
        session,
        delay_rpcs="get",
        delay_ms="200",
        return_error="internal",
        error_rpcs="get",
    )
    began = time.monotonic()

    refused = refusal(lambda: wire.get(b"key"))

    assert refused.code is grpc.StatusCode.INTERNAL
    assert time.monotonic() - began >= 0.2


def subscribe(
    channel: grpc.Channel, session: str, topic: str, token: str = "", **faults: str
) -> Stream:
    """A subscription that asks for faults."""
    more = [("request-id", session)]
    more += [(name.replace("_", "-"), value) for name, value in faults.items()]
    return Pubsub(channel, token, tuple(more)).subscribe("default-cache", topic)


def test_a_subscription_ends_after_so_many_messages_heartbeats_included(
    local_channel: grpc.Channel, session: str
) -> None:
    stream = subscribe(
        local_channel,
        session,
        session,
        stream_error="unavailable",
        stream_error_rpcs="topic-publish topic-subscribe",
        stream_error_message_limit="3",
    ).begin()
    other = subscribe(local_channel, session, session, stream_error="unavailable").begin()
    for text in ("one", "two", "three"):
        Pubsub(local_channel, "").publish("default-cache", session, text)

    kinds = []
    with contextlib.suppress(grpc.RpcError):
        while True:
            kinds.append(stream.next().WhichOneof("kind"))
    assert len(kinds) == 2
    assert set(kinds) <= {"item", "heartbeat"}
    assert stream.call.code() is grpc.StatusCode.UNAVAILABLE
    assert other.texts(3) == ["one", "two", "three"], "without methods, none fails"
    other.call.cancel()


def test_heartbeats_alone_end_a_subscription(local_channel: grpc.Channel, session: str) -> None:
    for name, code in CODES.items():
        faults = {"stream_error": name, "stream_error_rpcs": "topic-subscribe"}
        after_one = faults | {"stream_error_message_limit": "1"}
        stream = subscribe(local_channel, session, session, **after_one).begin()
        assert stream.end() is code
        assert subscribe(local_channel, session, session, **faults).end() is code


@pytest.fixture
def strict_channels(
    local_server: Server, channel: grpc.Channel
) -> Iterator[list[tuple[grpc.Channel, bool]]]:
    """The listeners on which no fault can be asked for: TLS, and any of another server."""
    with secure(local_server.https_address, local_server.ca.read_bytes()) as safe:
        yield [(channel, False), (safe, True)]


def test_no_other_listener_listens_to_this(
    server: Server,
    local_server: Server,
    strict_channels: list[tuple[grpc.Channel, bool]],
    session: str,
) -> None:
    faults = (("return-error", "internal"), ("error-rpcs", "get"), ("request-id", session))
    for channel, is_local in strict_channels:
        key = (local_server if is_local else server).api_key
        assert Wire(channel, key, "default-cache", faults).get(b"no-such-key") is None
        stream = subscribe(
            channel,
            session,
            session,
            key,
            stream_error="internal",
            stream_error_rpcs="topic-subscribe",
            stream_error_message_limit="1",
        ).begin()
        Pubsub(channel, key).publish("default-cache", session, "hello")
        assert stream.texts(1) == ["hello"]
        stream.call.cancel()
