"""Valid cache names, and valid text: one rule for the control plane and the command line.

A name is 1 to 255 printable ASCII characters, because it is sent in an HTTP header, without `/`,
and neither `.` nor `..`, which URL paths resolve. Spaces are allowed inside, not at the ends.
"""

import re

from attimo.errors import InvalidName

LONGEST_CACHE = 255
CACHE_RULE = (
    "1 to 255 printable ASCII characters, no '/', no blank at either end, and neither '.' nor '..'"
)

_CACHE = re.compile(rf"(?!\.{{1,2}}\Z)(?! )[ -.0-~]{{1,{LONGEST_CACHE}}}(?<! )")


def check_cache(name: str) -> None:
    """Refuse an invalid cache name.

    Raises:
        InvalidName: It is invalid.
    """
    if not _CACHE.fullmatch(name):
        raise InvalidName(name, CACHE_RULE)


def is_text(text: str) -> bool:
    """Whether UTF-8 can encode it: JSON and command lines can contain lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
