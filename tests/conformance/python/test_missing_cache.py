"""A cache that does not exist: every call says so, by the SDK's own error."""

import dataclasses
from collections.abc import Callable

import grpc
import pytest
from momento.errors import MomentoErrorCode, NotFoundException
from momento.responses.mixins import ErrorResponseMixin

from conformance.calls import DATA, Call
from conformance.python.clients import Client
from conformance.wire import Wire, refusal

NAME = "no-such-cache"

ASKED: dict[str, Callable[[Client], object]] = {
    "get": lambda client: client.get(NAME, "key"),
    "set": lambda client: client.set(NAME, "key", "value"),
    "delete": lambda client: client.delete(NAME, "key"),
    "increment": lambda client: client.increment(NAME, "key", 1),
    "set_if_not_exists": lambda client: client.set_if_not_exists(NAME, "key", "value"),
    "flush_cache": lambda client: client.flush_cache(NAME),
    "delete_cache": lambda client: client.delete_cache(NAME),
}


@pytest.mark.parametrize("method", ASKED)
def test_the_client_says_that_the_cache_is_not_found(client: Client, method: str) -> None:
    refused = ASKED[method](client)

    assert isinstance(refused, ErrorResponseMixin)
    assert isinstance(refused.inner_exception, NotFoundException)
    assert refused.error_code is MomentoErrorCode.NOT_FOUND_ERROR


@pytest.mark.parametrize("call", DATA, ids=str)
@pytest.mark.parametrize("name", [NAME, "", None])
def test_every_method_says_that_the_cache_is_not_found(
    owner: Wire, call: Call, name: str | None
) -> None:
    """Without an `err` trailer, which would name another kind of thing."""
    refused = refusal(lambda: call.on(dataclasses.replace(owner, cache=name)))

    if name:
        assert refused.code is grpc.StatusCode.NOT_FOUND
        assert refused.err is None
    else:
        assert refused.code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
