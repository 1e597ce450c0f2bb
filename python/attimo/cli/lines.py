r"""Many items as lines of `KEY<TAB>VALUE`, which `get` prints and `set --lines` reads.

A tab, a line feed, a carriage return and a backslash in a key or value are `\t`, `\n`, `\r` and
`\\`; any byte can be `\xHH`. Everything else stands as it is.
"""

import codecs
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from attimo.errors import InvalidArgument

_CODES = {b"t": b"\t", b"n": b"\n", b"r": b"\r", b"\\": b"\\"}
_NAMES = {ord("\t"): b"\\t", ord("\n"): b"\\n", ord("\r"): b"\\r", ord("\\"): b"\\\\"}
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.?))", re.DOTALL)
_SPECIAL = re.compile(rb"[\t\n\r\\]")


class Line(NamedTuple):
    """An item, and the number of its line, from 1."""

    number: int
    key: bytes
    value: bytes


def parse(lines: Iterable[bytes]) -> Iterator[Line]:
    """The items of lines; empty lines are skipped, and so is a byte order mark at the beginning.

    Raises:
        InvalidArgument: A line is not an item; the message has its number.
    """
    for number, line in enumerate(lines, 1):
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if not (line := line.removesuffix(b"\n").removesuffix(b"\r")):
            continue
        key, tab, value = line.partition(b"\t")
        if not tab:
            raise InvalidArgument(f"Line {number:,} has no tab: each line must be KEY<TAB>VALUE")
        yield Line(number, _plain(key, number), _plain(value, number))


def line(key: bytes, value: bytes) -> bytes:
    """An item as a line, with its end."""
    return b"%b\t%b\n" % (_without_mark(_escaped(key)), _escaped(value))


def _plain(text: bytes, number: int) -> bytes:
    return _ESCAPE.sub(lambda found: _byte(found, number), text) if b"\\" in text else text


def _byte(found: re.Match[bytes], number: int) -> bytes:
    if found[1]:
        return bytes.fromhex(found[1].decode())
    if (code := _CODES.get(found[2])) is None:
        raise InvalidArgument(rf"Line {number:,} has an unknown escape: use \t, \n, \r, \\ or \xHH")
    return code


def _without_mark(key: bytes) -> bytes:
    """The same with a byte order mark at its beginning escaped, which a reader would skip."""
    is_marked = key.startswith(codecs.BOM_UTF8)
    return rb"\xef\xbb\xbf" + key.removeprefix(codecs.BOM_UTF8) if is_marked else key


def _escaped(text: bytes) -> bytes:
    return _SPECIAL.sub(lambda found: _NAMES[found[0][0]], text)
