"""What every body must be, before a door reads it: JSON whose texts are text.

JSON can say what no text can hold, half a surrogate pair (RFC 8259, section 8.2). Nothing can
store, hash or send it, so it is refused here, for all doors and for what they do after an answer.
"""

from collections.abc import Iterator
from json import JSONDecodeError
from typing import Final

from starlette.exceptions import HTTPException
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
        HTTPException: It cannot be read at all.
    """
    if not await request.body():
        return NOTHING
    try:
        body = await request.json()
    except (ValueError, RecursionError) as error:
        if is_wanted:
            raise _no_json(error) from error
        return NOTHING
    for field, text in _texts("body", body):
        if not is_text(text):
            raise InvalidArgument(f"{field} holds half a surrogate pair, which is no character")
    return body


def _no_json(error: Exception) -> Exception:
    if isinstance(error, JSONDecodeError):
        return InvalidArgument(f"{error.pos}: JSON decode error")
    return HTTPException(400, "There was an error parsing the body")


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
