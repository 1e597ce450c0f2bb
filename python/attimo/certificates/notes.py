"""Plain lines above the first certificate of a file, which PEM allows.

They describe a certificate that this server issued, so that a usual start reads a few lines and
loads no library. A file without them is the operator's.
"""

import hashlib

BEGIN = "-----BEGIN CERTIFICATE-----"


def written(heading: str, facts: dict[str, str], chain: str) -> str:
    """Return a file with these lines above a chain."""
    lines = [heading, *(f"{name}: {value}" for name, value in facts.items())]
    return "\n".join(lines) + "\n" + chain


def facts(heading: str, pem: str) -> dict[str, str]:
    """Parse the lines of a file; empty if it does not have this heading."""
    first, *lines = pem.partition(BEGIN)[0].splitlines() or [""]
    if first != heading:
        return {}
    return dict(line.split(": ", 1) for line in lines if ": " in line)


def chain(pem: str) -> str:
    """Return what is below the lines."""
    return "".join(pem.partition(BEGIN)[1:])


def digest(text: str) -> str:
    """Return a digest that identifies a text."""
    return hashlib.sha256(text.encode()).hexdigest()
