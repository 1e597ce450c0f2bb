"""Items as pages show them: the list of a cache, and one item with a page of what it holds.

Each function asks the data plane for little at a time: a page of a listing is bounded there, of a
value only its start is read, and of a collection only the elements that are shown. Dictionaries and
sets can be read as a whole only, so of large ones a page shows what is looked for.
"""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from attimo.console import shown
from attimo.console.data import CacheData
from attimo.console.shown import Shown
from attimo.errors import AttimoError, InvalidArgument, NotFound

Type: TypeAlias = Literal["scalar", "dictionary", "list", "set", "sorted-set", "leaderboard"]

MOST_LISTED = 50
"""Of items, on a page."""
MOST_ASKED = 8
"""Pages of the data plane for one of the console, if few keys have the prefix."""
MOST_ELEMENTS = 100
"""Of a collection, on a page."""
MOST_READ_WHOLE = 10_000
"""Elements of a dictionary or a set."""
LONGEST_KEY = 8 * 1024
"""In bytes, of a key that a page can name: it is a part of the address."""

TYPES: Mapping[Type, str] = {
    "scalar": "Value",
    "dictionary": "Dictionary",
    "list": "List",
    "set": "Set",
    "sorted-set": "Sorted set",
    "leaderboard": "Leaderboard",
}
"""What people call each."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An item of a list.

    Attributes:
        code: Its key as addresses have it; None if it is too long for one.
        life: In seconds, rounded up; None if it never expires.
    """

    name: str
    code: str | None
    type: Type
    bytes: int
    length: int | None
    life: int | None


