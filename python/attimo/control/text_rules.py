"""What people may write: names and descriptions, in any language, on one line."""

from attimo.errors import InvalidArgument

LONGEST_DESCRIPTION = 256


def check(field: str, text: str, longest: int, may_be_empty: bool = False) -> None:
    """Refuse a text that is too long, is blank, or holds what cannot be shown.

    Raises:
        InvalidArgument: It does; the message names the field.
    """
    if not may_be_empty and not text.strip():
        raise InvalidArgument(f"{field} must not be blank")
    if len(text) > longest:
        raise InvalidArgument(f"{field} must be at most {longest} characters")
    if not text.isprintable():
        raise InvalidArgument(f"{field} must be of characters that can be shown, on one line")
