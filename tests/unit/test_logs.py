"""How lines of the log look."""

import io
import json
import logging
import sys
from collections.abc import Iterator
from typing import Literal

import pytest

from attimo import logs

OURS = logging.getLogger("attimo.test")


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What is written to standard error; the parameter is the format and the level."""
    written = io.StringIO()
    root, ours = logging.getLogger(), logging.getLogger(logs.OURS)
    before = root.handlers[:], root.level, ours.level
    root.handlers.clear()
    monkeypatch.setattr(sys, "stderr", written)
    format: Literal["text", "json"]
    format, level = request.param
    logs.begin(format, level)
    yield written
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])


@pytest.mark.parametrize("told", [("text", "info")], indirect=True)
def test_text_has_a_moment_a_level_a_sentence_and_fields(told: io.StringIO) -> None:
    fields: logs.Fields = {"status": 201, "peer": "::1", "none": None, "path": 'a b"\nc'}
    OURS.info("PUT %s", "/caches/a", extra=logs.with_fields(fields))

    moment, rest = told.getvalue().split(" ", 1)
    assert len(moment) == len("2026-01-31T12:00:00.123Z")
    assert rest == 'INFO PUT /caches/a status=201 peer=::1 path="a b\\"\\nc"\n'


@pytest.mark.parametrize("told", [("json", "info")], indirect=True)
def test_json_is_one_object_a_line_whatever_it_holds(told: io.StringIO) -> None:
    try:
        raise ValueError("two\nlines")
    except ValueError:
        OURS.exception("it\nfailed", extra=logs.with_fields({"status": 500}))

    (line,) = told.getvalue().splitlines()
    read = json.loads(line)
    assert (read["level"], read["message"], read["status"]) == ("error", "it\nfailed", 500)
    assert read["exception"].endswith("ValueError: two\nlines")
    assert read["logger"] == "attimo.test"


@pytest.mark.parametrize("told", [("text", "warning")], indirect=True)
def test_what_is_below_the_level_is_not_shown(told: io.StringIO) -> None:
    OURS.info("no")
    OURS.warning("yes")

    assert told.getvalue().endswith("WARNING yes\n")
    assert "no" not in told.getvalue()


@pytest.mark.parametrize("told", [("text", "debug")], indirect=True)
def test_the_details_of_libraries_are_never_shown(told: io.StringIO) -> None:
    logging.getLogger("library").info("INSERT INTO users")
    OURS.debug("ours")

    assert told.getvalue().endswith("DEBUG ours\n")
    assert "INSERT" not in told.getvalue()
