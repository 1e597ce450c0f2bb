"""Elements of collections: how they are typed and printed, and their TTL."""

import base64
import math
import os
import sys
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from attimo.cli.output import Value

DEFAULT_TTL_SECONDS = 600

NEGATIVE_NUMBERS = {"ignore_unknown_options": True}
"""For commands with an argument such as `-5`, which would be taken for an option."""

MOST_INT32 = 2**31 - 1
MOST_UINT32 = 2**32 - 1
MOST_INT64 = 2**63 - 1
MOST_TTL_SECONDS = (2**64 - 1) // 1000
"""What the fields of Momento's messages hold."""

Ttl = Annotated[
    int | None,
    typer.Option(
        "--ttl",
        min=1,
        max=MOST_TTL_SECONDS,
        help=f"Time to live in seconds. If omitted, new collections get {DEFAULT_TTL_SECONDS} and "
        "existing ones keep their TTL.",
    ),
]


def lifetime(ttl: int | None) -> dict[str, Any]:
    """The fields that set a collection's TTL."""
    seconds = DEFAULT_TTL_SECONDS if ttl is None else ttl
    return {"ttl_milliseconds": seconds * 1000, "refresh_ttl": ttl is not None}


def typed(words: Iterable[str]) -> list[bytes]:
    """Arguments as the bytes that they are."""
    return [os.fsencode(word) for word in words]


def shown(element: bytes) -> str:
    """An element on one line of a table; what cannot be printed is escaped."""
    text = element.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)


def said(name: str, element: bytes) -> dict[str, Value]:
    """An element in JSON: as text, or as `<name>_base64` if it is not text."""
    try:
        return {name: element.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(element).decode()}


def print_element(element: bytes) -> None:
    """Print an element as it is; on a terminal, on a line of its own."""
    sys.stdout.buffer.write(element)
    if sys.stdout.isatty():
        sys.stdout.buffer.write(b"\n")


def number(score: float) -> str:
    """A score as a person writes it."""
    return str(int(score)) if score.is_integer() and abs(score) < 1e16 else str(score)


def said_score(score: float) -> Value:
    """A score in JSON, which has no infinite numbers."""
    return score if math.isfinite(score) else str(score)


def hit(reply: Any, choice: str) -> Any:
    """The result of a call; a miss exits with status 1 and prints nothing."""
    if reply.WhichOneof(choice) == "missing":
        raise typer.Exit(1)
    return reply.found
