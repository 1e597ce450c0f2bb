"""Rules for names and descriptions: one line of printable text, in any language."""

from attimo.errors import InvalidArgument

LONGEST_DESCRIPTION = 256


def check(field: str, text: str, longest: int, may_be_empty: bool = False) -> None:
    """Refuse a text that is too long, blank, or not printable.

    Raises:
        InvalidArgument: It is; the message names the field.
    """
    if not may_be_empty and not text.strip():
        raise InvalidArgument(f"{field} must not be blank")
    if len(text) > longest:
        raise InvalidArgument(f"{field} must be at most {longest} characters")
    if not text.isprintable():
        raise InvalidArgument(f"{field} must be printable text on one line")
