"""What every body must be, before a door reads it: JSON whose texts are text.

JSON can say what no text can hold, half a surrogate pair (RFC 8259, section 8.2). Nothing can
store, hash or send it, so it is refused here, for all doors and for what they do after an answer.
"""

import json
from collections.abc import Iterator
from typing import Any, Final

from starlette.requests import Request

from attimo.errors import InvalidArgument
from attimo.names import is_text

NOTHING: Final = object()
"""What is read of a request without a body."""


async def read(request: Request, is_wanted: bool) -> object:
    """Read the body, which the data plane has found to be declared as JSON.

    One that nobody wants may be no JSON, which is as if there were none.

    Raises:
        InvalidArgument: It is no JSON, or has a text that is none; the message names the field.
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
    except ValueError as error:  # the only other one that reading JSON knows
        raise InvalidArgument("body: holds a number with more digits than are read") from error


def _object(fields: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse what is there twice: others may read the first where we read the last."""
    found: dict[str, Any] = {}
    for name, value in fields:
        if name in found:
            raise InvalidArgument(f"body: {name} is there twice")
        found[name] = value
    return found


def _no_number(name: str) -> object:
    raise InvalidArgument(f"body: cannot be read as JSON, which has no {name}")


def _texts(field: str, value: object) -> Iterator[tuple[str, str]]:
    """Every text in a value, with the field where it stands; unknown fields are refused anyway."""
    waiting = [(field, value)]
    while waiting:
        at, found = waiting.pop()
        if isinstance(found, str):
            yield at, found
        elif isinstance(found, dict):
            waiting += [(f"{at}.{name}", each) for name, each in found.items()]
        elif isinstance(found, list):
            waiting += [(f"{at}.{place}", each) for place, each in enumerate(found)]
