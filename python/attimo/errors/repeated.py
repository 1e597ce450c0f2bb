"""Errors that a server has answered with, for who has asked it."""

from collections.abc import Mapping
from typing import Any

from attimo.errors.requests import (
    AlreadyExists,
    AttimoError,
    Exhausted,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Unauthenticated,
    Unreachable,
)

_KINDS: dict[object, type[AttimoError]] = {
    kind.code: kind
    for kind in (
        InvalidArgument,
        Unauthenticated,
        PermissionDenied,
        NotFound,
        AlreadyExists,
        FailedPrecondition,
        Exhausted,
        Unreachable,
    )
}
"""By the `code` of an error in JSON; other programs on the way may answer without one."""

_BY_STATUS = {kind.status: kind for kind in _KINDS.values()}


def repeated(status: int, said: Mapping[str, Any], message: str) -> AttimoError:
    """Return the error of an answer, with this message.

    Args:
        status: The HTTP status.
        said: Its JSON; empty if it has none.
    """
    kind = _KINDS.get(str(said.get("code"))) or _BY_STATUS.get(status, AttimoError)
    error = kind(message)
    error.status = status
    error.err = str(said.get("err", kind.err))
    return error
