"""What every body must be, before a door reads it: JSON whose texts are text.

JSON can say what no text can hold, half a surrogate pair (RFC 8259, section 8.2). Nothing can
store, hash or send it, so it is refused here, for all doors and for what they do after an answer.
"""

from collections.abc import Iterator

from fastapi import Request

from attimo.errors import InvalidArgument
from attimo.names import is_text


async def check(request: Request) -> None:
    """Refuse a body with a text that is none.

    Raises:
        InvalidArgument: It has one; the message names the field.
    """
    try:
        body = await request.json()
    except (ValueError, RecursionError):
        return  # no JSON: whoever wants some says so
    for field, text in _texts("body", body):
        if not is_text(text):
            raise InvalidArgument(f"{field} holds half a surrogate pair, which is no character")


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
