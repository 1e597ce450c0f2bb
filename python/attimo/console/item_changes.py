"""Changes of items that pages offer, each as the data plane's own request."""

import base64
import binascii
import math
from collections.abc import Mapping
from typing import Any

from attimo.console.data import CacheData
from attimo.console.items import TYPES, Item, Type, coded
from attimo.errors import FailedPrecondition, InvalidArgument

MOST_EDITED = 16 * 1024
"""Of a value, in bytes: the data plane takes forms of at most 64 KiB."""

FORMS = (("text", "Text"), ("hex", "Hexadecimal"), ("base64", "Base64"))
"""In which a value can be written."""
UNITS = (("1", "seconds"), ("60", "minutes"), ("3600", "hours"), ("86400", "days"))
"""Of a life."""
LONGEST_LIFE = 10**12
"""In seconds: what a person may type; the plan says what is allowed."""


def type_of(name: str) -> Type:
    """The type with this name.

    Raises:
        InvalidArgument: There is none.
    """
    for each in TYPES:
        if each == name:
            return each
    raise InvalidArgument(f"Choose a type: {', '.join(TYPES)}")


def value(text: str, form: str) -> bytes:
    """The bytes that a person has written.

    A browser sends every line end as two characters; of text, one is kept.

    Raises:
        InvalidArgument: It is not of that form.
    """
    try:
        if form == "hex":
            return bytes.fromhex(text)
        if form == "base64":
            return base64.b64decode("".join(text.split()), validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidArgument(f"The value is not {dict(FORMS)[form].lower()}") from error
    return text.replace("\r\n", "\n").encode()


def life(number: str, unit: str) -> int:
    """The seconds of a number of units.

    Raises:
        InvalidArgument: It is no number, or less than a second.
    """
    sizes = {size: int(size) for size, _ in UNITS}
    try:
        seconds = math.ceil(float(number) * sizes[unit])
    except (ValueError, OverflowError, KeyError) as error:
        raise InvalidArgument(
            "The life must be a number of seconds, minutes, hours or days"
        ) from error
    if not 1 <= seconds <= LONGEST_LIFE:
        raise InvalidArgument(f"The life must be from 1 to {LONGEST_LIFE:,} seconds")
    return seconds


def put_value(data: CacheData, key: bytes, content: bytes, seconds: int, etag: str) -> None:
    """Write a value: with an ETag, only in place of that one; without, only where there is none.

    Raises:
        FailedPrecondition: There is another one.
        AttimoError: It is refused.
    """
    condition = {"if-match": etag} if etag else {"if-none-match": "*"}
    try:
        data.ask("PUT", "", _named(key) | {"ttl_seconds": seconds}, content, condition)
    except FailedPrecondition as error:
        has_changed = "The value has changed since you loaded the page: look at it, and try again"
        exists = "There is an item with this key already: find it, and change it"
        raise FailedPrecondition(has_changed if etag else exists) from error


def put_element(
    data: CacheData, key: bytes, type: Type, fields: Mapping[str, str], seconds: int | None
) -> None:
    """Write an element of a collection, which it creates if there is none.

    Args:
        fields: `element`, and of a dictionary `value`, of sorted sets and leaderboards `score`; of
            a list, `end` says at which it is added.
        seconds: The life of a new collection; None for a leaderboard, which has none.

    Raises:
        InvalidArgument: A field is wrong.
        AttimoError: It is refused.
    """
    below, body = _element(type, fields)
    query = _named(key)
    if type != "leaderboard":
        query |= {"ttl_seconds": seconds or 1, "refresh_ttl": "false"}
    data.ask("POST", below, query, body)


def _element(type: Type, fields: Mapping[str, str]) -> tuple[str, object]:
    """The path and the body of the request that writes an element."""
    form = fields.get("form", "text")
    element = value(fields.get("element", ""), form if type != "leaderboard" else "text")
    coded = _in_json(element)
    if type == "dictionary":
        held = _in_json(value(fields.get("value", ""), form))
        return type, {"fields": [{"field": coded, "value": held}]}
    if type == "set":
        return type, {"elements": [coded]}
    if type == "list":
        end = "front" if fields.get("end") == "front" else "back"
        return f"list/push-{end}", {"values": [coded]}
    score = _score(fields.get("score", ""))
    if type == "sorted-set":
        return type, {"elements": [{"value": coded, "score": score}]}
    if type == "leaderboard":
        return type, {"elements": [{"id": _id(element.decode()), "score": score}]}
    raise InvalidArgument("A single value has no elements")


def remove_element(data: CacheData, key: bytes, type: Type, name: bytes) -> None:
    """Delete an element; of a list, all that are equal.

    Raises:
        AttimoError: It is refused.
    """
    if type == "scalar":
        raise InvalidArgument("A single value has no elements")
    named = {"dictionary": "field", "list": "value", "set": "element", "sorted-set": "value"}
    if type == "leaderboard":
        query: dict[str, Any] = {"id": _id(name.decode(errors="replace"))}
    else:
        query = {f"{named[type]}_base64": coded(name)}
    data.ask("DELETE", type, _named(key) | query)


def set_life(data: CacheData, key: bytes, seconds: int) -> None:
    """Change the life of an item.

    Raises:
        AttimoError: It is refused, or there is no item any more.
    """
    data.ask("PUT", "ttl", _named(key) | {"ttl_seconds": seconds})


def delete(data: CacheData, key: bytes, type: Type) -> None:
    """Delete an item; no error if there is none.

    Raises:
        AttimoError: It is refused.
    """
    data.ask("DELETE", "leaderboard" if type == "leaderboard" else "", _named(key))


def editable(item: Item) -> tuple[str, str] | None:
    """The form and the text in which a person can edit a value; None if they cannot.

    A browser changes line ends, so that text with carriage returns is edited as bytes.
    """
    shown = item.value
    if shown is None or item.size > MOST_EDITED:
        return None
    if "text" in shown.forms and b"\r" not in shown.start:
        return "text", shown.start.decode()
    return "hex", shown.start.hex(" ")


def _named(key: bytes) -> dict[str, Any]:
    return {"key_base64": coded(key)}


def _in_json(element: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(element).decode()}


def _score(text: str) -> float | str:
    wanted = text.strip().lower()
    if wanted in ("inf", "-inf"):
        return wanted
    try:
        score = float(wanted)
    except ValueError as error:
        raise InvalidArgument("The score must be a number") from error
    if not math.isfinite(score):
        raise InvalidArgument("The score must be a number")
    return score


def _id(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= 10):
        raise InvalidArgument("The ID in a leaderboard must be a whole number from 0 to 4294967295")
    return int(text)
