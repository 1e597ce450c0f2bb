"""Spans of time as they are typed: 30s, 15m, 12h, 7d."""

import re
import time

import typer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(span: str) -> int:
    """How long a span is.

    Raises:
        typer.BadParameter: It is none.
    """
    match = re.fullmatch(r"(\d{1,9})([smhd])", span)
    if match is None:
        raise typer.BadParameter("say a number and s, m, h or d, such as 12h")
    return int(match[1]) * _SECONDS[match[2]]


def moment_in(span: str) -> int:
    """The moment after that span from now, in seconds since 1970."""
    return int(time.time()) + seconds(span)
