"""The input of gRPC methods: a call, and how its message is parsed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from attimo.control.callers import Caller, Visitor
from attimo.errors import InvalidArgument, NoToken

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True)
class GrpcCall:
    """One call.

    Attributes:
        visitor: The client, unauthenticated.
        known: The caller, if the data plane has authenticated it.
        endpoint: The server's public name, which clients use with a new token.
        message: The bytes of the request.
    """

    visitor: Visitor
    known: Caller | None
    endpoint: str
    message: bytes

    @property
    def caller(self) -> Caller:
        """The authenticated caller.

        Raises:
            Unauthenticated: There is none.
        """
        if self.known is None:
            raise NoToken("This needs an API key in the header authorization")
        return self.known

    def read(self, request: Request) -> Request:
        """Parse the message into an empty one.

        Raises:
            InvalidArgument: It is not such a message.
        """
        try:
            request.ParseFromString(self.message)
        except DecodeError as error:
            name = request.DESCRIPTOR.name
            raise InvalidArgument(f"The message is not a {name}") from error
        return request


Method = Callable[[GrpcCall], Message]
