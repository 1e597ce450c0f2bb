"""Momento's control service, as bytes of messages."""

from urllib.parse import unquote

import pytest
from momento_wire_types import controlclient_pb2 as pb

from attimo import errors
from attimo.api import scs_control
from attimo.api.grpc import NUMBERS
from attimo.control import Control
from fakes import Client, Listener

SERVICE = "/control_client.ScsControl/"


MESSAGES = {
    "CreateCache": pb._CreateCacheRequest,
    "DeleteCache": pb._DeleteCacheRequest,
    "FlushCache": pb._FlushCacheRequest,
}


def call(client: Client, method: str, name: str) -> tuple[int, str]:
    """Return the status and the message of a call that names a cache."""
    answer = client.call(SERVICE + method, MESSAGES[method](cache_name=name).SerializeToString())
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/grpc"
    message = unquote(answer.headers.get("grpc-message", ""))
    return int(answer.headers["grpc-status"]), message


def listed(client: Client, next_token: str = "") -> pb._ListCachesResponse:
    request = pb._ListCachesRequest(next_token=next_token)
    answer = client.call(f"{SERVICE}ListCaches", request.SerializeToString())
    assert answer.headers["grpc-status"] == "0"
    return pb._ListCachesResponse.FromString(answer.content)


def test_a_cache_is_created_flushed_and_deleted(owner: Client, node: Listener) -> None:
    assert call(owner, "CreateCache", "sessions") == (0, "")
    assert node.names(1) == {"sessions"}
    assert call(owner, "FlushCache", "sessions") == (0, "")
    assert call(owner, "DeleteCache", "sessions") == (0, "")
    assert node.names(1) == set()


def test_a_name_that_is_taken_is_status_6(owner: Client) -> None:
    call(owner, "CreateCache", "sessions")

    assert call(owner, "CreateCache", "sessions") == (6, "There is a cache 'sessions' already")


@pytest.mark.parametrize("method", ["DeleteCache", "FlushCache"])
def test_a_cache_that_there_is_not_is_status_5(owner: Client, method: str) -> None:
    assert call(owner, method, "none") == (
        5,
        "Cache not found: there is no cache 'none'",
    )


@pytest.mark.parametrize("method", MESSAGES)
@pytest.mark.parametrize("name", ["", "   ", "a/b", "ä 100 %"])
def test_a_malformed_name_is_status_3(owner: Client, method: str, name: str) -> None:
    number, message = call(owner, method, name)

    assert number == 3
    assert message.startswith(f"{name!r} is not a cache name: 1 to 255 printable ASCII")


def test_the_list_has_every_cache_with_its_limits(owner: Client) -> None:
    for name in ("b", "a"):
        call(owner, "CreateCache", name)

    reply = listed(owner)

    limits = pb._CacheLimits(
        max_traffic_rate=2**31 - 1,
        max_throughput_kbps=2**31 - 1,
        max_item_size_kb=4883,
        max_ttl_seconds=2**31 - 1,
    )
    topics = pb._TopicLimits(
        max_publish_rate=2**31 - 1,
        max_subscription_count=2**31 - 1,
        max_publish_message_size_kb=1_024,
    )
    assert reply.next_token == ""
    assert list(reply.cache) == [
        pb._Cache(cache_name=name, cache_limits=limits, topic_limits=topics) for name in "ab"
    ]


def test_a_very_long_list_comes_in_pages(owner: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scs_control, "PAGE", 2)
    for name in "abc":
        call(owner, "CreateCache", name)

    first = listed(owner)
    second = listed(owner, first.next_token)

    assert [cache.cache_name for cache in first.cache] == ["a", "b"]
    assert [cache.cache_name for cache in second.cache] == ["c"]
    assert second.next_token == ""


def test_a_neighbour_sees_and_reaches_nothing(owner: Client, neighbour: Client) -> None:
    call(owner, "CreateCache", "mine")

    assert not listed(neighbour).cache
    assert call(neighbour, "FlushCache", "mine")[0] == 5
    assert call(neighbour, "DeleteCache", "mine")[0] == 5
    assert call(neighbour, "CreateCache", "mine")[0] == 0


def test_who_shows_no_key_is_status_16(nobody: Client) -> None:
    assert call(nobody, "DeleteCache", "none")[0] == 16


@pytest.mark.parametrize("message", [b"\xff\xff", b"\x0a\x05ab", b"\x0a\x02\xff\xfe"])
def test_bytes_that_are_no_message_are_status_3(owner: Client, message: bytes) -> None:
    answer = owner.call(f"{SERVICE}CreateCache", message)

    assert answer.headers["grpc-status"] == "3"
    assert answer.headers["grpc-message"] == "The message is not a _CreateCacheRequest"


@pytest.mark.parametrize(
    "method", ["/control_client.ScsControl/CreateIndex", "/auth.Auth/Login", "/caches"]
)
def test_a_method_that_is_not_served_is_status_12_and_named(owner: Client, method: str) -> None:
    answer = owner.call(method, b"")

    assert answer.headers["grpc-status"] == "12"
    assert answer.headers["grpc-message"] == f"There is no method {method}"


def test_a_mistake_of_ours_is_status_13_that_tells_nothing(
    owner: Client,
    control: Control,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def mistaken() -> None:
        raise RuntimeError("secret")

    monkeypatch.setattr(control, "clock", mistaken)
    number, message = call(owner, "CreateCache", "a")

    assert number == 13
    assert "secret" not in message
    assert "secret" in caplog.text


def test_every_error_has_a_number() -> None:
    def below(kind: type[errors.AttimoError]) -> set[str]:
        return {kind.code}.union(*(below(each) for each in kind.__subclasses__()))

    assert below(errors.AttimoError) <= set(NUMBERS)
