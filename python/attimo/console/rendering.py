"""Templates, and how pages write numbers and times."""

from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from attimo.billing import money
from attimo.console import assets

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB")
_TIMES = ("µs", "ms", "s")


def render(template: str, values: Mapping[str, object]) -> str:
    """Fill in a template; all text is escaped."""
    return _environment().get_template(template).render(values)


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "asset": assets.url,
        "amount": amount,
        "plain": money.format_plain,
        "span": span,
    }
    made.filters |= {
        "bytes": of_bytes,
        "micros": of_micros,
        "number": of_number,
        "when": of_time,
        "segment": of_segment,
    }
    return made


def amount(count: float, unit: str) -> str:
    """An amount in the unit of a limit, such as `bytes per second`."""
    if unit.startswith("bytes"):
        return of_bytes(count) + unit.removeprefix("bytes")
    return of_number(count) + (f" {unit}" if unit != "count" else "")


def span(seconds: int) -> str:
    """A length of time, in the two largest of its units."""
    parts = list[str]()
    for name, size in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        parts += [f"{count} {name}"] if count or parts or size == 1 else []
    return " ".join(parts[:1] + [each for each in parts[1:2] if not each.startswith("0 ")])


def of_bytes(count: float) -> str:
    """Bytes in the largest unit of which there is one; with a decimal below 10."""
    unit = 0
    while count >= 1024 and unit + 1 < len(_UNITS):
        count, unit = count / 1024, unit + 1
    digits = 1 if unit and count < 10 else 0
    return f"{count:.{digits}f} {_UNITS[unit]}"


def of_micros(count: float) -> str:
    """Microseconds in the largest unit of which there is one, with two or three digits."""
    unit = 0
    while count >= 1000 and unit + 1 < len(_TIMES):
        count, unit = count / 1000, unit + 1
    digits = 1 if count < 10 else 0
    return f"{count:,.{digits}f} {_TIMES[unit]}"


def of_number(count: float) -> str:
    """A number with separators; with a decimal if it is small and not whole."""
    return f"{count:,.1f}" if count < 100 and count != int(count) else f"{count:,.0f}"


def of_time(moment: int) -> Markup:
    """A moment in UTC, for people and for programs."""
    at = datetime.fromtimestamp(moment, UTC)
    return Markup('<time datetime="{}">{}</time>').format(
        at.isoformat(), f"{at:%Y-%m-%d %H:%M} UTC"
    )


def of_segment(text: str) -> str:
    """A segment of a path."""
    return quote(text, safe="")
