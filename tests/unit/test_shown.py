"""How the console shows bytes."""

import pytest

from attimo.console import shown


def test_a_value_is_shown_in_the_form_that_fits_it_best() -> None:
    found = {
        each: shown.value(each, is_whole=True).form
        for each in (b"plain", b'{"a": 1}', b"[]", b"{no json", b"7", b"\xff", b"a\x00", b"")
    }

    assert found == {
        b"plain": "text",
        b'{"a": 1}': "json",
        b"[]": "json",
        b"{no json": "text",
        b"7": "text",
        b"\xff": "hex",
        b"a\x00": "hex",
        b"": "text",
    }


def test_a_form_that_a_value_does_not_have_is_not_shown() -> None:
    assert shown.value(b"\xff", True, "text").form == "hex"
    assert shown.value(b"plain", True, "json").form == "text"
    assert shown.value(b"plain", True, "hex").text == (
        "00000000  70 6c 61 69 6e                                   plain"
    )


def test_json_is_laid_out_as_it_is_written() -> None:
    """Numbers keep their digits, and members their order, also twice the same."""
    written = r'{"b": 1.50, "a": [1e400, {}, []], "b": "x, {\"}"}'

    assert shown.value(written.encode(), True).text == (
        '{\n  "b": 1.50,\n  "a": [\n    1e400,\n    {},\n    []\n  ],\n  "b": "x, {\\"}"\n}'
    )


def test_json_that_is_cut_or_too_deep_is_text() -> None:
    deep = b"[" * 5_000 + b"]" * 5_000
    assert shown.value(b'{"a": 1}', is_whole=False).forms == ("text", "hex")
    assert shown.value(deep, is_whole=True).form == "text"
    assert shown.value(b"[" * 300 + b"]" * 300, is_whole=True).form == "text"


def test_text_may_be_cut_within_a_character() -> None:
    start = "é".encode()[:1]

    assert shown.value(b"a" + start, is_whole=False).text == "a"
    assert shown.value(b"a" + start, is_whole=True).form == "hex"


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (b"user:1", "user:1"),
        ("schlüssel".encode(), "schlüssel"),
        (b"a\nb\x00", "a\\nb\\x00"),
        (b"\xff", "\\xff"),
        (b"\\xff", "\\\\xff"),
        ("\u202eevil".encode(), "\\u202eevil"),
        (b"x" * 500, "x" * shown.MOST_IN_LINE + "…"),
        ("é".encode() * 401, "é" * shown.MOST_IN_LINE + "…"),
    ],
)
def test_keys_are_lines_in_which_everything_is_seen(key: bytes, line: str) -> None:
    assert shown.line(key) == line
