"""Items as lines: whatever is written as lines is read again, and bad lines are named."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attimo.cli import lines
from attimo.errors import InvalidArgument

pairs = st.lists(st.tuples(st.binary(min_size=1), st.binary()))


@given(pairs)
def test_items_that_are_written_as_lines_are_read_again(items: list[tuple[bytes, bytes]]) -> None:
    text = b"".join(lines.line(key, value) for key, value in items)

    assert [each[1:] for each in lines.parse(text.split(b"\n"))] == items


@given(st.lists(st.binary()))
def test_any_lines_are_items_or_are_refused(text: list[bytes]) -> None:
    with contextlib.suppress(InvalidArgument):
        assert len(list(lines.parse(text))) <= len(text)


@pytest.mark.parametrize(
    ("line", "item"),
    [
        (b"k\tv\n", (b"k", b"v")),
        (b"k\tv\r\n", (b"k", b"v")),
        (b"k\tv\tw", (b"k", b"v\tw")),
        (rb"a\tb" + b"\t" + rb"\n\r\\\x00\xFF", (b"a\tb", b"\n\r\\\x00\xff")),
        (b"k\t", (b"k", b"")),
        (b"\tv", (b"", b"v")),
        (b"\t", (b"", b"")),
    ],
)
def test_a_line_is_an_item(line: bytes, item: tuple[bytes, bytes]) -> None:
    assert list(lines.parse([line])) == [(1, *item)]


@pytest.mark.parametrize("line", [b"no tab", rb"k" + b"\t" + rb"\q", b"k\t\\", b"k\t\\x1"])
def test_what_is_no_item_is_named_by_its_line(line: bytes) -> None:
    with pytest.raises(InvalidArgument, match="Line 3"):
        list(lines.parse([b"k\tv\n", b"\n", line]))
