"""What a command answers: declared once, for tables, for JSON and for its schema.

A command returns plain data. Its shape prints them: a table or lines for people, tab-separated
lines on a pipe, one JSON document with --json. The JSON schema derives from the same columns.
"""

import base64
import json
import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple, TypeAlias

import click

from attimo.cli import tables, times
from attimo.names import is_text

Kind: TypeAlias = Literal[
    "text",
    "prose",
    "number",
    "decimal",
    "score",
    "moment",
    "instant",
    "day",
    "duration",
    "flag",
    "bytes",
    "data",
]
"""`prose` is text that a table may cut; `bytes` need not be text; `data` is any JSON. A `decimal`
is an exact number, and text in JSON. A `moment` is told relative to now; an `instant` and a `day`
are not."""

_FORMATS: dict[Kind, str] = {"moment": "date-time", "instant": "date-time", "day": "date"}
_TYPES: dict[Kind, str] = {
    "text": "string",
    "prose": "string",
    "number": "number",
    "decimal": "string",
    "moment": "string",
    "instant": "string",
    "day": "string",
    "duration": "number",
    "flag": "boolean",
}


class Column(NamedTuple):
    """A field of an answer.

    Attributes:
        name: Its name in JSON.
        kind: What it holds; a moment is in seconds since 1970, a duration in seconds.
        title: Its heading; by default, the name with blanks.
        none: What a table shows where there is no value; None if there always is one.
        wide: Whether a table shows it with --wide only.
    """

    name: str
    kind: Kind = "text"
    title: str = ""
    none: str | None = None
    wide: bool = False

    @property
    def heading(self) -> str:
        """The heading in a table."""
        return self.title or self.name.replace("_", " ").capitalize()

    def text(self, value: Any, exact: bool) -> str:
        """A value in a table; `exact` for scripts, with times in ISO 8601."""
        if value is None:
            return self.none or ""
        match self.kind:
            case "moment":
                return times.iso(value) if exact else times.relative(value)
            case "instant":
                return times.iso(value)
            case "day":
                return times.day(value)
            case "duration":
                return str(value) if exact else times.span(value)
            case "flag":
                return "yes" if value else "no"
            case "score":
                return number(value)
            case "bytes":
                return escaped(value)
            case "data":
                return json.dumps(value, ensure_ascii=False)
            case _:
                return printable(str(value))

    def json(self, value: Any) -> dict[str, Any]:
        """The field in JSON; bytes that are no text become `NAME_base64`."""
        if value is not None:
            match self.kind:
                case "moment" | "instant":
                    value = times.iso(value)
                case "day":
                    value = times.day(value)
                case "score":
                    value = value if math.isfinite(value) else str(value)
                case "bytes":
                    return _bytes(self.name, value)
        return {self.name: value}

    def schema(self) -> dict[str, Any]:
        """The JSON schema of the field."""
        if self.kind == "bytes":
            text = {"type": "string" if self.none is None else ["string", "null"]}
            return {self.name: text, f"{self.name}_base64": {"type": "string"}}
        if self.kind == "data":
            return {self.name: {}}
        if self.kind == "score":
            return {self.name: {"anyOf": [{"type": "number"}, {"enum": ["inf", "-inf"]}]}}
        type = _TYPES[self.kind]
        found: dict[str, Any] = {"type": type if self.none is None else [type, "null"]}
        format = _FORMATS.get(self.kind)
        return {self.name: found | ({"format": format} if format else {})}


class View(NamedTuple):
    """How an answer is to be printed."""

    as_json: bool = False
    wide: bool = False


