"""Durations as they are typed: 30s, 15m, 12h, 7d; a bare number is seconds."""

import re
import time
from typing import Any

import click

_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
MOST_SECONDS = 2_900_000 * 86_400
"""Nothing expires later than the year 9999: from today that is some 2,912,000 days."""


class Duration(click.ParamType[int]):
    """A duration, in whole seconds."""

    name = "duration"

    def __init__(self, most: int = MOST_SECONDS, least: int = 0) -> None:
        """Create the type; `most` and `least` are in seconds."""
        self._most = most
        self._least = least

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a duration.

        Raises:
            click.BadParameter: It is not valid, too long or too short; the message has the limit.
        """
        if isinstance(value, int):
            return value
        try:
            found = seconds(str(value))
        except ValueError:
            self.fail(
                f"{str(value)[:40]!r} is not a duration: use seconds (60) or a number with s, m, "
                "h, d or w (15m, 7d)",
                param,
                ctx,
            )
        if not self._least <= found <= self._most:
            self.fail(f"must be {text(self._least)} to {text(self._most)}", param, ctx)
        return found


def seconds(text: str) -> int:
    """How long a duration is.

    Raises:
        ValueError: It is not valid.
    """
    match = re.fullmatch(r"(\d{1,20})([smhdw]?)", text.strip(), re.ASCII)
    if match is None:
        raise ValueError(text)
    return int(match[1]) * _SECONDS[match[2]]


def typed(span: float) -> str:
    """A span of a second or more in its largest unit up to days, rounded down: `89d`."""
    unit = next(each for each in "dhms" if _SECONDS[each] <= span)
    return f"{int(span // _SECONDS[unit])}{unit}"


def text(seconds: int) -> str:
    """A duration as it is typed, in the largest unit of which it is a whole number: `25h`."""
    size, unit = next(
        (size, unit)
        for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1))
        if seconds % size == 0 and (seconds or size == 1)
    )
    return f"{seconds // size}{unit}"


def moment_in(span: int) -> int:
    """The moment after that many seconds from now, in seconds since 1970."""
    return int(time.time()) + span


def moment_before(span: int | None) -> int | None:
    """The moment that many seconds ago, in seconds since 1970; 0 for all before that."""
    return None if span is None else max(0, int(time.time()) - span)
