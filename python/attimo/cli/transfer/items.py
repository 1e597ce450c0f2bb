r"""Items as lines of JSON, which `attimo cache export` prints and `attimo cache import` reads.

A line has `key`, `type`, the content under the name that the HTTP API has for it, and `ttl_seconds`
if the item expires:

    {"key": "user:1", "type": "scalar", "value": "Ada", "ttl_seconds": 600}
    {"key": "cart:7", "type": "dictionary", "fields": [{"field": "tea", "value": "2"}]}
    {"key": "queue", "type": "list", "values": ["a", {"base64": "/w=="}]}
    {"key": "tags", "type": "set", "elements": ["new"]}
    {"key": "points", "type": "sorted-set", "elements": [{"value": "ada", "score": 3.5}]}

Bytes that are no text are `{"base64": …}`.
"""

import base64
import binascii
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from attimo.cli.cache_client import element, read
from attimo.cli.options import MOST_TTL_SECONDS
from attimo.errors import InvalidArgument

CONTENTS = {
    "scalar": "value",
    "dictionary": "fields",
    "list": "values",
    "set": "elements",
    "sorted-set": "elements",
}
"""The name of the content in JSON, by the type of the item."""


class Item(NamedTuple):
    """An item, whose content is as in JSON.

    Attributes:
        key: The key.
        type: One of `CONTENTS`.
        content: Text or bytes of a scalar; the elements of a collection.
        ttl_seconds: The remaining time to live, at least 1; None if the source has none.
    """

    key: bytes
    type: str
    content: Any
    ttl_seconds: int | None = None


class Skipped(NamedTuple):
    """An item that cannot be imported, and why."""

    key: bytes
    reason: str


def comparable(type: str, content: Any) -> object:
    """Content in a form that is equal for equal items: without an order where the type has none."""
    return _COMPARABLE[type](content)


def parse(lines: Iterable[bytes]) -> Iterator[Item]:
    """The items of lines; empty lines are skipped.

    Raises:
        InvalidArgument: A line is not an item; the message has its number.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            raise InvalidArgument(f"Line {number:,} is not JSON in UTF-8") from None
        try:
            item = _item(told)
        except ValueError as error:
            raise InvalidArgument(f"Line {number:,} {error}") from None
        yield item


def line(item: Item) -> bytes:
    """An item as a line, with its end."""
    told = {"key": element(item.key), "type": item.type, CONTENTS[item.type]: item.content}
    if item.ttl_seconds is not None:
        told["ttl_seconds"] = item.ttl_seconds
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _item(told: Any) -> Item:
    """Read an item.

    Raises:
        ValueError: It is none; the message continues a sentence about its line.
    """
    if not isinstance(told, dict):
        raise ValueError("is not a JSON object")
    type = told.get("type", "scalar")
    if not isinstance(type, str) or type not in CONTENTS:
        raise ValueError(f"has an unknown `type`: use one of {', '.join(CONTENTS)}")
    known = {"key", "type", "ttl_seconds", CONTENTS[type]}
    if unknown := sorted(told.keys() - known):
        raise ValueError(f"has `{unknown[0]}`, which no {type} has")
    if missing := sorted({"key", CONTENTS[type]} - told.keys()):
        raise ValueError(f"has no `{missing[0]}`")
    content = told[CONTENTS[type]]
    _CHECKS[type](content, CONTENTS[type])
    return Item(_bytes(told["key"], "key"), type, content, _ttl(told.get("ttl_seconds")))


def _ttl(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or not 1 <= value <= MOST_TTL_SECONDS:
        raise ValueError(
            f"has a `ttl_seconds` that is no whole number from 1 to {MOST_TTL_SECONDS}"
        )
    return value


def _bytes(value: Any, name: str) -> bytes:
    try:
        if isinstance(value, str):
            return value.encode()
        if isinstance(value, dict) and list(value) == ["base64"]:
            return base64.b64decode(value["base64"], validate=True)
    except (binascii.Error, UnicodeEncodeError, TypeError, ValueError):
        pass
    raise ValueError(f'has a `{name}` that is neither text nor {{"base64": …}}') from None


def _array(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"has no array with elements as `{name}`")
    return value


def _elements(value: Any, name: str) -> None:
    for each in _array(value, name):
        _bytes(each, name)


def _objects(value: Any, name: str, *fields: str) -> Iterator[Mapping[str, Any]]:
    for each in _array(value, name):
        if not isinstance(each, dict) or set(each) != set(fields):
            raise ValueError(f"has `{name}` that are no objects of {' and '.join(fields)}")
        yield each


def _fields(value: Any, name: str) -> None:
    for each in _objects(value, name, "field", "value"):
        _bytes(each["field"], "field")
        _bytes(each["value"], "value")


def _scores(value: Any, name: str) -> None:
    for each in _objects(value, name, "value", "score"):
        _bytes(each["value"], "value")
        _score(each["score"])


def _score(value: Any) -> None:
    try:
        is_number = type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        is_number = False
    if not is_number and value not in ("inf", "-inf"):
        raise ValueError("has a `score` that is neither a number of 64 bits nor inf nor -inf")


_COMPARABLE: dict[str, Callable[[Any], object]] = {
    "scalar": read,
    "dictionary": lambda fields: {read(each["field"]): read(each["value"]) for each in fields},
    "list": lambda values: [read(each) for each in values],
    "set": lambda elements: {read(each) for each in elements},
    "sorted-set": lambda elements: {read(e["value"]): float(e["score"]) for e in elements},
}

_CHECKS: dict[str, Callable[[Any, str], object]] = {
    "scalar": _bytes,
    "dictionary": _fields,
    "list": _elements,
    "set": _elements,
    "sorted-set": _scores,
}