class Shape:
    """How the answer of a command looks.

    Attributes:
        columns: The fields.
        has_wide: Whether --wide makes a difference.
    """

    has_wide = False

    def __init__(self, *columns: Column) -> None:
        self.columns = columns

    def show(self, answer: Any, view: View) -> None:
        """Print an answer."""
        if view.as_json:
            print_json(self.json(answer))
        else:
            self.text(answer, view)

    def show_one(self, answer: Mapping[str, Any], view: View) -> None:
        """Print one record of many that come, on a line."""
        if view.as_json:
            print(json.dumps(record(self.columns, answer)))
            return
        columns = [each for each in self.columns if view.wide or not each.wide]
        gap = "  " if sys.stdout.isatty() else "\t"
        print(gap.join(each.text(answer.get(each.name), exact=True) for each in columns))

    def json(self, answer: Any) -> Any:
        """An answer in JSON: one object."""
        return record(self.columns, answer)

    def text(self, answer: Any, view: View) -> None:
        """Print an answer for people, or line by line for a pipe."""
        raise NotImplementedError

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer."""
        return object_schema(self.columns)


class Listing(Shape):
    """Several records: `{"items": […], "next": …}`; `next` continues a list that was cut."""

    has_wide = True

    def json(self, answer: Any) -> Any:
        """An answer in JSON."""
        items, next = page(answer)
        return {"items": [record(self.columns, each) for each in items], "next": next}

    def text(self, answer: Any, view: View) -> None:
        """Print a table."""
        items, _ = page(answer)
        columns = [each for each in self.columns if view.wide or not each.wide]
        tables.show(columns, items, view.wide)

    def schema(self) -> dict[str, Any]:
        """The JSON schema of an answer."""
        items = {"type": "array", "items": object_schema(self.columns)}
        return closed({"items": items, "next": {"type": ["string", "null"]}})


class Report(Shape):
    """Lines, and what is said about all of them; with --csv, what the server wrote."""

    has_wide = True

    def show(self, answer: Any, view: View) -> None:
        """Print an answer, or the CSV of the server."""
        if answer["csv"] is None:
            super().show(answer, view)
        elif view.as_json:
            raise click.UsageError("pass --json or --csv, not both")
        else:
            sys.stdout.write(answer["csv"])


class Record(Shape):
    """One object, a field in each line."""

    has_wide = True

    def text(self, answer: Any, view: View) -> None:
        """Print a line for each field."""
        columns = [each for each in self.columns if view.wide or not each.wide]
        tables.show_fields(columns, answer, view.wide)


class Plain(Shape):
    """One object of which people see the first field alone, such as a new key."""

    def text(self, answer: Any, view: View) -> None:
        """Print the field on a line."""
        first = self.columns[0]
        print(first.text(answer.get(first.name), exact=True))


class Done(Shape):
    """What a command did: a sentence on standard error, or one object."""

    def __init__(
        self, sentence: str | Callable[[Any], str], *columns: Column, quiet: bool = False
    ) -> None:
        """Create a shape.

        Args:
            sentence: With the fields in braces; or made from the answer.
            *columns: The fields in JSON.
            quiet: Whether only a terminal is told, as for writing items.
        """
        super().__init__(*columns)
        self._sentence = sentence
        self._quiet = quiet

    def text(self, answer: Any, view: View) -> None:
        """Print the sentence."""
        if self._quiet and not sys.stderr.isatty():
            return
        said, fields = self._sentence, _Printable(answer)
        print(said(fields) if callable(said) else said.format_map(fields), file=sys.stderr)


class _Printable(dict[str, Any]):
    """Fields for a sentence."""

    def __getitem__(self, name: str) -> Any:
        value = super().__getitem__(name)
        return printable(value) if isinstance(value, str) else value


class Answer(NamedTuple):
    """An answer that says more than its data.

    Attributes:
        data: The data.
        status: The exit status.
        next: Where a list that was cut continues.
    """

    data: Any
    status: int = 0
    next: str | None = None


def page(answer: Any) -> tuple[Iterable[Mapping[str, Any]], str | None]:
    """The items of a list, and where it continues."""
    return (answer.data, answer.next) if isinstance(answer, Answer) else (answer, None)


def record(columns: Sequence[Column], answer: Mapping[str, Any]) -> dict[str, Any]:
    """One object in JSON."""
    found: dict[str, Any] = {}
    for column in columns:
        found |= column.json(answer.get(column.name))
    return found


def object_schema(columns: Sequence[Column]) -> dict[str, Any]:
    """The JSON schema of an object with these fields."""
    properties: dict[str, Any] = {}
    for column in columns:
        properties |= column.schema()
    schema = closed(properties)
    of_bytes = [each.name for each in columns if each.kind == "bytes"]
    schema["required"] = [
        name for name in properties if name.removesuffix("_base64") not in of_bytes
    ]
    choices = [
        {"oneOf": [{"required": [name]}, {"required": [f"{name}_base64"]}]} for name in of_bytes
    ]
    return schema | ({"allOf": choices} if choices else {})


def closed(properties: dict[str, Any]) -> dict[str, Any]:
    """The JSON schema of an object with exactly these properties."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def print_json(value: Any) -> None:
    """Print a value as JSON; what is no text in it is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    print(for_screen(text) if is_text(text) else json.dumps(value, indent=2))


def for_screen(text: str) -> str:
    """JSON as it is printed: on a terminal, what cannot be printed is escaped."""
    if text.isprintable() or not sys.stdout.isatty():
        return text
    return "".join(each if each.isprintable() or each == "\n" else _in_json(each) for each in text)


def printable(text: str) -> str:
    """Text on one line, without control characters."""
    return text if text.isprintable() else "".join(map(_shown, text))


def quoted(name: str | bytes) -> str:
    """A name in a sentence, whose end nobody takes for the end of the sentence."""
    shown = printable(name) if isinstance(name, str) else escaped(name)
    mark = '"' if "'" in shown else "'"
    return f"{mark}{shown}{mark}"


def escaped(element: bytes) -> str:
    """Bytes on one line; what cannot be printed is escaped."""
    return printable(element.decode(errors="backslashreplace"))


def number(score: float) -> str:
    """A score as a person writes it."""
    return str(int(score)) if score.is_integer() and abs(score) < 1e16 else str(score)


def _in_json(character: str) -> str:
    return json.dumps(character)[1:-1]


def _shown(character: str) -> str:
    return character if character.isprintable() else repr(character)[1:-1]


def _bytes(name: str, value: bytes) -> dict[str, Any]:
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}
