"""The server's description of itself, made fit for a program that takes each word literally.

Schemathesis draws requests from the document alone. What OpenAPI cannot say (that parameters or
credentials exclude each other) would make it draw requests that are rightly refused; so it is
given one way of those that there are, and the next operation gets the next way.
"""

import copy
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

Document = dict[str, Any]

EXAMPLES = 15
SEED = 20_261_125


def operations(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation, with its method and path."""
    for path, known in document["paths"].items():
        for method, operation in known.items():
            yield method, path, operation


def with_one_way_each(document: Document) -> Document:
    """A document in which every request that it allows is one that the server takes."""
    found = copy.deepcopy(document)
    found["security"] = [{"token": []}]
    for turn, (_, _, operation) in enumerate(operations(found)):
        if operation.get("security"):
            operation["security"] = [{"token": []}]
        rules = {name: operation.pop(name) for name in [*operation] if name.startswith("x-")}
        for ways in rules.get("x-exactly-one-of", []):
            _require(operation, ways[turn % len(ways)], ways)
        for ways in rules.get("x-at-least-one-of", []):
            _require(operation, ways[turn % len(ways)], [])
        for at, group in enumerate(groups := rules.get("x-only-one-group-of", [])):
            if at != turn % len(groups):
                _drop(operation, group)
        _drop(operation, ["next_token"])  # only a list can say how it goes on
    return found


def in_caches_of_their_own(document: Document, caches: dict[str, str]) -> Document:
    """The same, in the cache for each tag, so that no type meets another's items."""
    paths: dict[str, dict[str, Any]] = {}
    for method, path, operation in operations(document):
        if "{cache}" in path:
            path = path.replace("{cache}", caches[_room(operation)])
            operation = copy.deepcopy(operation)
            parameters = operation["parameters"]
            operation["parameters"] = [each for each in parameters if each["name"] != "cache"]
        paths.setdefault(path, {})[method] = operation
    return document | {"paths": paths}


def _room(operation: dict[str, Any]) -> str:
    """Numbers are kept apart, too: text in their place is refused, and rightly."""
    tag: str = operation["tags"][0]
    return f"{tag} of numbers" if "increment" in operation["operationId"] else tag


def rooms(document: Document) -> set[str]:
    """For which names `in_caches_of_their_own` wants a cache."""
    return {_room(operation) for _, path, operation in operations(document) if "{cache}" in path}


def _require(operation: dict[str, Any], name: str, ways: list[str]) -> None:
    for parameter in operation["parameters"]:
        if parameter["name"] == name:
            parameter["required"] = True
            if parameter["schema"]["type"] == "array":
                parameter["schema"]["minItems"] = 1
    _drop(operation, [way for way in ways if way != name])


def _drop(operation: dict[str, Any], names: list[str]) -> None:
    parameters = operation.get("parameters", [])
    operation["parameters"] = [each for each in parameters if each["name"] not in names]


def furnish(document: Document, url: str, api_key: str) -> None:
    """Send every example that writes to a cache, so that there is something to read."""
    for method, path, operation in operations(document):
        if "/cache/" in path and method in ("put", "post") and "requestBody" in operation:
            content = next(iter(operation["requestBody"]["content"].values()))
            body = json.dumps(content.get("example", "1"))
            query = {"key": "k", "ttl_seconds": "600"}
            headers = {"authorization": api_key}
            httpx.request(method, f"{url}{path}", params=query, content=body, headers=headers)


def schemathesis(
    folder: Path, document: Document, url: str, api_key: str, settings: str
) -> subprocess.CompletedProcess[str]:
    """Draw requests from a document, send them, and hold the answers against it."""
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "schemathesis.toml").write_text(settings)
    return subprocess.run(
        [
            str(Path(sys.executable).parent / "schemathesis"),
            "--config-file",
            "schemathesis.toml",
            "run",
            "openapi.json",
            f"--url={url}",
            f"--header=Authorization: {api_key}",
            "--checks=all",
            "--continue-on-failure",
            "--no-color",
            f"--seed={SEED}",
            f"--max-examples={EXAMPLES}",
            "--generation-database=:memory:",
            "--workers=1",
        ],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
