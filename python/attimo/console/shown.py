"""Bytes as people read them: as text, as JSON or as a dump, never more than a page holds."""

import codecs
import json
import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["text", "json", "hex"]

MOST_SHOWN = 16 * 1024
"""Of a value, in bytes; in a page, a byte takes up to five characters."""
MOST_DUMPED = 4 * 1024
"""Of a value that is shown byte by byte; a byte takes five characters."""
MOST_IN_LINE = 200
"""Of a key or an element, in characters."""
MOST_DEEP = 200
"""Of JSON, in levels."""

_ROW = 16
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


@dataclass(frozen=True, slots=True)
class Shown:
    """A value, or its start, in one of its forms.

    Attributes:
        form: The form.
        forms: All in which it can be shown, the best first.
        shown_bytes: How many of its bytes are shown.
        start: What was read of it.
    """

    text: str
    form: Form
    forms: tuple[Form, ...]
    shown_bytes: int
    start: bytes


def value(start: bytes, is_whole: bool, wanted: str = "") -> Shown:
    """Return the start of a value in the wanted form, or in the one that fits it best."""
    text = as_text(start, is_whole)
    pretty = None if text is None or not is_whole else as_json(text)
    found: dict[Form, str] = {}
    if pretty is not None:
        found["json"] = pretty
    if text is not None:
        found["text"] = text
    found["hex"] = dump(start[:MOST_DUMPED])
    form: Form = next((each for each in found if each == wanted), next(iter(found)))
    size = min(len(start), MOST_DUMPED) if form == "hex" else len(start)
    return Shown(found[form], form, tuple(found), size, start)


def as_text(start: bytes, is_whole: bool = True) -> str | None:
    """Return text without control characters, apart from tabs and line ends; None if it is none.

    The last character may be cut if this is not the whole.
    """
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(start, is_whole)
    except UnicodeDecodeError:
        return None
    is_odd = any((each < " " and each not in "\t\r\n") or each == "\x7f" for each in text)
    return None if is_odd else text


def as_json(text: str) -> str | None:
    """Return an object or array with a line for each member; None if it is none.

    Numbers, texts and the order of members stay as they are written.
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        json.loads(text, parse_int=len)
        return _indented(_TOKENS.findall(text))
    except (ValueError, RecursionError):
        return None


def _indented(parts: list[str]) -> str:
    """Lay JSON out.

    Raises:
        ValueError: It is too deep.
    """
    made, depth, last = list[str](), 0, ""
    for part in parts:
        if part in "]}":
            depth -= 1
        if last and (last in "[{," or part in "]}") and last + part not in ("[]", "{}"):
            made.append("\n" + "  " * depth)
        made.append(": " if part == ":" else part)
        depth += part in "[{"
        last = part
        if depth > MOST_DEEP:
            raise ValueError("JSON is too deep")
    return "".join(made)


def dump(content: bytes) -> str:
    """Return a line for each sixteen bytes: their place, their digits, and what is ASCII."""
    rows = (content[at : at + _ROW] for at in range(0, len(content), _ROW))
    return "\n".join(
        f"{_ROW * number:08x}  {row.hex(' '):<{3 * _ROW - 1}}  {_ascii(row)}"
        for number, row in enumerate(rows)
    )


def _ascii(row: bytes) -> str:
    return "".join(chr(each) if 0x20 <= each < 0x7F else "." for each in row)


def line(content: bytes) -> str:
    """Return bytes as one line, of at most `MOST_IN_LINE` characters.

    What cannot be seen is escaped, so that two different keys never look the same because of it.
    """
    start = content[: 4 * MOST_IN_LINE]
    text = start.decode("utf-8", errors="surrogateescape")
    if len(start) < len(content):
        text = text.rstrip("".join(map(chr, range(0xDC80, 0xDD00))))
    seen = "".join(map(_seen, text[:MOST_IN_LINE]))
    is_cut = len(text) > MOST_IN_LINE or len(start) < len(content)
    return seen + ("…" if is_cut else "")


def _seen(each: str) -> str:
    if 0xDC80 <= ord(each) <= 0xDCFF:  # a byte that is no text
        return f"\\x{ord(each) - 0xDC00:02x}"
    if each.isprintable() and each != "\\":
        return each
    return each.encode("unicode_escape").decode()
