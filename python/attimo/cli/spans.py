"""Spans of time as they are typed: 30s, 15m, 12h, 7d."""

import re
import time

import typer

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
MOST_DAYS = 2_900_000
"""Nothing expires later than the year 9999: from today that is some 2,912,000 days."""


def seconds(span: str, option: str = "--expires-in") -> int:
    """How long a span is.

    Raises:
        typer.BadParameter: It is not valid, or too long; the message names `option`.
    """
    match = re.fullmatch(r"(\d+)([smhd])", span, re.ASCII)
    if match is None:
        words = "say a number and s, m, h or d, such as 12h"
        raise typer.BadParameter(words, param_hint=option)
    if len(match[1]) > 15 or int(match[1]) * _SECONDS[match[2]] > MOST_DAYS * 86400:
        raise typer.BadParameter(f"at most {MOST_DAYS}d", param_hint=option)
    return int(match[1]) * _SECONDS[match[2]]


def moment_in(span: str) -> int:
    """The moment after that span from now, in seconds since 1970."""
    return int(time.time()) + seconds(span)


def moment_before(span: str, option: str) -> int:
    """The moment before that span, in seconds since 1970; 0 for all before that."""
    return max(0, int(time.time()) - seconds(span, option))
