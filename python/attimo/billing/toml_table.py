"""A TOML file, read field by field; whatever is wrong is refused with file, line and field.

`tomllib` tells the line of what is no TOML, but not that of a value. `_line` finds it by parsing
what stands before.
"""

import re
import tomllib
from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from attimo.errors import WrongCard

MOST_BYTES = 65_536
MOST_LINES = 2_000
_SHOWN = 60
"""How many characters of a wrong value a message repeats."""

Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a file; its readers refuse what is missing or wrong.

    Attributes:
        path: Where it is in the file.
        content: What it has.
    """

    path: Steps
    content: Mapping[str, Any]
    _file: _File

    def refusal(self, key: str, reason: str) -> WrongCard:
        """What is wrong with a field, or with the whole table if the field is missing."""
        path = (*self.path, key)
        line = _line(self._file.text, path if key in self.content else self.path)
        return WrongCard(self._file.name, line, f"{_field(path)} {reason}")

    def allow(self, keys: Collection[str]) -> None:
        """Refuse all other keys.

        Raises:
            WrongCard: There is another one.
        """
        for key in self.content:
            if key not in keys:
                raise self.refusal(key, f"is unknown; known are {', '.join(keys)}")

    def text(self, key: str, most: int, default: str | None = None) -> str:
        """Text on one line.

        Raises:
            WrongCard: It is something else, empty, or longer than `most` characters.
        """
        value = self._value(key, default)
        if not isinstance(value, str) or (value != default and not value.strip()):
            raise self.refusal(key, f"must be text, not {_shown(value)}")
        if len(value) > most or not value.isprintable():
            raise self.refusal(key, f"must be at most {most} characters that can be printed")
        return value

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """One of some words.

        Raises:
            WrongCard: It is none of them.
        """
        value = self._value(key, None)
        if not isinstance(value, str) or value not in allowed:
            raise self.refusal(key, f"is {_shown(value)}, but must be one of {', '.join(allowed)}")
        return value

    def integer(self, key: str, least: int, most: int, default: int | None = None) -> int:
        """A whole number.

        Raises:
            WrongCard: It is something else, or outside of the limits.
        """
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            allowed = f"a whole number from {least:,} to {most:,}"
            raise self.refusal(key, f"is {_shown(value)}, but must be {allowed}")
        return value

    def number(self, key: str, most: int, decimals: int, default: Decimal | None = None) -> Decimal:
        """A number from zero on.

        Raises:
            WrongCard: It is something else, above `most`, or has more decimals.
        """
        value = self._value(key, default)
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.refusal(key, f"is {_shown(value)}, but must be a number")
        found = Decimal(value)
        if not found.is_finite() or not 0 <= found <= most:
            shown = _shown(value) if found.is_finite() else "not finite"
            raise self.refusal(key, f"is {shown}, but must be from 0 to {most:,}")
        if int(found.as_tuple().exponent) < -decimals:
            raise self.refusal(key, f"has more than {decimals} decimals")
        return found.copy_abs()  # without the sign of -0.0

    def day(self, key: str) -> date:
        """A date without a time.

        Raises:
            WrongCard: It is something else.
        """
        value = self._value(key, None)
        if isinstance(value, datetime) or not isinstance(value, date):
            raise self.refusal(key, f"is {_shown(value)}, but must be a date such as 2026-08-13")
        return value

    def tables(self, key: str) -> Iterator["Table"]:
        """The tables of an array, at least one.

        Raises:
            WrongCard: It is something else, or empty.
        """
        value = self._value(key, None)
        if not isinstance(value, list) or not value:
            header = ".".join(str(step) for step in (*self.path, key) if isinstance(step, str))
            raise self.refusal(key, f"must be tables [[{header}]]")
        for at, each in enumerate(value):
            if not isinstance(each, dict):
                raise self.refusal(key, f"must be tables, not {_shown(each)}")
            yield Table((*self.path, key, at), each, self._file)

    def _value(self, key: str, default: object) -> Any:
        found = self.content.get(key, default)
        if found is None:
            raise self.refusal(key, "is missing")
        return found


def read(file: Path, name: str) -> Table:
    """Read a file.

    Args:
        file: Where it is.
        name: Its name for messages.

    Raises:
        WrongCard: It cannot be read, is too long, or is not TOML.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise WrongCard(name, None, f"cannot be read: {error.strerror}") from error
    return parse(content, name)


def parse(content: bytes, name: str) -> Table:
    """Parse the content of a file.

    Raises:
        WrongCard: It is too long, or not TOML.
    """
    if len(content) > MOST_BYTES or content.count(b"\n") > MOST_LINES:
        raise WrongCard(name, None, f"is longer than {MOST_BYTES:,} bytes or {MOST_LINES:,} lines")
    try:
        text = content.decode().replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise WrongCard(name, line, "is not UTF-8") from error
    try:
        return Table((), _parsed(text), _File(name, text))
    except RecursionError as error:
        raise WrongCard(name, None, "is nested too deeply") from error
    except ValueError as error:
        raise WrongCard(name, *_said(error, text)) from error


def _parsed(text: str) -> dict[str, Any]:
    return tomllib.loads(text, parse_float=_decimal)


def _decimal(text: str) -> Decimal:
    """A number as it is written; not a number where it has an exponent that nobody can mean."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("nan")


def _said(error: ValueError, text: str) -> tuple[int | None, str]:
    """The line and the reason in a message of `tomllib`."""
    found = re.fullmatch(r"(.*) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    if found is None:  # of `int`, which refuses thousands of digits
        return None, "has a number that is too long"
    line = int(found[2]) if found[2] else text.count("\n") + 1
    return line, f"is not TOML: {found[1]}"


def _line(text: str, path: Steps) -> int:
    """The line on which a value begins.

    That is the first line after which the file, as far as it can be parsed there, has the value. A
    value of several lines can only be parsed with its last.
    """
    lines = text.split("\n")

    def has_it(count: int) -> bool:
        for end in range(count, len(lines)):
            try:
                return _has(_parsed("\n".join(lines[:end])), path)
            except ValueError:
                continue
        return True

    return bisect_left(range(1, len(lines)), True, key=has_it) + 1


def _has(content: Any, path: Steps) -> bool:
    for step in path:
        if isinstance(content, list):
            if not isinstance(step, int) or step >= len(content):
                return False
        elif not isinstance(content, dict) or step not in content:
            return False
        content = content[step]
    return True


def _field(path: Steps) -> str:
    """A path as people count: `prices 2, tiers 1, price`."""
    text = ""
    for step in path:
        text += f" {step + 1}" if isinstance(step, int) else f"{', ' if text else ''}{step}"
    return text if text.isprintable() else repr(text)


def _shown(value: object) -> str:
    """A wrong value, shortened, as TOML would write it if that is simple."""
    match value:
        case bool():
            text = str(value).lower()
        case int() if abs(value) >= 10**_SHOWN:
            text = "a number with more digits than that"
        case int() | Decimal() | date():
            text = str(value)
        case dict():
            text = "a table"
        case list():
            text = "a list"
        case _:
            text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
