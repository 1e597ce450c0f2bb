"""`attimo set add NAME …`: the data type set, as earlier versions spelled it.

`attimo set` writes an item now. What begins with a verb of the data type, and is no key with a
value, still means the data type.
"""

import sys
from collections.abc import Sequence

VERBS = {"show", "sample", "pop", "length"}
VERBS_WITH_ELEMENTS = {"add", "remove", "contains"}
WITH_VALUE = {
    "--ttl",
    "--cache",
    "-c",
    "--profile",
    "--url",
    "--api-key",
    "--ca",
    "--data-dir",
}


def is_meant(words: Sequence[str]) -> bool:
    """Whether the words after `attimo set` are about the data type.

    `set add NAME ELEMENT` has one word more than a key and a value; `set show NAME` has not, and is
    taken for the data type, since writing an item would be worse. `set -- show VALUE` writes one.
    """
    if not words:
        return False
    plain = len(_plain(words[1:]))
    if words[0] in VERBS_WITH_ELEMENTS:
        return plain >= 2
    return words[0] in VERBS and plain >= 1 and not {"-f", "--file", "--help", "-h"} & set(words)


def hint(verb: str) -> None:
    """Say how it is spelled now."""
    more = "" if verb in VERBS_WITH_ELEMENTS else f"; for an item: attimo set -- {verb} VALUE"
    print(f"attimo: `attimo set {verb}` is now `attimo sets {verb}`{more}", file=sys.stderr)


def _plain(words: Sequence[str]) -> list[str]:
    """The words that are neither options nor their values."""
    found: list[str] = []
    skip = False
    for word in words:
        if skip:
            skip = False
        elif word in WITH_VALUE:
            skip = True
        elif not word.startswith("-") or word == "-":
            found.append(word)
    return found
