"""What the methods of gRPC have in common: what they are call, and how their messages are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from attimo.control.callers import Caller, Visitor
from attimo.control.limits import CacheLimits
from attimo.errors import InvalidArgument, Unauthenticated

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """One call.

    Attributes:
        visitor: Who calls, whoever that is.
        known: The same, if the data plane has authenticated them.
        cache_limits: What callers are told of the limits of each cache.
        endpoint: Where clients reach this server: what a client is told to use a new token with.
        message: The bytes of the request.
    """

    visitor: Visitor
    known: Caller | None
    cache_limits: CacheLimits
    endpoint: str
    message: bytes

    @property
    def caller(self) -> Caller:
        """Who calls.

        Raises:
            Unauthenticated: Nobody knows.
        """
        if self.known is None:
            raise Unauthenticated("This needs an API key in the header authorization")
        return self.known

    def read(self, request: Request) -> Request:
        """Read the message into an empty one.

        Raises:
            InvalidArgument: It is no such message.
        """
        try:
            request.ParseFromString(self.message)
        except DecodeError as error:
            name = request.DESCRIPTOR.name
            raise InvalidArgument(f"The message is not a {name}") from error
        return request


Method = Callable[[GrpcCall], Message]
