"""The checks of every body, before a handler reads it: JSON with valid strings.

JSON can express lone surrogates (RFC 8259, section 8.2), which cannot be stored, hashed or sent. So
they are rejected here, for all handlers and their background tasks.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request

from attimo.errors import InvalidArgument
from attimo.names import is_text

NOTHING: Final = object()
"""The value for a request without a body."""


async def read(request: Request, is_wanted: bool) -> object:
    """Parse the body, whose content type the data plane has checked.

    An invalid body is ignored if the operation takes none.

    Raises:
        InvalidArgument: It is not JSON, or has an invalid string; the message names the field.
    """
    sent = await request.body()
    if not sent:
        return NOTHING
    try:
        body = _parsed(sent)
    except InvalidArgument:
        if is_wanted:
            raise
        return NOTHING
    for field, text in _texts("body", body):
        if not is_text(text):
            raise InvalidArgument(f"{field} holds half a surrogate pair, which is no character")
    return body


def _parsed(body: bytes) -> object:
    try:
        text = body.decode("utf-8-sig")
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except UnicodeDecodeError as error:
        raise InvalidArgument("body: must be UTF-8") from error
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise InvalidArgument(f"body: cannot be read as JSON at {place}") from error
    except RecursionError as error:
        raise InvalidArgument("body: is nested too deeply") from error
    except ValueError as error:  # the only other one of the JSON parser
        raise InvalidArgument("body: holds a number with more digits than are read") from error


def _object(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse repeated names: other parsers may use the first where this one uses the last."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name in found:
            raise InvalidArgument(f"body: {name} is there twice")
        found[name] = value
    return found


def _no_number(name: str) -> object:
    raise InvalidArgument(f"body: cannot be read as JSON, which has no {name}")


def _texts(field: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield every string in a value, with its field; unknown fields are rejected anyway."""
    waiting = [(field, value)]
    while waiting:
        at, found = waiting.pop()
        if isinstance(found, str):
            yield at, found
        elif isinstance(found, dict):
            waiting += [(f"{at}.{name}", each) for name, each in found.items()]
        elif isinstance(found, list):
            waiting += [(f"{at}.{place}", each) for place, each in enumerate(found)]
