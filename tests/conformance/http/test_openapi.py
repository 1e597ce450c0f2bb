"""The description of the HTTP API is right: a program that takes each word literally finds so."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from conformance import openapi
from conformance.openapi import Document
from harness import Server

SETTINGS = """
# One key, so that what one request writes is there for the next to read.
[parameters]
"query.key" = "k"
"query.key_base64" = "aw=="

# A method that no path has; what HTTP/1.1 knows beyond (TRACE, CONNECT) is refused before that.
[phases.coverage]
unexpected-methods = ["PATCH"]

[checks]
# What is well-formed may still meet a state that refuses it.
positive_data_acceptance.expected-statuses = [
    "2xx", "3xx", "401", "403", "404", "409", "412", "414", "416", "429", "503"
]
negative_data_rejection.expected-statuses = [
    "400", "401", "403", "404", "405", "408", "409", "412", "413", "414", "429", "431", "503"
]

# These rules cannot be written in JSON Schema: text that can be shown on one line; networks without
# bits behind their masks; names that are short in UTF-8; moments that lie in the future; an e-mail
# address; a URL with a host; an end after its start, and not too long after it; a rate where
# accounts are throttled; a lifetime in the query if not in every item. And a sum may be too large
# for its number of 64 bits, after some increments.
[[operations]]
include-operation-id = [
    "createApiKey", "createRole", "changeRole", "createToken", "getUsage", "invite",
    "getCacheHistory",
    "createAccount", "renameAccount", "inviteOwner", "suspendAccount",
    "createPlan", "changePlan", "setBudget", "putWebhook", "resetSecondFactor",
    "getLeaderboard", "putItems", "incrementItem", "incrementDictionaryField"
]
checks.positive_data_acceptance.expected-statuses = [
    "2xx", "400", "401", "403", "404", "409", "412", "429"
]

# Without `key` in the query, the path itself names a key: nothing is missing then.
[[operations]]
include-operation-id = [
    "getItemTtl", "setItemTtl", "getItemType", "getDictionary", "deleteDictionaryFields",
    "listKeys", "getDictionaryLength", "getList", "deleteListElements", "getListLength", "getSet",
    "deleteSetElements", "getSetLength", "setContains", "sampleSet", "getSortedSet",
    "deleteSortedSetElements", "getSortedSetScores", "getSortedSetRank", "getSortedSetLength",
    "getLeaderboard", "deleteLeaderboardEntries", "getLeaderboardLength", "getLeaderboardRanks"
]
checks.negative_data_rejection.expected-statuses = [
    "200", "204", "400", "401", "403", "404", "405", "408", "409", "412", "413", "414", "429",
    "431", "503"
]

# An invitation ends when the same address is invited again, which the drawn requests do.
[[operations]]
include-operation-id = ["invite", "takeBackInvitation"]
checks.ensure_resource_availability.enabled = false

# A path with one more "/" is that of a cache whose name has it, and is refused as such a name.
[[operations]]
include-operation-id = "flushCache"
checks.unsupported_method.enabled = false
"""

LEFT_OUT = {
    "revokeApiKey": "it would take away the key that the test has; a list of keys names it",
    "retireSigningKey": "it would end that key, when another signs",
    "retireOldSigningKeys": "the same",
    "changePassword": "it takes a session, and hashes passwords for minutes",
    "switchAccount": "it takes a session",
    "deleteAccount": "it would delete the accounts of other drawn requests",
    "assignPlan": "it would limit the account that all other drawn requests are of",
    "subscribe": "it waits for half a minute where nothing is published",
    "subscribeToTopics": "it answers with a stream that has no end",
    "getSession": "it takes a session",
    "signOut": "it takes a session",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server of its own: what is drawn also deletes what others need."""
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def document(server: Server) -> Document:
    found: Document = httpx.get(f"{server.http}/openapi.json").raise_for_status().json()
    return found


def test_the_document_is_one(document: Document) -> None:
    assert document["openapi"] == "3.1.0"
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_every_operation_has_a_name_of_its_own_a_tag_and_a_summary(document: Document) -> None:
    known = [operation for _, _, operation in openapi.operations(document)]
    ids = [operation["operationId"] for operation in known]
    tags = {tag["name"] for tag in document["tags"]}

    assert len(set(ids)) == len(ids) > 70
    assert [each for each in ids if not each.isalpha()] == []  # the framework's own have a "_"
    assert {tag for operation in known for tag in operation["tags"]} == tags
    assert all(operation["summary"] for operation in known)


def test_every_refusal_has_one_form(document: Document) -> None:
    for _, path, operation in openapi.operations(document):
        for status, answer in operation["responses"].items():
            if status >= "400" and operation["operationId"] != "getReadiness":
                schema = answer["content"]["application/json"]["schema"]
                assert schema == {"$ref": "#/components/schemas/Refusal"}, (path, status)


@pytest.fixture(scope="module")
def caches(server: Server, document: Document) -> dict[str, str]:
    """A cache for each type of data."""
    headers = {"authorization": server.api_key}
    names = {room: f"openapi-{room.replace(' ', '-')}" for room in openapi.rooms(document)}
    for name in names.values():
        httpx.put(f"{server.http}/caches/{name}", headers=headers).raise_for_status()
    return names


def test_the_server_does_what_its_description_says(
    server: Server, document: Document, caches: dict[str, str], tmp_path: Path
) -> None:
    literal = openapi.in_caches_of_their_own(openapi.with_one_way_each(document), caches)
    openapi.furnish(literal, server.http, server.api_key)

    done = openapi.schemathesis(
        tmp_path, without(literal, LEFT_OUT), server.http, server.api_key, SETTINGS
    )

    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]


def without(document: Document, left_out: dict[str, str]) -> Document:
    """The same document without these operations."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, operation in openapi.operations(document):
        if operation["operationId"] not in left_out:
            paths.setdefault(path, {})[method] = operation
    return document | {"paths": paths}
