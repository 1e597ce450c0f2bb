"""What the methods of gRPC have in common: what they are asked, and how their messages are read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from attimo.api.caller import Caller
from attimo.control import Control
from attimo.errors import InvalidArgument, Unauthenticated

Request = TypeVar("Request", bound=Message)


@dataclass(frozen=True, slots=True)
class Asked:
    """One call.

    Attributes:
        control: Whom it is for.
        endpoint: Where clients reach this server: what a client is told to use a new token with.
        message: The bytes of the request.
        known: Who calls, if the data plane knows.
        peer: The address from which the call came.
    """

    control: Control
    endpoint: str
    message: bytes
    known: Caller | None
    peer: str

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


Method = Callable[[Asked], Message]
