"""Momento's published messages over a plain gRPC channel.

For what the Python client has no method for, and for what a well-behaved client never sends.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

import grpc
import pytest
from momento_wire_types import cacheclient_pb2 as pb
from momento_wire_types import controlclient_pb2 as control_pb

from conformance import leaderboard_messages

SCS = "cache_client.Scs"
CONTROL = "control_client.ScsControl"
PING = "cache_client.Ping"
LEADERBOARD = "leaderboard.Leaderboard"

DEADLINE_SECONDS = 20
MINUTE = 60_000
LARGEST_MESSAGE = 5_243_000

Metadata = tuple[tuple[str, str], ...]


class Message(Protocol):
    """What protobuf's messages have in common, as far as it is used here."""

    def SerializeToString(self) -> bytes: ...  # noqa: N802  (protobuf's name)

    def ByteSize(self) -> int: ...  # noqa: N802  (protobuf's name)

    @classmethod
    def FromString(cls, s: bytes, /) -> Self: ...  # noqa: N802  (protobuf's name)


Reply = TypeVar("Reply", bound=Message)


@dataclass(frozen=True)
class Wire:
    """One channel, one token: calls that carry exactly the metadata that is named."""

    channel: grpc.Channel
    token: str | None = None
    cache: str | None = None
    more: Metadata = field(default=())

    def unary(self, service: str, method: str, request: Message, reply: type[Reply]) -> Reply:
        """Call a method that answers with one message."""
        call = self.channel.unary_unary(
            f"/{service}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        return call(request, metadata=self.metadata, timeout=DEADLINE_SECONDS)

    def stream(self, method: str, request: Message, reply: type[Reply]) -> list[Reply]:
        """Call a data method that answers with a stream, and take all of it."""
        call = self.channel.unary_stream(
            f"/{SCS}/{method}",
            request_serializer=type(request).SerializeToString,
            response_deserializer=reply.FromString,
        )
        return list(call(request, metadata=self.metadata, timeout=DEADLINE_SECONDS))

    def scs(self, method: str, request: Message, reply: type[Reply]) -> Reply:
        """Call a data method that answers with one message."""
        return self.unary(SCS, method, request, reply)

    def ask(self, method: str, **fields: Any) -> Any:
        """Call a data method with these fields."""
        request, reply = messages(method)
        return self.unary(SCS, method, request(**fields), reply)

    def board(self, method: str, **fields: Any) -> Any:
        """Call a method of leaderboards with these fields."""
        request = leaderboard_messages.request(method, **fields)
        return self.unary(LEADERBOARD, method, request, leaderboard_messages.reply(method))

    def get(self, key: bytes) -> bytes | None:
        """The value of a key, or None for a miss."""
        reply = self.scs("Get", pb._GetRequest(cache_key=key), pb._GetResponse)
        assert reply.result in (pb.Hit, pb.Miss)
        return reply.cache_body if reply.result == pb.Hit else None

    def set(self, key: bytes, value: bytes, ttl_milliseconds: int = MINUTE) -> None:
        """Write one value."""
        request = pb._SetRequest(cache_key=key, cache_body=value, ttl_milliseconds=ttl_milliseconds)
        assert self.scs("Set", request, pb._SetResponse).result == pb.Ok

    def create_cache(self, name: str) -> None:
        """Make a cache."""
        request = control_pb._CreateCacheRequest(cache_name=name)
        self.unary(CONTROL, "CreateCache", request, control_pb._CreateCacheResponse)

    def delete_cache(self, name: str) -> None:
        """Remove a cache."""
        request = control_pb._DeleteCacheRequest(cache_name=name)
        self.unary(CONTROL, "DeleteCache", request, control_pb._DeleteCacheResponse)

    def flush_cache(self, name: str) -> None:
        """Empty a cache."""
        request = control_pb._FlushCacheRequest(cache_name=name)
        self.unary(CONTROL, "FlushCache", request, control_pb._FlushCacheResponse)

    def list_caches(self, next_token: str = "") -> control_pb._ListCachesResponse:
        """One page of the account's caches."""
        request = control_pb._ListCachesRequest(next_token=next_token)
        return self.unary(CONTROL, "ListCaches", request, control_pb._ListCachesResponse)

    @property
    def metadata(self) -> tuple[tuple[str, str | bytes], ...]:
        """What each call carries."""
        named = (("authorization", self.token), ("cache", self.cache), *self.more)
        return tuple((name, value) for name, value in named if value is not None)


def messages(method: str) -> tuple[Any, Any]:
    """The classes of a data method's request and reply, by the published descriptor."""
    described = pb.DESCRIPTOR.services_by_name["Scs"].methods_by_name[method]
    return getattr(pb, described.input_type.name), getattr(pb, described.output_type.name)


@contextmanager
def plaintext(address: tuple[str, int], user_agent: str = "") -> Iterator[grpc.Channel]:
    """A channel without TLS that sends and takes messages of any size."""
    options: list[tuple[str, int | str]] = [
        ("grpc.max_send_message_length", -1),
        ("grpc.max_receive_message_length", -1),
        ("grpc.primary_user_agent", user_agent),
    ]
    with grpc.insecure_channel(f"{address[0]}:{address[1]}", options=options) as channel:
        yield channel


@contextmanager
def secure(
    address: tuple[str, int], authority: bytes, name: str = "localhost"
) -> Iterator[grpc.Channel]:
    """A channel over TLS that trusts one authority, for a server of that name."""
    credentials = grpc.ssl_channel_credentials(root_certificates=authority)
    target = f"{address[0]}:{address[1]}"
    options = [("grpc.ssl_target_name_override", name)]
    with grpc.secure_channel(target, credentials, options=options) as channel:
        yield channel


@dataclass(frozen=True)
class Refusal:
    """How a call was refused."""

    code: grpc.StatusCode
    message: str
    err: str | None


def refusal(call: Callable[[], object]) -> Refusal:
    """How a call that must be refused was refused."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    error = caught.value
    assert isinstance(error, grpc.Call)
    err = dict(error.trailing_metadata() or ()).get("err")
    return Refusal(error.code(), error.details() or "", str(err) if err else None)
