"""Topics over a plain gRPC channel, with what the clients do not show."""

from collections.abc import Iterator
from typing import Any

import grpc
from momento_wire_types import cachepubsub_pb2 as pb

SERVICE = "cache_client.pubsub.Pubsub"
DEADLINE_SECONDS = 60


class Pubsub:
    """Calls with one token, and more metadata, on one channel."""

    def __init__(
        self, channel: grpc.Channel, token: str, more: tuple[tuple[str, str], ...] = ()
    ) -> None:
        self._publish = channel.unary_unary(
            f"/{SERVICE}/Publish",
            request_serializer=pb._PublishRequest.SerializeToString,
            response_deserializer=bytes,
        )
        self._subscribe = channel.unary_stream(
            f"/{SERVICE}/Subscribe",
            request_serializer=pb._SubscriptionRequest.SerializeToString,
            response_deserializer=pb._SubscriptionItem.FromString,
        )
        self._metadata = (("authorization", token), *more)

    def publish(self, cache: str, topic: str, text: str) -> None:
        """Publish text."""
        value = pb._TopicValue(text=text)
        self.send(pb._PublishRequest(cache_name=cache, topic=topic, value=value))

    def send(self, request: pb._PublishRequest) -> None:
        """Publish what the message says."""
        self._publish(request, metadata=self._metadata, timeout=DEADLINE_SECONDS)

    def subscribe(self, cache: str, topic: str, number: int = 0, page: int = 0) -> "Stream":
        """Subscribe; returns before the server has answered."""
        request = pb._SubscriptionRequest(
            cache_name=cache,
            topic=topic,
            resume_at_topic_sequence_number=number,
            sequence_page=page,
        )
        return Stream(self._subscribe(request, metadata=self._metadata))


class Stream:
    """A subscription."""

    def __init__(self, call: Any) -> None:
        self.call = call

    def next(self) -> Any:
        """The next of the stream, whatever it is: an item, a discontinuity or a heartbeat."""
        return next(self.call)

    def begin(self) -> "Stream":
        """Wait for the heartbeat that comes first."""
        assert self.next().WhichOneof("kind") == "heartbeat"
        return self

    def items(self) -> Iterator[Any]:
        """The messages and discontinuities."""
        for each in self.call:
            kind = each.WhichOneof("kind")
            if kind != "heartbeat":
                yield getattr(each, kind)

    def texts(self, count: int) -> list[str]:
        """The next messages, which must be text."""
        items = self.items()
        return [next(items).value.text for _ in range(count)]

    def end(self) -> grpc.StatusCode:
        """Read until the server ends it; how it does."""
        try:
            for _ in self.call:
                pass
        except grpc.RpcError:
            pass
        code: grpc.StatusCode = self.call.code()
        return code
