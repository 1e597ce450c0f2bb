"""What a cache may be called, and what is text: one rule for control plane and command line.

A name is 1 to 255 printable ASCII characters, because it travels in an HTTP header, and neither `/`
nor a name that a URL path would swallow (`.` and `..`). Blanks may stand inside, not at the ends.
"""

import re

from attimo.errors import InvalidName

LONGEST_CACHE = 255
CACHE_RULE = (
    "1 to 255 printable ASCII characters, no '/', no blank at either end, and neither '.' nor '..'"
)

_CACHE = re.compile(rf"(?!\.{{1,2}}\Z)(?! )[ -.0-~]{{1,{LONGEST_CACHE}}}(?<! )")


def check_cache(name: str) -> None:
    """Refuse what is no name of a cache.

    Raises:
        InvalidName: It breaks the rule.
    """
    if not _CACHE.fullmatch(name):
        raise InvalidName(name, CACHE_RULE)


def is_text(text: str) -> bool:
    """Whether UTF-8 can encode it: JSON and command lines can hold lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
