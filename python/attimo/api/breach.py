"""What happens when a limit is exceeded, and the unit of a limit."""

from dataclasses import dataclass
from typing import Literal

from attimo.errors import AttimoError, Exhausted

Unit = Literal[
    "bytes", "characters", "seconds", "minutes", "count", "per minute", "per hour", "per day"
]


@dataclass(frozen=True, slots=True)
class Breach:
    """What happens when the limit is exceeded.

    Attributes:
        effect: As text.
        status: The HTTP status, if the request is refused.
        code: The error code.
        err: The limit's name in Momento's clients, if it has one.
    """

    effect: str
    status: int | None = None
    code: str | None = None
    err: str | None = None


def refused(kind: type[AttimoError]) -> Breach:
    """The request is refused with this error."""
    return Breach("the request is refused", kind.status, kind.code)


def too_large(err: str, status: int = 413) -> Breach:
    """The request is refused, with the name of the limit in Momento's clients."""
    return Breach("the request is refused", status, Exhausted.code, err)
