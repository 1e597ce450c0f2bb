"""Moments and spans as people read them, and as scripts do."""

import time

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
_LONG_AGO = 60 * 86_400
"""In seconds: a date says more from here on."""


def iso(seconds: float) -> str:
    """A moment in ISO 8601, in UTC; `seconds` since 1970."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def day(seconds: float) -> str:
    """A day in ISO 8601, in UTC."""
    return time.strftime("%Y-%m-%d", time.gmtime(seconds))


def relative(seconds: float, now: float | None = None) -> str:
    """A moment as seen from now: `3 h ago`, `in 2 d`; a date if it is far away."""
    away = seconds - (time.time() if now is None else now)
    if abs(away) >= _LONG_AGO:
        return day(seconds)
    if abs(away) < 1:
        return "now"
    return f"in {span(away)}" if away > 0 else f"{span(-away)} ago"


def span(seconds: float) -> str:
    """A span in its largest unit: `3 h`."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds / size)} {unit}"
    return "0 s"
