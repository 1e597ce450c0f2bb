"""A cache that does not exist: every call says so, by the SDK's own error."""

import dataclasses
from collections.abc import Callable

import grpc
import pytest
from momento.errors import MomentoErrorCode, NotFoundException
from momento.responses.mixins import ErrorResponseMixin

from conformance.calls import DATA, codes, refusals
from conformance.python.clients import Client, expect
from conformance.wire import Wire

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


def test_the_client_says_that_the_cache_is_not_found(every_client: Client) -> None:
    """Each method on every way, which also proves that each is sent as the server expects."""
    wrong = {}
    for method, ask in ASKED.items():
        refused = expect(ask(every_client), ErrorResponseMixin)
        error = refused.inner_exception
        if (
            not isinstance(error, NotFoundException)
            or refused.error_code is not MomentoErrorCode.NOT_FOUND_ERROR
            or not str(error.message).startswith("Cache not found")
        ):
            wrong[method] = refused

    assert wrong == {}


def test_every_method_says_that_the_cache_is_not_found(owner: Wire) -> None:
    """Without an `err` trailer, which would name another kind of thing."""
    wrong = [
        (method, each)
        for method, each in refusals(dataclasses.replace(owner, cache=NAME), DATA)
        if each.code is not grpc.StatusCode.NOT_FOUND
        or each.err is not None
        or not each.message.startswith("Cache not found")
    ]

    assert wrong == []


@pytest.mark.parametrize("name", ["", None])
def test_without_a_name_no_method_finds_a_cache(owner: Wire, name: str | None) -> None:
    expected = {grpc.StatusCode.NOT_FOUND, grpc.StatusCode.INVALID_ARGUMENT}

    assert codes(dataclasses.replace(owner, cache=name), DATA) <= expected
