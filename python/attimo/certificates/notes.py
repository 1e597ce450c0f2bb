"""Plain lines above the first certificate of a file, which PEM allows.

They say what a certificate of ours is for, so that a usual start reads a few lines and need not
load a library. A file without them is not ours.
"""

import hashlib

BEGIN = "-----BEGIN CERTIFICATE-----"


def written(heading: str, facts: dict[str, str], chain: str) -> str:
    """A file with these lines above a chain."""
    lines = [heading, *(f"{name}: {value}" for name, value in facts.items())]
    return "\n".join(lines) + "\n" + chain


def facts(heading: str, pem: str) -> dict[str, str]:
    """What the lines of a file say; empty if it has not this heading."""
    first, *lines = pem.partition(BEGIN)[0].splitlines() or [""]
    if first != heading:
        return {}
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def chain(pem: str) -> str:
    """What stands below the lines."""
    return "".join(pem.partition(BEGIN)[1:])


def digest(text: str) -> str:
    """A name for a text that no other text has."""
    return hashlib.sha256(text.encode()).hexdigest()
