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
    "dictionary_fetch": lambda client: client.dictionary_fetch(NAME, "d"),
    "dictionary_get_field": lambda client: client.dictionary_get_field(NAME, "d", "f"),
    "dictionary_get_fields": lambda client: client.dictionary_get_fields(NAME, "d", ["f"]),
    "dictionary_increment": lambda client: client.dictionary_increment(NAME, "d", "f", 1),
    "dictionary_remove_field": lambda client: client.dictionary_remove_field(NAME, "d", "f"),
    "dictionary_remove_fields": lambda client: client.dictionary_remove_fields(NAME, "d", ["f"]),
    "dictionary_set_field": lambda client: client.dictionary_set_field(NAME, "d", "f", "v"),
    "dictionary_set_fields": lambda client: client.dictionary_set_fields(NAME, "d", {"f": "v"}),
    "list_concatenate_back": lambda client: client.list_concatenate_back(NAME, "l", ["v"]),
    "list_concatenate_front": lambda client: client.list_concatenate_front(NAME, "l", ["v"]),
    "list_fetch": lambda client: client.list_fetch(NAME, "l"),
    "list_length": lambda client: client.list_length(NAME, "l"),
    "list_pop_back": lambda client: client.list_pop_back(NAME, "l"),
    "list_pop_front": lambda client: client.list_pop_front(NAME, "l"),
    "list_push_back": lambda client: client.list_push_back(NAME, "l", "v"),
    "list_push_front": lambda client: client.list_push_front(NAME, "l", "v"),
    "list_remove_value": lambda client: client.list_remove_value(NAME, "l", "v"),
    "set_add_element": lambda client: client.set_add_element(NAME, "s", "e"),
    "set_add_elements": lambda client: client.set_add_elements(NAME, "s", ["e"]),
    "set_fetch": lambda client: client.set_fetch(NAME, "s"),
    "set_remove_element": lambda client: client.set_remove_element(NAME, "s", "e"),
    "set_remove_elements": lambda client: client.set_remove_elements(NAME, "s", ["e"]),
    "sorted_set_fetch_by_rank": lambda client: client.sorted_set_fetch_by_rank(NAME, "s"),
    "sorted_set_fetch_by_score": lambda client: client.sorted_set_fetch_by_score(NAME, "s"),
    "sorted_set_get_rank": lambda client: client.sorted_set_get_rank(NAME, "s", "v"),
    "sorted_set_get_score": lambda client: client.sorted_set_get_score(NAME, "s", "v"),
    "sorted_set_get_scores": lambda client: client.sorted_set_get_scores(NAME, "s", ["v"]),
    "sorted_set_increment_score": lambda client: client.sorted_set_increment_score(NAME, "s", "v"),
    "sorted_set_put_element": lambda client: client.sorted_set_put_element(NAME, "s", "v", 1.0),
    "sorted_set_put_elements": lambda client: client.sorted_set_put_elements(NAME, "s", {"v": 1.0}),
    "sorted_set_remove_element": lambda client: client.sorted_set_remove_element(NAME, "s", "v"),
    "sorted_set_remove_elements": lambda client: client.sorted_set_remove_elements(
        NAME, "s", ["v"]
    ),
    "flush_cache": lambda client: client.flush_cache(NAME),
    "delete_cache": lambda client: client.delete_cache(NAME),
}


@pytest.mark.parametrize("method", ASKED)
def test_the_client_says_that_the_cache_is_not_found(client: Client, method: str) -> None:
    refused = ASKED[method](client)

    assert isinstance(refused, ErrorResponseMixin)
    assert isinstance(refused.inner_exception, NotFoundException)
    assert refused.error_code is MomentoErrorCode.NOT_FOUND_ERROR
    assert str(refused.inner_exception.message).startswith("Cache not found")


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
        assert refused.message.startswith("Cache not found")
    else:
        assert refused.code in (grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT)