@dataclass(frozen=True, slots=True)
class Element:
    """An element of a collection.

    Attributes:
        name: What tells it from others: a field, a value or an id.
        code: The same in base64, for a form; None if it is too long to be sent back.
        beside: The value of a field, or a score.
        rank: Its place, from 0, where there is an order.
    """

    name: str
    code: str | None
    beside: str = ""
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item with a part of what it holds.

    Attributes:
        life: In seconds, rounded up; None if it never expires.
        size: The bytes of a value, or the number of elements.
        value: The start of a value.
        etag: The ETag of a value.
        elements: Some elements of a collection.
        note: What is said of these, if they are not simply the next ones.
    """

    key: bytes
    type: Type
    life: int | None
    size: int
    value: Shown | None = None
    etag: str = ""
    elements: tuple[Element, ...] = ()
    note: str = ""


def listed(data: CacheData, prefix: str, token: str | None) -> tuple[list[Listed], str | None]:
    """Return some items whose keys start with a prefix, and the token of where they go on.

    There may be none, and more nevertheless.

    Raises:
        AttimoError: The visitor may not read all keys with the prefix, among others.
    """
    found: list[Listed] = []
    for _ in range(MOST_ASKED):
        query = {
            "prefix_base64": coded(prefix.encode()),
            "limit": MOST_LISTED - len(found),
            "details": "true",
            "encoding": "base64",
        }
        query |= {"next_token": token} if token else {}
        page = data.ask("GET", "keys", query).json()
        found += map(_listed, page["items"])
        token = page.get("next_token")
        if token is None or len(found) >= MOST_LISTED:
            break
    return found, token


def _listed(item: Mapping[str, Any]) -> Listed:
    key = _bytes(item["key"])
    code = coded(key) if len(key) <= LONGEST_KEY else None
    life, length = item.get("ttl_milliseconds"), item.get("length")
    return Listed(shown.line(key), code, item["type"], item["bytes"], length, _seconds(life))


def find(
    data: CacheData, key: bytes, type: str = "", form: str = "", page: int = 0, sought: str = ""
) -> Item:
    """Return the item with a key.

    Args:
        type: `leaderboard` for the leaderboard of this name; items have keys of their own.
        form: How a value is shown.
        page: Which elements of a collection are shown, from 0.
        sought: A field or element to look for instead.

    Raises:
        NotFound: There is no such item, or no such cache.
        AttimoError: The visitor may not read it, among others.
    """
    kind, life = look(data, key, type)
    if kind == "scalar":
        return _scalar(data, key, life, form)
    length = int(data.ask("GET", f"{kind}/length", {"key_base64": coded(key)}).json()["length"])
    if not length:  # only leaderboards say so; of others there is none
        raise NotFound("There is no leaderboard with this name")
    elements, note = _READ[kind](data, coded(key), length, page * MOST_ELEMENTS, sought)
    return Item(key, kind, life, length, elements=tuple(elements), note=note)


def look(data: CacheData, key: bytes, type: str = "") -> tuple[Type, int | None]:
    """Return the type of the item with a key, and its life in seconds.

    Raises:
        NotFound: There is no such item, or no such cache.
        AttimoError: The visitor may not read it, among others.
    """
    if type == "leaderboard":
        return "leaderboard", None
    named = {"key_base64": coded(key)}
    kind: Type = data.ask("GET", "type", named).json()["type"]
    return kind, _seconds(data.ask("GET", "ttl", named).json()["ttl_milliseconds"])


def _scalar(data: CacheData, key: bytes, life: int | None, form: str) -> Item:
    named = {"key_base64": coded(key)}
    part = {"range": f"bytes=0-{shown.MOST_SHOWN - 1}"}
    try:
        found = data.ask("GET", "", named, headers=part)
    except AttimoError as error:
        if error.status != 416:
            raise
        found = data.ask("GET", "", named)  # it is empty
    size = int(found.headers.get("content-range", "/").rpartition("/")[2] or len(found.content))
    start = found.content[: shown.MOST_SHOWN]
    value = shown.value(start, size == len(start), form)
    return Item(key, "scalar", life, size, value, found.headers.get("etag", ""))


_Found: TypeAlias = tuple[list[Element], str]


def _list(data: CacheData, code: str, length: int, start: int, _: str) -> _Found:
    query = {"key_base64": code, "start": start, "end": start + MOST_ELEMENTS, "encoding": "base64"}
    values = data.ask("GET", "list", query).json()["values"] if start < length else []
    found = [_element(_bytes(each), rank=start + at) for at, each in enumerate(values)]
    return found, ""


def _sorted_set(data: CacheData, code: str, length: int, start: int, _: str) -> _Found:
    query = {"key_base64": code, "start": start, "end": start + MOST_ELEMENTS, "order": "desc"}
    members = data.ask("GET", "sorted-set", query | {"encoding": "base64"}).json()["elements"]
    found = [
        _element(_bytes(each["value"]), str(each["score"]), start + at)
        for at, each in enumerate(members)
    ]
    return found, ""


def _leaderboard(data: CacheData, code: str, length: int, start: int, _: str) -> _Found:
    query = {"key_base64": code, "start": start, "end": start + MOST_ELEMENTS, "order": "desc"}
    members = data.ask("GET", "leaderboard", query).json()["elements"]
    found = [
        _element(str(each["id"]).encode(), str(each["score"]), each["rank"]) for each in members
    ]
    return found, ""


def _dictionary(data: CacheData, code: str, length: int, start: int, sought: str) -> _Found:
    query = {"key_base64": code, "encoding": "base64"}
    if sought or length > MOST_READ_WHOLE:
        if not sought:
            return [], f"Of more than {MOST_READ_WHOLE:,} fields, look for one by its name."
        query |= {"field_base64": coded(sought.encode())}
    fields = data.ask("GET", "dictionary", query).json()["fields"]
    found = [(_bytes(each["field"]), each["value"]) for each in fields if each.get("found", True)]
    if sought and not found:
        return [], "There is no such field."
    found.sort(key=lambda each: each[0])
    part = found[start : start + MOST_ELEMENTS]
    return [_element(field, shown.line(_bytes(value))) for field, value in part], ""


def _set(data: CacheData, code: str, length: int, start: int, sought: str) -> _Found:
    query = {"key_base64": code, "encoding": "base64"}
    if sought:
        asked = {"key_base64": code, "element_base64": coded(sought.encode())}
        (is_in,) = data.ask("GET", "set/contains", asked).json()["contains"]
        return [
            _element(sought.encode())
        ] if is_in else [], "" if is_in else "It is not in the set."
    if length > MOST_READ_WHOLE:
        sample = data.ask("GET", "set/sample", query | {"limit": str(MOST_ELEMENTS)}).json()
        return [_element(_bytes(each)) for each in sample["elements"]], "Chosen at random."
    elements = sorted(map(_bytes, data.ask("GET", "set", query).json()["elements"]))
    return [_element(each) for each in elements[start : start + MOST_ELEMENTS]], ""


_READ: Mapping[Type, Callable[[CacheData, str, int, int, str], _Found]] = {
    "dictionary": _dictionary,
    "list": _list,
    "set": _set,
    "sorted-set": _sorted_set,
    "leaderboard": _leaderboard,
}


def _element(name: bytes, beside: str = "", rank: int | None = None) -> Element:
    code = coded(name) if len(name) <= LONGEST_KEY else None
    return Element(shown.line(name), code, beside, rank)


def named(key: bytes) -> str:
    """A key as a line."""
    return shown.line(key)


def coded(key: bytes) -> str:
    """Bytes as addresses and forms have them: base64url."""
    return base64.urlsafe_b64encode(key).decode().rstrip("=")


def decoded(code: str) -> bytes:
    """The bytes of an address or a form.

    Raises:
        InvalidArgument: It is not base64url, or longer than the longest key that a page can name.
    """
    try:
        found = base64.b64decode(code + "=" * (-len(code) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidArgument("The key in the address is not base64url") from error
    if len(found) > LONGEST_KEY:
        raise InvalidArgument(f"A page shows items with keys of at most {LONGEST_KEY:,} bytes")
    return found


def _bytes(element: Mapping[str, str]) -> bytes:
    return base64.b64decode(element["base64"])


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else -(-milliseconds // 1000)
